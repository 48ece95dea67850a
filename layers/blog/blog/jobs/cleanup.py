"""Jobs that remove what is left of deleted posts and deleted comments."""

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
from blog.posts.empty_counters import end_of

KEYS_AT_ONCE = 100
COMMENTS_AT_ONCE = 20  # with up to four actions each; a transaction takes a hundred


def remove_what_is_left(table: Table, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Remove everything in the partition of a deleted post. Nothing is added there any more."""
    partition = post_partition(job["post_id"])
    for kind in (COMMENT, PENDING):
        range_of_kind = Range(partition, kind, kind + HIGHEST)
        while rows := table.query(range_of_kind, COMMENTS_AT_ONCE):
            if is_out_of_time():
                raise OutOfTime
            with suppress(ConditionRefused):  # another run is faster: read again
                table.transact([*_comments_removal(rows, job["author_id"])])
    while keys := table.keys_of(partition, KEYS_AT_ONCE):
        if is_out_of_time():
            raise OutOfTime
        table.delete_all(keys)
    table.delete_all([Key.of(job)])


def _comments_removal(rows: Sequence[Item], author_id: str) -> Iterator[Action]:
    """Build the removal of comments under a deleted post of this author.

    It includes the items that depend on them in other partitions.
    """
    counts: Counter[str] = Counter()
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
            counts[row["author_id"]] += 1
    for commenter, count in counts.items():
        values = {"by": -count}
        yield Action(author_stats_key(commenter), values=values, update="ADD #comment_count :by")


def remove_if_without_replies(table: Table, job: Item) -> None:
    """Remove the tombstone of a deleted comment, if its replies are gone."""
    comment = Key(job["comments"], job["comment"])
    condition = "attribute_not_exists(#body) AND #reply_count <= :none"
    for action in (Action(comment, condition=condition, values={"none": 0}), end_of(job)):
        with suppress(ConditionRefused):
            table.transact([action])
