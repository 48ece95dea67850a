"""What is left of things that are gone: of deleted posts, deleted comments, and counters."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from blog.comments.model import is_tombstone
from blog.dynamodb.actions import IS_THERE, Action, ConditionRefused, Item
from blog.dynamodb.keys import (
    COMMENT,
    PENDING,
    Key,
    approval_queue_key,
    author_stats_key,
    own_comment_key,
    post_partition,
)
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import HIGHEST, Range, Table

KEYS_AT_ONCE = 100
COMMENTS_AT_ONCE = 20  # up to four actions each, and a transaction has a hundred


def remove_what_is_left(table: Table, job: Item, is_out_of_time: Callable[[], bool]) -> None:
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
    table.delete_all([Key.of(job)])


def _comments_removal(rows: Sequence[Item], author_id: str) -> Iterator[Action]:
    """Comments under a deleted post of this author's, with what hangs on them elsewhere."""
    counted: Counter[str] = Counter()
    for row in rows:
        if is_tombstone(row):
            yield Action(Key.of(row), condition=IS_THERE)
            continue
        seen = {"owner": row["owner"]}
        yield Action(Key.of(row), condition="#owner = :owner", values=seen)
        yield Action(own_comment_key(row["owner"], row["id"]))
        if row["is_pending"]:
            yield Action(approval_queue_key(author_id, row["id"]))
        else:
            counted[row["author_id"]] += 1
    for commenter, count in counted.items():
        values = {"by": -count}
        yield Action(author_stats_key(commenter), values=values, update="ADD #comment_count :by")


def remove_if_without_replies(table: Table, job: Item) -> None:
    """What was left of a deleted comment, once its replies are gone."""
    comment = Key(job["comments"], job["comment"])
    condition = "attribute_not_exists(#body) AND #reply_count <= :none"
    _delete_on(table, Action(comment, condition=condition, values={"none": 0}))
    _delete_on(table, _seen(job))


def _seen(job: Item) -> Action:
    """A job's end, unless it was given again since."""
    return Action(Key.of(job), condition="#stamp = :stamp", values={"stamp": job["stamp"]})


def remove_if_empty(table: Table, job: Item) -> None:
    """A counter that has come to nothing, so that no list has to read on over it."""
    counter = Key(job["counters"], job["counter"])
    condition = "attribute_not_exists(pk) OR #count <= :count"
    _delete_on(table, Action(counter, condition=condition, values={"count": 0}))
    _delete_on(table, _seen(job))


def _delete_on(table: Table, deletion: Action) -> None:
    with suppress(ConditionRefused):
        table.transact([deletion])
