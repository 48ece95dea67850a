"""Jobs: work that a transaction leaves for later. A run every minute does them.

A job is an item. The transaction that makes the work necessary writes it, and it is deleted last.
So a job survives a crash at any point, and may run twice, or twice at once.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from blog.accounts.erasure import erase
from blog.accounts.export import export
from blog.clock import now
from blog.dynamodb.actions import Action, Item, TransactionContended
from blog.dynamodb.keys import JOBS, Key
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import Range, Table
from blog.errors import Unavailable, WriteContended, traceback_frames
from blog.jobs.cleanup import remove_if_empty, remove_if_without_replies, remove_what_is_left
from blog.s3 import Bucket

MAX_JOBS = 100  # that one run begins; the next run starts a minute later
# Longer than a run may take, so that two runs do not work on the same long job.
LEASE = timedelta(minutes=16)

logger = Logger()


def run_jobs(
    table: Table,
    bucket: Bucket,
    is_out_of_time: Callable[[], bool] = lambda: False,
    at: datetime | None = None,
) -> tuple[int, int]:
    """Run the jobs. Return how many are done, and how many are left.

    A job that fails with an unexpected error is logged, and the others still run.
    """
    jobs = table.query(Range(JOBS), MAX_JOBS)
    done = 0
    for job in jobs:
        if is_out_of_time():
            break
        try:
            done += _run(table, bucket, job, is_out_of_time, at or now())
        except (Unavailable, WriteContended, TransactionContended, OutOfTime) as e:
            left = {"kind": _kind(job), "reason": type(e).__qualname__}
            if isinstance(e, Unavailable) and e.reasons:
                left["throttled"] = ", ".join(e.reasons)
            logger.info("job left", extra=left)
        except Exception as e:  # noqa: BLE001 - the other jobs must run
            failed = {
                "kind": _kind(job),
                "error": type(e).__qualname__,
                "where": traceback_frames(e),
            }
            logger.error("job failed", extra=failed)  # noqa: TRY400 - without the error's text
    return done, len(jobs) - done


def _run(
    table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool], at: datetime
) -> bool:
    match _kind(job):
        case "DELETION":
            remove_what_is_left(table, job, is_out_of_time)
        case "TOMBSTONE":
            remove_if_without_replies(table, job)
        case "EMPTY":
            remove_if_empty(table, job)
        case "ERASURE" | "EXPORT" as kind:
            until = int((at + LEASE).timestamp())
            try:
                leased = _leased(table, Key.of(job), at, until)
                if leased is None:
                    return False
                (erase if kind == "ERASURE" else export)(table, bucket, leased, is_out_of_time)
            except Exception:
                _give_back(table, Key.of(job), until)
                raise
        case kind:
            raise ValueError(f"no such kind of job: {kind}")
    return True


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
    return str(job["sk"].split("#")[0])
