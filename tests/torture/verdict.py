"""Judge an abuse run: pure functions of what the people and the flood sent, and when jobs ended.

Each finding is a sentence under one of these headings.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

SLOW = "slow"
LATE = "late"
FAILED = "failed by an error of ours"
LOST = "lost or refused"
VOID = "not measured"
HEADINGS = (SLOW, LATE, FAILED, LOST, VOID)

MOST_RATIO = 3.0  # of the people's p99 with the flood to the one without
MOST_TICKS = 3.0
LEAST_OF_RATE = 0.9  # of the requests that the flood should send
JOB_KINDS = ("erasure", "export", "scheduled post")


@dataclass(frozen=True)
class Sent:
    """A request, and the status of its response: 0 without a response.

    `limit` is the name of the limit that a 429 names.
    """

    kind: str
    status: int
    seconds: float
    limit: str | None = None


@dataclass(frozen=True)
class Job:
    """A job that a person waited for, and after how many ticks it was done: inf if it was not."""

    kind: str
    ticks: float


@dataclass
class Phase:
    """What the people met in all windows with the flood, or in all without it.

    `lost` has a sentence for each write that was refused or that did not arrive.
    """

    sent: list[Sent] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass
class Run:
    """All that an abuse run recorded. `wanted` is how many requests the flood should send."""

    calm: Phase
    flooded: Phase
    flood: list[Sent]
    wanted: int
    failed_jobs: int = 0

    @property
    def phases(self) -> dict[str, Phase]:
        """Return the two phases by their names in sentences."""
        return {"without the flood": self.calm, "with the flood": self.flooded}


Findings = list[tuple[str, str]]


def findings(run: Run) -> Findings:
    """Return what the run shows to be wrong."""
    return [*_void(run), *_slow(run), *_late(run), *_failed(run), *_lost(run)]


def _void(run: Run) -> Iterator[tuple[str, str]]:
    """Find what is missing, so that an empty run does not pass."""
    for name, phase in run.phases.items():
        if not phase.sent:
            yield VOID, f"the people sent no request {name}"
        for kind in JOB_KINDS:
            if not any(job.kind == kind for job in phase.jobs):
                yield VOID, f"nobody waited for a job of the kind {kind} {name}"
    if len(run.flood) < LEAST_OF_RATE * run.wanted or not run.flood:
        yield VOID, f"the flood sent {len(run.flood)} of {run.wanted} requests"


def _slow(run: Run) -> Iterator[tuple[str, str]]:
    if run.calm.sent and run.flooded.sent:
        calm, flooded = p99(run.calm.sent), p99(run.flooded.sent)
        if flooded > MOST_RATIO * calm:
            times = f"{_ms(flooded)} ms with the flood, {_ms(calm)} ms without it"
            ratio = f"{flooded / calm:.2f} times, more than {MOST_RATIO:g}"
            yield SLOW, f"p99 of the people: {times}: {ratio}"


def _late(run: Run) -> Iterator[tuple[str, str]]:
    for name, phase in run.phases.items():
        for job in phase.jobs:
            if job.ticks > MOST_TICKS:
                after = f"{job.ticks:.1f} ticks" if math.isfinite(job.ticks) else "no tick"
                yield LATE, f"{name}: {job.kind} done after {after}, not within {MOST_TICKS:g}"


def _failed(run: Run) -> Iterator[tuple[str, str]]:
    senders = {name: phase.sent for name, phase in run.phases.items()} | {"the flood": run.flood}
    for name, sent in senders.items():
        faults = Counter((one.kind, one.status) for one in sent if not 0 < one.status < 500)
        for (kind, status), count in faults.items():
            answer = status or "no response"
            yield FAILED, f"{name}: {kind}: {answer}, {count} times"
    if run.failed_jobs:
        yield FAILED, f"{run.failed_jobs} jobs or events failed with an error"


def _lost(run: Run) -> Iterator[tuple[str, str]]:
    for name, phase in run.phases.items():
        for text in phase.lost:
            yield LOST, f"{name}: {text}"


def p99(sent: Iterable[Sent]) -> float:
    """Return the 99th percentile of the latencies, in seconds."""
    times = sorted(one.seconds for one in sent)
    return times[round(0.99 * (len(times) - 1))]


def table(run: Run) -> list[str]:
    """Return the figures of a run as lines."""
    head = ("kind", "count", "p50 ms", "p99 ms", "count", "p50 ms", "p99 ms", "p99 ratio")
    widths = "  {:<24}{:>7}{:>8}{:>8}{:>9}{:>8}{:>8}{:>11}"
    lines = ["  the people, without the flood and with it:", widths.format(*head)]
    kinds = sorted({one.kind for one in [*run.calm.sent, *run.flooded.sent]})
    for kind in [*kinds, None]:
        calm, flooded = (_of(kind, phase.sent) for phase in run.phases.values())
        if calm and flooded:
            ratio = f"{p99(flooded) / p99(calm):.2f}"
            lines.append(widths.format(kind or "all", *_three(calm), *_three(flooded), ratio))
    lines += [f"  largest lateness {name}: {_latest(phase)}" for name, phase in run.phases.items()]
    statuses = Counter(one.status for one in run.flood)
    limits = Counter(one.limit for one in run.flood if one.limit)
    lines.append(f"  the flood: {len(run.flood)} of {run.wanted} requests")
    lines.append(f"    by status: {dict(statuses.most_common())}")
    lines.append(f"    429 by limit: {dict(limits.most_common())}")
    by_kind: dict[str, Counter[int]] = defaultdict(Counter)
    for one in run.flood:
        by_kind[one.kind][one.status] += 1
    for kind, several in sorted(by_kind.items()):
        seconds = [one.seconds for one in run.flood if one.kind == kind]
        times = f"p50 {_ms(statistics.median(seconds))} ms, longest {_ms(max(seconds))} ms"
        lines.append(f"    {kind:<22}{times}, {dict(several.most_common())}")
    return lines


def _of(kind: str | None, sent: Sequence[Sent]) -> list[Sent]:
    return [one for one in sent if kind in (None, one.kind)]


def _three(sent: Sequence[Sent]) -> tuple[int, str, str]:
    return len(sent), _ms(statistics.median(one.seconds for one in sent)), _ms(p99(sent))


def _latest(phase: Phase) -> str:
    ticks: dict[str, list[float]] = defaultdict(list)
    for job in phase.jobs:
        ticks[job.kind].append(job.ticks)
    return ", ".join(
        f"{max(several):.1f} ticks of {len(several)} ({kind})"
        for kind, several in sorted(ticks.items())
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
