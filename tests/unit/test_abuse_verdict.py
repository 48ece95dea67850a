"""The judge of abuse runs: a run without faults passes, and each fault is found."""

import math
from collections.abc import Callable

import pytest

from tests.torture.verdict import (
    FAILED,
    JOB_KINDS,
    LATE,
    LOST,
    SLOW,
    VOID,
    Job,
    Phase,
    Run,
    Sent,
    findings,
    table,
)


def sent(seconds: float, status: int = 200) -> list[Sent]:
    return [Sent("read", status, seconds)] * 200


def good_run() -> Run:
    """Return a run in which the flood makes all requests twice as slow."""
    jobs = [Job(kind, 1.2) for kind in JOB_KINDS]
    limited = [Sent("create", 429, 0.01, "posts")] * 100
    return Run(Phase(sent(0.05), jobs[:]), Phase(sent(0.1), jobs[:]), limited, 100)


def test_a_run_without_faults_passes() -> None:
    assert findings(good_run()) == []


@pytest.mark.parametrize(
    ("change", "heading", "text"),
    [
        (lambda run: run.flooded.jobs.append(Job("export", 3.1)), LATE, "export done after 3.1"),
        (lambda run: run.calm.jobs.append(Job("erasure", math.inf)), LATE, "after no tick"),
        (lambda run: run.calm.sent.append(Sent("read", 500, 0.01)), FAILED, "500, 1 times"),
        (lambda run: run.flooded.sent.append(Sent("edit", 503, 0.01)), FAILED, "edit: 503"),
        (lambda run: run.flood.append(Sent("preview", 504, 0.01)), FAILED, "the flood: preview"),
        (lambda run: run.flood.append(Sent("preview", 0, 40)), FAILED, "no response"),
        (lambda run: setattr(run, "failed_jobs", 1), FAILED, "1 jobs"),
        (lambda run: setattr(run.flooded, "sent", sent(0.155)), SLOW, "3.10 times, more than 3"),
        (lambda run: run.flooded.lost.append("create: 409"), LOST, "with the flood: create: 409"),
        (lambda run: run.flooded.jobs.pop(), VOID, "scheduled post with the flood"),
        (lambda run: run.calm.sent.clear(), VOID, "no request without the flood"),
        (lambda run: run.flood.clear(), VOID, "0 of 100"),
        (lambda run: setattr(run, "wanted", 112), VOID, "100 of 112"),
    ],
)
def test_a_fault_is_found(change: Callable[[Run], object], heading: str, text: str) -> None:
    run = good_run()
    change(run)
    (found,) = findings(run)
    assert found[0] == heading
    assert text in found[1]


@pytest.mark.parametrize("seconds", [0.1, 0.15])
def test_three_times_is_not_too_slow(seconds: float) -> None:
    run = good_run()
    run.flooded.sent = sent(seconds)
    assert findings(run) == []


def test_one_slow_request_of_many_does_not_count() -> None:
    run = good_run()
    run.flooded.sent.append(Sent("read", 200, 9))
    assert findings(run) == []


def test_the_figures_name_kinds_ratios_limits_and_lateness() -> None:
    text = "\n".join(table(good_run()))
    assert "2.00" in text
    assert "{'posts': 100}" in text
    assert "1.2 ticks of 1 (erasure)" in text
