"""What a transaction leaves to be done: every minute, until it is done.

A job is an item that the transaction writes which makes it necessary, and that is deleted last. So
it survives a crash at any point, and may be run twice, or twice at once.
"""

from collections.abc import Callable
from contextlib import suppress

from blog.errors import Unavailable
from blog.keys import JOBS, Key, post_partition
from blog.table import Action, ConditionRefused, Item, Range, Table, TransactionContended

MAX_JOBS = 100  # that one run begins; the next one follows in a minute
KEYS_AT_ONCE = 100


class OutOfTime(Exception):
    """The run is about to end; what is left is for the next."""


def run_jobs(table: Table, is_out_of_time: Callable[[], bool] = lambda: False) -> tuple[int, int]:
    """Do what is to be done: how many jobs are, and how many are left over."""
    jobs = table.query(Range(JOBS), MAX_JOBS)
    done = 0
    for job in jobs:
        if is_out_of_time():
            break
        try:
            match job["sk"].split("#")[0]:
                case "DELETION":
                    _remove_what_is_left(table, job, is_out_of_time)
                case "EMPTY":
                    _remove_if_empty(table, job)
                case kind:
                    raise ValueError(f"no such kind of job: {kind}")
            done += 1
        except (Unavailable, TransactionContended, OutOfTime):
            continue
    return done, len(jobs) - done


def _remove_what_is_left(table: Table, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Whatever lies beside a post that has been deleted; nothing is added there any more."""
    partition = post_partition(job["post_id"])
    while keys := table.keys_of(partition, KEYS_AT_ONCE):
        if is_out_of_time():
            raise OutOfTime
        table.delete_all(keys)
    table.delete_all([_key(job)])


def _remove_if_empty(table: Table, job: Item) -> None:
    """A counter that has come to nothing, so that no list has to read on over it."""
    counter = Key(job["counters"], job["counter"])
    condition = "attribute_not_exists(pk) OR #count <= :count"
    _delete_on(table, Action(counter, condition=condition, values={"count": 0}))
    # Unless it has gone down again since, and is to be looked at again.
    stamp = {"stamp": job["stamp"]}
    _delete_on(table, Action(_key(job), condition="#stamp = :stamp", values=stamp))


def _delete_on(table: Table, deletion: Action) -> None:
    with suppress(ConditionRefused):
        table.transact([deletion])


def _key(item: Item) -> Key:
    return Key(item["pk"], item["sk"])
