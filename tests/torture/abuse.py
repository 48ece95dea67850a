"""The part *abuse*: one account floods, and ten people must not notice.

The limits of users have their defaults. People act in short windows, alternately with the flood and
without it. A window and the next one have the same agenda. Latencies are pooled over all windows of
a kind, and compared as a ratio. So other work on this machine, which comes and goes within minutes,
slows both kinds alike. Each window has new people and new posts, so that a calm window does not
read what an earlier flood left. It begins when no jobs are left.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from blog.dynamodb.keys import DUE
from blog.dynamodb.table import Range, Table
from blog.identifiers import author_id
from blog.jobs.runner import count_jobs
from blog.limits import PER_HOUR
from devserver.aws.dynamodb import dynamodb_client
from devserver.aws.dynoxide import running_dynoxide
from devserver.issuer.tenant import Tenant
from devserver.settings import AUTHOR_ID_KEY
from devserver.startup import running_issuer
from tests.support.posts import TABLE
from tests.support.stack import free_port
from tests.torture.flood import Orders, running_flood
from tests.torture.people import PEOPLE, Crowd
from tests.torture.processes import server_of, tokens_of
from tests.torture.sender import Sender
from tests.torture.verdict import HEADINGS, Findings, Phase, Run, findings, table

SECONDS_OF_A_WINDOW = 30
TICKS_TO_SETTLE = 8
FLOODER = "auth0|flooder"
# One route of each function, without an effect.
WARMING = ("/posts", "/me/posts", "/me/comments?status=pending", "/me/feed", "/me")
SHOWN = 20


@dataclass(frozen=True)
class Plan:
    """How long the flood lasts in all, its requests a second, its largest body, the seconds of a
    tick, and the execution environments of a function."""

    seconds: float
    rate: float
    body_kib: int
    tick: int
    seed: int
    environments: int = 4
    compares: bool = True  # with windows without the flood

    @property
    def floods(self) -> int:
        """Return how many windows with the flood there are."""
        return max(1, round(self.seconds / SECONDS_OF_A_WINDOW))

    @property
    def windows(self) -> list[bool]:
        """Return of each window whether it has the flood."""
        return ([False, True] if self.compares else [True]) * self.floods


@dataclass(frozen=True)
class Report:
    """The findings and the figures of a run."""

    findings: Findings
    run: Run
    lines: list[str]


def run_abuse(plan: Plan, folder: Path, report_progress: Callable[[str], None]) -> Report:
    """Run the plan. The folder gets the devserver's log."""
    report_progress(f"{plan}")
    issuer_port = free_port()
    log = folder / "log"
    variables = {"ENVIRONMENTS": str(plan.environments), "TICK": str(plan.tick)}
    with ExitStack() as parts:
        tenant = parts.enter_context(
            running_issuer(f"http://localhost:{issuer_port}/", issuer_port)
        )
        engine = parts.enter_context(running_dynoxide("127.0.0.1"))
        server = server_of(tenant, engine, log, PER_HOUR, **variables)
        stack = parts.enter_context(server)
        stored = Table(dynamodb_client(engine), TABLE)
        run = _windows(plan, stack.api_url, tenant, stored, report_progress)
        _settle(lambda: bool(count_jobs(stored)), plan.tick)
        left = count_jobs(stored)
    run.failed_jobs = _failures(log)
    found = findings(run)
    lines = [*table(run), f"  jobs left: {left or 'none'}"]
    lines += [f"  {heading}: {text}" for heading, text in found[:SHOWN]]
    lines.append(_sentence(found))
    return Report(found, run, lines)


def _windows(
    plan: Plan,
    api_url: str,
    tenant: Tenant,
    stored: Table,
    report_progress: Callable[[str], None],
) -> Run:
    """Let people act in all windows, alternately without the flood and with it."""
    run = Run(Phase(), Phase(), [], 0)
    token = tokens_of(tenant, [FLOODER])[FLOODER]
    author = author_id(FLOODER, AUTHOR_ID_KEY)
    orders = Orders(api_url, token, author, plan.rate, plan.body_kib, plan.seed)
    with running_flood(orders) as flood:
        _warm_up(api_url, token, 3 * plan.environments)
        for number, is_flooded in enumerate(plan.windows):
            people = [f"auth0|person-{number}-{n}" for n in range(PEOPLE)]
            tokens = tokens_of(tenant, people)
            crowd = Crowd(api_url, list(tokens.values()), f"window {number}", plan.tick)
            _settle(lambda: _is_busy(stored), plan.tick)
            with ExitStack() as during:
                if is_flooded:
                    authors = [author_id(one, AUTHOR_ID_KEY) for one in people]
                    during.enter_context(flood.flooding(crowd.targets, authors, run.flood))
                started = time.monotonic()
                crowd.act(plan.seconds / plan.floods, plan.seed + number // 2)
                if is_flooded:
                    run.wanted += int(plan.rate * (time.monotonic() - started))
            crowd.add_to(run.flooded if is_flooded else run.calm)
            kind = "with" if is_flooded else "without"
            report_progress(f"  window {number + 1} of {len(plan.windows)}, {kind} the flood")
    return run


def _warm_up(api_url: str, token: str, at_once: int) -> None:
    """Start all environments, so that no window measures cold starts."""
    paths = [path for _ in range(at_once) for path in WARMING]

    def get(path: str) -> None:
        sender = Sender(api_url, token)
        sender.send("warm up", "GET", path)
        sender.close()

    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(get, paths))


def _settle(is_busy: Callable[[], bool], tick: float) -> None:
    """Wait until the stack is no longer busy, or for some ticks."""
    deadline = time.monotonic() + TICKS_TO_SETTLE * tick
    while is_busy() and time.monotonic() < deadline:
        time.sleep(tick / 10)


def _is_busy(stored: Table) -> bool:
    """Return whether jobs or scheduled posts are left."""
    return bool(count_jobs(stored) or stored.query(Range(DUE), 1))


def _failures(log: Path) -> int:
    """Return how many jobs and scheduled runs the log reports as failed."""
    lines = log.read_text(errors="replace").splitlines()
    failed = ("job failed", "PublisherFunction: Task", "JobsFunction: Task", "InspectorFunction: T")
    return sum(any(text in line for text in failed) for line in lines)


def _sentence(found: Findings) -> str:
    if not found:
        return "passed: the people did not notice the flood"
    headings = {heading for heading, _ in found}
    return f"failed: {len(found)} findings ({', '.join(h for h in HEADINGS if h in headings)})"
