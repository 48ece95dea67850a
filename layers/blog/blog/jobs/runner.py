"""Jobs: work that a transaction leaves for later. A run every minute does them.

A job is an item. The transaction that makes the work necessary writes it, and it is deleted last.
So a job survives a crash at any point, and may run twice, or twice at once.

Each kind has its own range of keys and its own share of a run. So many jobs of one kind do not
delay the others. A run takes turns:

    1. New erasures and exports, each for a few seconds. Most are done by then.
    2. Each kind of short job: changes of posts, and cleanup.
    3. One erasure or export that needs longer. It may take the rest of the run.

Runs overlap, because the next run begins a minute later. It begins with the first turn again.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from blog.accounts.erasure import erase
from blog.accounts.export import export
from blog.clock import now
from blog.dynamodb.actions import Action, Item, TransactionContended
from blog.dynamodb.keys import (
    CHANGED_JOB,
    DELETION_JOB,
    EMPTY_JOB,
    ERASURE_JOB,
    EXPORT_JOB,
    IMAGE_JOB,
    JOBS,
    TOMBSTONE_JOB,
    Key,
)
from blog.dynamodb.resumable import OutOfTime, iter_rows
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import Unavailable, WriteContended, traceback_frames
from blog.identifiers import random_author_id
from blog.jobs.changed_posts import follow_change, follow_image
from blog.jobs.cleanup import remove_if_without_replies, remove_what_is_left
from blog.posts.empty_counters import remove_if_empty
from blog.s3 import Bucket

ACCOUNT_JOBS = (ERASURE_JOB, EXPORT_JOB)
SHORT_JOBS = (IMAGE_JOB, CHANGED_JOB, DELETION_JOB, TOMBSTONE_JOB, EMPTY_JOB)
KINDS = (*ACCOUNT_JOBS, *SHORT_JOBS)

MAX_ACCOUNT_JOBS = 1000  # of a kind, that a run reads
JOBS_IN_A_TURN = 25
SECONDS_IN_A_TURN = 5.0
SECONDS_OF_SHORT_JOBS = 50.0  # after the start of a run; then the next run goes on
MAX_COUNTED = 100_000  # jobs of a kind
# Longer than a run may take, so that two runs do not work on the same long job.
LEASE = timedelta(minutes=16)

logger = Logger()


def run_jobs(
    table: Table,
    bucket: Bucket,
    is_out_of_time: Callable[[], bool] = lambda: False,
    at: datetime | None = None,
) -> tuple[int, dict[str, int]]:
    """Run the jobs until none is left or the time is out.

    Return how many are done, and how many are stored now, by kind. Kinds without jobs are not in
    it. A job that fails with an unexpected error is logged, and the others still run.
    """
    if not table.query(Range(JOBS), 1):  # usual: one call in place of one for each kind
        return 0, {}
    run = _Run(table, bucket, is_out_of_time, at or now())
    run.take_turns()
    return run.done, count_jobs(table)


def count_jobs(table: Table) -> dict[str, int]:
    """Return how many jobs are stored, by kind, each up to about MAX_COUNTED."""
    counts = {kind: table.count(_range_of(kind), MAX_COUNTED) for kind in KINDS}
    return {kind: count for kind, count in counts.items() if count}


def _range_of(kind: str) -> Range:
    return Range(JOBS, f"{kind}#", f"{kind}#{HIGHEST}")


class _Run:
    """One run, and how many jobs it has done."""

    def __init__(
        self, table: Table, bucket: Bucket, is_out_of_time: Callable[[], bool], at: datetime
    ) -> None:
        self._table = table
        self._bucket = bucket
        self._is_out_of_time = is_out_of_time
        self._at = at
        self.done = 0

    def take_turns(self) -> None:
        """Give each kind its turns, until nothing is left for this run."""
        short_jobs_end_at = time.monotonic() + SECONDS_OF_SHORT_JOBS
        new, long = self._account_jobs()
        short = {kind: _Queue(self._jobs(kind)) for kind in SHORT_JOBS}
        while (new or long or short) and not self._is_out_of_time():
            self._turn_of_new(new, long)
            for kind in list(short):
                if not self._turn_of_short(short[kind]):
                    del short[kind]
            if time.monotonic() >= short_jobs_end_at:
                short.clear()
            if long and not self._is_out_of_time():
                self._try(long.popleft(), self._is_out_of_time)

    def _jobs(self, kind: str) -> Iterator[Item]:
        """Yield the jobs of a kind.

        Changes are in the order of authors, so a run starts with any of these. Otherwise those of
        some would always come first.
        """
        if kind in (IMAGE_JOB, CHANGED_JOB):
            yield from iter_rows(self._table, JOBS, f"{kind}#", start=random_author_id())
        yield from iter_rows(self._table, JOBS, f"{kind}#")

    def _account_jobs(self) -> tuple[deque[Item], deque[Item]]:
        """Return the erasures and exports that no run works on: new ones, and those tried before.

        Erasures come first, then those with the fewest tries.
        """
        listed = (self._table.query(_range_of(kind), MAX_ACCOUNT_JOBS) for kind in ACCOUNT_JOBS)
        free = [job for jobs in listed for job in jobs if not self._is_leased(job)]
        new = deque(job for job in free if not job.get("tries"))
        tried = (job for job in free if job.get("tries"))
        return new, deque(sorted(tried, key=lambda job: int(job["tries"])))

    def _is_leased(self, job: Item) -> bool:
        return int(job.get("leased", 0)) > self._at.timestamp()

    def _turn_of_new(self, new: deque[Item], long: deque[Item]) -> None:
        """Start new erasures and exports. Those that need longer than a turn move to `long`."""
        for _ in range(min(JOBS_IN_A_TURN, len(new))):
            if self._is_out_of_time():
                return
            job = new.popleft()
            if self._try(job, self._ends_with_turn()):
                long.append(job)

    def _turn_of_short(self, queue: "_Queue") -> bool:
        """Do jobs of one kind for the length of a turn. Return False if no job is left."""
        is_over = self._ends_with_turn()
        for _ in range(JOBS_IN_A_TURN):
            if is_over():
                break
            job = queue.next()
            if job is None:
                return False
            if self._try(job, is_over):
                queue.cut.append(job)
        return True

    def _ends_with_turn(self) -> Callable[[], bool]:
        ends_at = time.monotonic() + SECONDS_IN_A_TURN
        return lambda: time.monotonic() >= ends_at or self._is_out_of_time()

    def _try(self, job: Item, is_over: Callable[[], bool]) -> bool:
        """Do a job. Return whether it needs another turn, because it began and its turn is over."""
        kind = _kind(job)
        try:
            self.done += self._do(job, is_over)
        except OutOfTime:
            logger.info("job left", extra={"kind": kind, "reason": OutOfTime.__qualname__})
            return is_over()
        except (Unavailable, WriteContended, TransactionContended) as e:
            left = {"kind": kind, "reason": type(e).__qualname__}
            if isinstance(e, Unavailable) and e.reasons:
                left["throttled"] = ", ".join(e.reasons)
            logger.info("job left", extra=left)
        except Exception as e:  # noqa: BLE001 - the other jobs must run
            failed = {"kind": kind, "error": type(e).__qualname__, "where": traceback_frames(e)}
            logger.error("job failed", extra=failed)  # noqa: TRY400 - without the error's text
        return False

    def _do(self, job: Item, is_over: Callable[[], bool]) -> bool:
        match _kind(job):
            case "IMAGE":
                return follow_image(self._table, job, is_over)
            case "CHANGED":
                return follow_change(self._table, job)
            case "DELETION":
                remove_what_is_left(self._table, job, is_over)
            case "TOMBSTONE":
                remove_if_without_replies(self._table, job)
            case "EMPTY":
                remove_if_empty(self._table, job)
            case "ERASURE":
                return self._do_account_job(erase, job, is_over)
            case "EXPORT":
                return self._do_account_job(export, job, is_over)
        return True

    def _do_account_job(
        self,
        work: Callable[[Table, Bucket, Item, Callable[[], bool]], None],
        job: Item,
        is_over: Callable[[], bool],
    ) -> bool:
        """Do an erasure or an export under a lease. Return False if another run has the lease."""
        key, until = Key.of(job), int((self._at + LEASE).timestamp())
        try:
            leased = _leased(self._table, key, self._at, until)
            if leased is None:
                return False
            work(self._table, self._bucket, leased, is_over)
        except Exception:
            _give_back(self._table, key, until)
            raise
        return True


class _Queue:
    """The jobs of one kind: those that are stored, then those that were cut off."""

    def __init__(self, rows: Iterator[Item]) -> None:
        self._rows = rows
        self.cut: deque[Item] = deque()

    def next(self) -> Item | None:
        """Return the next job, or None if there is no more."""
        job = next(self._rows, None)
        return self.cut.popleft() if job is None and self.cut else job


def _leased(table: Table, key: Key, at: datetime, until: int) -> Item | None:
    """Take the lease of a job. Return the job as it is now, or None if another run may have it.

    It may be another job under the same key than when the jobs were listed.
    """
    condition = "attribute_exists(pk) AND (attribute_not_exists(#leased) OR #leased <= :now)"
    values = {"leased": until, "now": int(at.timestamp()), "one": 1}
    update = "SET #leased = :leased ADD #tries :one"
    lease = Action(key, condition=condition, values=values, update=update)
    return table.get(key) if table.try_write([lease]) else None


def _give_back(table: Table, key: Key, until: int) -> None:
    """End this run's own lease, if it has one."""
    condition, update = "#leased = :until", "REMOVE #leased"
    with suppress(Unavailable, WriteContended):
        table.try_write([Action(key, condition=condition, values={"until": until}, update=update)])


def _kind(job: Item) -> str:
    """Return the kind of a job: one of KINDS, because a run reads only their ranges."""
    return str(job["sk"].split("#")[0])
