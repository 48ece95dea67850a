"""One run: clients act until they have done enough, then what they were told is held against what
is stored."""

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
from tests.support.fault_proxy import at_random, nothing
from tests.support.posts import TABLE
from tests.torture.clients import Orders
from tests.torture.history import HEADINGS, Findings, findings
from tests.torture.operations import Operation, read
from tests.torture.processes import AUTHORS, LEAVERS, Killer, Tortured, running_stack, start_client

HOT = 6
SECONDS_TO_SETTLE = 120
SECONDS_OF_A_REQUEST = 6
SHOWN = 20


@dataclass(frozen=True)
class Plan:
    """How much of what."""

    operations: int
    fault_rate: float
    clients: int
    seed: int
    seconds_between_kills: float


@dataclass(frozen=True)
class Report:
    """What did not fit, and the figures."""

    findings: Findings
    lines: list[str]
    history: list[Operation]


def tortured(plan: Plan, folder: Path, tell: Callable[[str], None]) -> Report:
    """Run it; the clients' histories and the devserver's log are kept in the folder."""
    tell(f"{plan}")
    started = time.monotonic()
    with running_stack(folder / "log") as stack:
        hot = _hot_posts(stack)
        stack.proxy.plan = at_random(plan.seed, plan.fault_rate)
        kills = _acted(plan, stack, hot, folder, tell)
        seconds = time.monotonic() - started
        time.sleep(SECONDS_OF_A_REQUEST)  # those of clients that were killed may be under way
        stack.proxy.plan = nothing
        stack.proxy.settle()
        _finish_jobs(stack)
        items = plain(stack.client)
        met = dict(stack.proxy.met)
    history = read(sorted(folder.glob("*.jsonl")))
    found = findings(history, items, LEAVERS)
    lines = _figures(history, seconds, len(items), met, kills)
    counts = Counter(heading for heading, _ in found)
    lines.append(", ".join(f"{counts[heading]} {heading}" for heading in HEADINGS))
    lines += [f"  {heading}: {what}" for heading, what in found[:SHOWN]]
    return Report(found, lines, history)


def _hot_posts(stack: Tortured) -> dict[str, str]:
    """Published posts that all will be at, by their owners, who stay."""
    hot = {}
    owners = [sub for sub in stack.tokens if sub not in LEAVERS][:HOT]
    for owner in owners:
        answer = requests.post(
            f"{stack.api_url}/posts",
            headers={"Authorization": f"Bearer {stack.tokens[owner]}"},
            json={"title": "Hot", "status": "published"},
            timeout=30,
        )
        hot[answer.json()["id"]] = owner
    return hot


def _acted(
    plan: Plan, stack: Tortured, hot: dict[str, str], folder: Path, tell: Callable[[str], None]
) -> Counter[str]:
    """Let clients act; those that are killed are followed by others, for what is left to do."""
    draw = random.Random(plan.seed)
    running: dict[Path, tuple[subprocess.Popen[str], int]] = {}
    begun = 0

    def start(count: int) -> None:
        nonlocal begun
        path = folder / f"{begun:03}.jsonl"
        seed = draw.randrange(2**32)
        orders = Orders(
            f"c{begun}", stack.api_url, stack.tokens, LEAVERS, AUTHORS, hot, count, seed, str(path)
        )
        running[path] = start_client(json.dumps(dataclasses.asdict(orders))), count
        begun += 1

    for _ in range(plan.clients):
        start(math.ceil(plan.operations / plan.clients))
    seconds = plan.seconds_between_kills
    killed_clients = 0
    next_kill = time.monotonic() + 3 * seconds
    with _ended(running), Killer(stack.process, seconds, plan.seed) as killer:
        told = time.monotonic()
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
            if time.monotonic() - told > 60:
                told = time.monotonic()
                tell(f"  {sum(map(_done, folder.glob('*.jsonl')))} operations")
        kills = Counter(killer.killed)
    kills["clients"] = killed_clients
    return kills


@contextmanager
def _ended(running: Mapping[Path, tuple[subprocess.Popen[str], int]]) -> Iterator[None]:
    """Whatever happens, no client is left when the block ends."""
    try:
        yield
    finally:
        for process, _ in running.values():
            process.kill()


def _done(path: Path) -> int:
    """How many operations a client has begun."""
    return path.read_bytes().count(b'"kind"') if path.exists() else 0


def _finish_jobs(stack: Tortured) -> None:
    """Wait until the devserver's own jobs are done. What a killed run has begun stays its own for
    sixteen minutes: here they are over as soon as nothing else is to be done."""
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
    history: list[Operation], seconds: float, items: int, met: dict[str, int], kills: Counter[str]
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
        f"  calls to DynamoDB: {met}",
        f"  killed: {dict(kills)}; the slowest answer took {slowest:.1f} s",
    ]
