"""One torture run: clients act, then their history is compared with the table."""

import dataclasses
import json
import math
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from blog.dynamodb.actions import Action, ConditionRefused
from blog.dynamodb.keys import Key
from blog.dynamodb.table import Range, Table
from tests.support.consistency import plain
from tests.support.fault_proxy import at_random, no_faults
from tests.support.posts import TABLE
from tests.torture.clients import Orders
from tests.torture.history import HEADINGS, Findings, findings
from tests.torture.operations import Operation, read
from tests.torture.processes import (
    AUTHORS,
    DELETABLE,
    Killer,
    TortureStack,
    running_stack,
    start_client,
)

HOT = 6
SECONDS_TO_SETTLE = 120
SECONDS_OF_A_REQUEST = 6
SHOWN = 20


@dataclass(frozen=True)
class Plan:
    """How many operations, faults, clients and kills a run has."""

    operations: int
    fault_rate: float
    clients: int
    seed: int
    seconds_between_kills: float


@dataclass(frozen=True)
class Report:
    """The findings, the figures and the history of a run."""

    findings: Findings
    lines: list[str]
    history: list[Operation]


def run_plan(plan: Plan, folder: Path, report_progress: Callable[[str], None]) -> Report:
    """Run the plan. The folder gets the clients' histories and the devserver's log."""
    report_progress(f"{plan}")
    started = time.monotonic()
    with running_stack(folder / "log") as stack:
        hot = _hot_posts(stack)
        stack.proxy.plan = at_random(plan.seed, plan.fault_rate)
        kills = _run_clients(plan, stack, hot, folder, report_progress)
        seconds = time.monotonic() - started
        time.sleep(SECONDS_OF_A_REQUEST)  # wait for the last requests of killed clients
        stack.proxy.plan = no_faults
        stack.proxy.settle()
        _finish_jobs(stack)
        items = plain(stack.client)
        injected = dict(stack.proxy.met)
    history = read(sorted(folder.glob("*.jsonl")))
    found = findings(history, items, DELETABLE)
    lines = _figures(history, seconds, len(items), injected, kills)
    counts = Counter(heading for heading, _ in found)
    lines.append(", ".join(f"{counts[heading]} {heading}" for heading in HEADINGS))
    lines += [f"  {heading}: {text}" for heading, text in found[:SHOWN]]
    return Report(found, lines, history)


def _hot_posts(stack: TortureStack) -> dict[str, str]:
    """Create published posts that all clients use. Their owners' accounts stay."""
    hot = {}
    owners = [sub for sub in stack.tokens if sub not in DELETABLE][:HOT]
    for owner in owners:
        response = requests.post(
            f"{stack.api_url}/posts",
            headers={"Authorization": f"Bearer {stack.tokens[owner]}"},
            json={"title": "Hot", "status": "published"},
            timeout=30,
        )
        hot[response.json()["id"]] = owner
    return hot


def _run_clients(
    plan: Plan,
    stack: TortureStack,
    hot: dict[str, str],
    folder: Path,
    report_progress: Callable[[str], None],
) -> Counter[str]:
    """Let clients act. A new client continues the work of each killed one."""
    draw = random.Random(plan.seed)
    running: dict[Path, tuple[subprocess.Popen[str], int]] = {}
    started_clients = 0

    def start(count: int) -> None:
        nonlocal started_clients
        path = folder / f"{started_clients:03}.jsonl"
        seed = draw.randrange(2**32)
        orders = Orders(
            f"c{started_clients}",
            stack.api_url,
            stack.tokens,
            DELETABLE,
            AUTHORS,
            hot,
            count,
            seed,
            str(path),
        )
        running[path] = start_client(json.dumps(dataclasses.asdict(orders))), count
        started_clients += 1

    for _ in range(plan.clients):
        start(math.ceil(plan.operations / plan.clients))
    seconds = plan.seconds_between_kills
    killed_clients = 0
    next_kill = time.monotonic() + 3 * seconds
    with _no_client_left(running), Killer(stack.process, seconds, plan.seed) as killer:
        reported_at = time.monotonic()
        while running:
            time.sleep(0.2)
            if seconds and time.monotonic() > next_kill:
                next_kill = time.monotonic() + 3 * seconds
                draw.choice([process for process, _ in running.values()]).kill()
                killed_clients += 1
            for path, (process, count) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[path]
                left = count - _done(path)
                if process.returncode not in (0, -signal.SIGKILL):
                    raise RuntimeError(f"a client failed by itself: {path}")
                if left > 0 and process.returncode != 0:
                    start(left)
            if time.monotonic() - reported_at > 60:
                reported_at = time.monotonic()
                report_progress(f"  {sum(map(_done, folder.glob('*.jsonl')))} operations")
        kills = Counter(killer.killed)
    kills["clients"] = killed_clients
    return kills


@contextmanager
def _no_client_left(running: Mapping[Path, tuple[subprocess.Popen[str], int]]) -> Iterator[None]:
    """Kill all clients when the block ends, however it ends."""
    try:
        yield
    finally:
        for process, _ in running.values():
            process.kill()


def _done(path: Path) -> int:
    """Return how many operations a client has started."""
    return path.read_bytes().count(b'"kind"') if path.exists() else 0


def _finish_jobs(stack: TortureStack) -> None:
    """Wait until the devserver's own jobs are done.

    The lease of a killed run lasts sixteen minutes. It is removed as soon as no other job is left.
    """
    table = Table(stack.client, TABLE)
    deadline = time.monotonic() + SECONDS_TO_SETTLE
    while jobs := table.query(Range("JOBS"), 1000):
        if time.monotonic() > deadline:
            return
        if all("leased" in job for job in jobs):
            for job in jobs:
                with suppress(ConditionRefused):
                    table.transact([
                        Action(
                            Key.of(job),
                            condition="attribute_exists(#leased)",
                            update="REMOVE #leased",
                        )
                    ])  # fmt: skip
        time.sleep(5)


def _figures(
    history: list[Operation],
    seconds: float,
    items: int,
    injected: dict[str, int],
    kills: Counter[str],
) -> list[str]:
    outcomes = Counter("done" if one.is_done else "refused" if one.is_refused else "unknown"
                       for one in history)  # fmt: skip
    kinds = Counter(one.kind for one in history)
    statuses = Counter(str(one.status) for one in history)
    slowest = max((one.end - one.start for one in history if one.end is not None), default=0)
    return [
        f"{len(history)} operations in {seconds:.0f} s, {items} items left: {dict(outcomes)}",
        f"  by kind: {dict(kinds.most_common())}",
        f"  by status: {dict(statuses.most_common())}",
        f"  calls to DynamoDB: {injected}",
        f"  killed: {dict(kills)}; the slowest response took {slowest:.1f} s",
    ]
