"""Counters at zero: each is removed, so that lists of counters need not skip it.

A transaction that decrements a counter cannot tell that it has come to zero. So it leaves a job.
The request that wrote the transaction then tries to do the job itself. If it cannot, because it is
out of time or a part of AWS is, the next run of the jobs does it.
"""

from collections.abc import Sequence
from contextlib import suppress

from blog.dynamodb.actions import Action, ConditionRefused, Item, TransactionContended
from blog.dynamodb.keys import EMPTY_JOB, JOBS, Key
from blog.dynamodb.table import Table
from blog.errors import Unavailable


def write_and_count(table: Table, actions: Sequence[Action]) -> None:
    """Write the actions, and then remove the counters that they have brought to zero.

    Raises what `Table.write` raises. The removal raises nothing, because the write is done.
    """
    table.write(actions)
    jobs = [
        action.item | action.key._asdict()
        for action in actions
        if action.item and _is_job(action.key)
    ]
    if jobs:
        with suppress(ConditionRefused, TransactionContended, Unavailable):
            _remove_emptied(table, jobs)


def _is_job(key: Key) -> bool:
    return key.pk == JOBS and key.sk.startswith(f"{EMPTY_JOB}#")


def _remove_emptied(table: Table, jobs: Sequence[Item]) -> None:
    """Remove the counters of these jobs that are at zero, and the jobs: one read and one write."""
    items = table.get_all(_counter_of(job) for job in jobs)
    empty = [counter for counter, item in items.items() if item["count"] <= 0]
    table.transact([*map(_removal, empty), *map(end_of, jobs)])


def remove_if_empty(table: Table, job: Item) -> None:
    """Do the job of one counter."""
    for action in (_removal(_counter_of(job)), end_of(job)):
        with suppress(ConditionRefused):
            table.transact([action])


def _counter_of(job: Item) -> Key:
    return Key(job["counters"], job["counter"])


def _removal(counter: Key) -> Action:
    """Build the removal of a counter; refused unless it is at zero or gone."""
    condition = "attribute_not_exists(pk) OR #count <= :count"
    return Action(counter, condition=condition, values={"count": 0})


def end_of(job: Item) -> Action:
    """Build the removal of a job, unless a later write has requested it again."""
    return Action(Key.of(job), condition="#stamp = :stamp", values={"stamp": job["stamp"]})
