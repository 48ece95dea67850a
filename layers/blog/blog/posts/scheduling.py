"""What is due: every minute, the scheduled posts whose time has come."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from blog.dynamodb.actions import ConditionRefused
from blog.dynamodb.keys import DUE, entry_sort_key, post_key
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import Unavailable, WriteContended
from blog.people.write_access import is_gate, require_can_write
from blog.posts.model import Post
from blog.posts.transactions import change

MAX_DUE = 100  # posts that one run publishes; the next one follows in a minute


def publish_due(
    table: Table, moment: datetime, is_out_of_time: Callable[[], bool] = lambda: False
) -> tuple[int, int]:
    """Publish what is due by now, the earliest first: how many were, and how many could not be.

    What could not be, for want of the engine or of time, is still due at the next run.
    """
    published = failed = 0
    for row in table.query(_due(moment), MAX_DUE):
        if is_out_of_time():
            break
        try:
            published += publish(table, row["id"], moment)
        except (Unavailable, WriteContended):
            failed += 1
    return published, failed


def seconds_overdue(table: Table, moment: datetime) -> float:
    """For how long the earliest of what is due has been; 0 where nothing is."""
    earliest = table.query(_due(moment), 1)
    if not earliest:
        return 0.0
    return (moment - datetime.fromisoformat(earliest[0]["publish_at"])).total_seconds()


def _due(moment: datetime) -> Range:
    return Range(DUE, last=f"{entry_sort_key(moment, '')}{HIGHEST}")


def publish(table: Table, post_id: str, moment: datetime) -> bool:
    """Publish a scheduled post if it is due; whether it was this call that did.

    Whoever else does the same at the same time, it is published once; and an edit in between is
    never written over, for the publication is computed from what it left. Raises WriteContended
    and Unavailable.
    """
    item = table.get(post_key(post_id))
    for _ in backoff(WRITE_TRIES):
        post = None if item is None else Post.of(item)
        if post is None or post.publish_at is None or post.publish_at > moment:
            return False
        try:
            gate = require_can_write(post.author_id)
            table.write([gate, *change(post, published(post), post.owner)])
        except ConditionRefused as e:
            if is_gate(e.key):
                if e.item is not None and "banned_at" in e.item:
                    _take_back(table, post)
                return False
            item = e.item
        else:
            return True
    raise WriteContended


def _take_back(table: Table, post: Post) -> None:
    """Make a draft of a scheduled post whose author has been banned; an edit of it in between
    leaves it to the next run."""
    draft = post.model_copy(
        update={"status": "draft", "publish_at": None, "lock_version": post.lock_version + 1}
    )
    with suppress(ConditionRefused):
        table.write(change(post, draft, post.owner))


def published(before: Post) -> Post:
    """A scheduled post, published: a write that is no edit, so that it disturbs no editor."""
    return before.model_copy(
        update={
            "status": "published",
            "publish_at": None,
            "published_at": before.published_at or before.publish_at,
            "lock_version": before.lock_version + 1,
        }
    )
