"""What a transaction leaves to be done: every minute, until it is done.

A job is an item that the transaction writes which makes it necessary, and that is deleted last. So
it survives a crash at any point, and may be run twice, or twice at once.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from blog.comment import is_tombstone
from blog.errors import Unavailable
from blog.keys import (
    COMMENT,
    JOBS,
    PENDING,
    Key,
    author_stats_key,
    own_comment_key,
    post_partition,
    waiting_comment_key,
)
from blog.table import (
    HIGHEST,
    Action,
    ConditionRefused,
    Item,
    Range,
    Table,
    TransactionContended,
)

MAX_JOBS = 100  # that one run begins; the next one follows in a minute
KEYS_AT_ONCE = 100
COMMENTS_AT_ONCE = 20  # up to four actions each, and a transaction has a hundred


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
                case "TOMBSTONE":
                    _remove_if_without_replies(table, job)
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
    for kind in (COMMENT, PENDING):
        range_of_kind = Range(partition, kind, kind + HIGHEST)
        while rows := table.query(range_of_kind, COMMENTS_AT_ONCE):
            if is_out_of_time():
                raise OutOfTime
            with suppress(ConditionRefused):  # another run is at it, too: look again
                table.transact([*_comments_removal(rows, job["author_id"])])
    while keys := table.keys_of(partition, KEYS_AT_ONCE):
        if is_out_of_time():
            raise OutOfTime
        table.delete_all(keys)
    table.delete_all([_key(job)])


def _comments_removal(rows: Sequence[Item], author_id: str) -> Iterator[Action]:
    """Comments under a deleted post of this author's, with what hangs on them elsewhere."""
    counted: Counter[str] = Counter()
    for row in rows:
        yield Action(_key(row), condition="attribute_exists(pk)")
        if is_tombstone(row):
            continue
        yield Action(own_comment_key(row["owner"], row["id"]))
        if row["is_pending"]:
            yield Action(waiting_comment_key(author_id, row["id"]))
        else:
            counted[row["author_id"]] += 1
    for commenter, count in counted.items():
        values = {"by": -count}
        yield Action(author_stats_key(commenter), values=values, update="ADD #comment_count :by")


def _remove_if_without_replies(table: Table, job: Item) -> None:
    """What was left of a deleted comment, once its replies are gone."""
    comment = Key(job["comments"], job["comment"])
    condition = "attribute_not_exists(#body) AND #reply_count <= :none"
    _delete_on(table, Action(comment, condition=condition, values={"none": 0}))
    _delete_on(table, _seen(job))


def _seen(job: Item) -> Action:
    """A job's end, unless it was given again since."""
    return Action(_key(job), condition="#stamp = :stamp", values={"stamp": job["stamp"]})


def _remove_if_empty(table: Table, job: Item) -> None:
    """A counter that has come to nothing, so that no list has to read on over it."""
    counter = Key(job["counters"], job["counter"])
    condition = "attribute_not_exists(pk) OR #count <= :count"
    _delete_on(table, Action(counter, condition=condition, values={"count": 0}))
    _delete_on(table, _seen(job))


def _delete_on(table: Table, deletion: Action) -> None:
    with suppress(ConditionRefused):
        table.transact([deletion])


def _key(item: Item) -> Key:
    return Key(item["pk"], item["sk"])
