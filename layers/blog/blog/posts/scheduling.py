"""Scheduled posts, which a run every minute publishes when they are due."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from blog.dynamodb.actions import Item, Items
from blog.dynamodb.keys import DUE, entry_sort_key, post_key
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import Unavailable, WriteContended
from blog.people.write_access import require_can_write
from blog.posts.model import Post
from blog.posts.transactions import change

DUE_AT_ONCE = 1000  # posts that are read together, and whose authors take turns


def publish_due(
    table: Table, now: datetime, is_out_of_time: Callable[[], bool] = lambda: False
) -> tuple[int, int]:
    """Publish the posts that are due. Return how many succeed and fail.

    Authors take turns, so that many posts of one do not delay those of others. An author's
    earliest post comes first. A post that fails, or for which no time is left, is still due at the
    next run.
    """
    published = failed = 0
    for posts in _in_turns(table, now):
        if is_out_of_time():
            break
        try:
            published += publish(table, posts.popleft(), now)
        except (Unavailable, WriteContended):
            failed += 1
        except AuthorMerging:
            posts.clear()
    return published, failed


def _in_turns(table: Table, now: datetime) -> Iterator[deque[str]]:
    """Yield each author's ids of due posts in turn, until all are empty. The caller takes them."""
    wanted = _due(now)
    while rows := table.query(wanted, DUE_AT_ONCE):
        by_author: dict[str, deque[str]] = {}
        for row in rows:
            by_author.setdefault(row["author_id"], deque()).append(row["id"])
        turns = deque(by_author.values())
        while turns:
            posts = turns.popleft()
            yield posts
            if posts:
                turns.append(posts)
        if len(rows) < DUE_AT_ONCE:
            return
        wanted = replace(wanted, first=f"{rows[-1]['sk']}\x00")


def seconds_overdue(table: Table, now: datetime) -> float:
    """Return for how many seconds the earliest due post has been due; 0 if none is."""
    earliest = table.query(_due(now), 1)
    if not earliest:
        return 0.0
    return (now - datetime.fromisoformat(earliest[0]["publish_at"])).total_seconds()


def _due(now: datetime) -> Range:
    return Range(DUE, last=f"{entry_sort_key(now, '')}{HIGHEST}")


class AuthorMerging(Exception):
    """The author's account is being merged into another one. The merge transfers the posts."""


class _AuthorBlocked(Exception):
    """The author of a scheduled post may not write."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the author may not write")
        self.is_merging = (item or {}).get("closed_for") == "merge"


def publish(table: Table, post_id: str, now: datetime) -> bool:
    """Publish a scheduled post if it is due. Return whether this call published it.

    A post is published once, even if others publish it at the same time. An edit in between
    stays, because the publication is computed again from what the edit stored.

    A post becomes a draft if its author is banned or is being erased. So it leaves the list of due
    posts. Raises AuthorMerging, WriteContended and Unavailable.
    """
    key = post_key(post_id)

    def attempt(items: Items) -> bool:
        item = items.get(key)
        post = None if item is None else Post.of(item)
        if post is None or post.publish_at is None or post.publish_at > now:
            return False
        can_write = require_can_write(post.author_id, refused=_AuthorBlocked)
        try:
            table.write([can_write, *change(post, published(post), post.owner)])
        except _AuthorBlocked as e:
            if e.is_merging:
                raise AuthorMerging from e
            _make_draft(table, post)
            return False
        return True

    return retrying(attempt, {key: table.get(key)})


def _make_draft(table: Table, post: Post) -> None:
    """Make a draft of a scheduled post.

    An edit in between leaves this to the next run.
    """
    draft = post.model_copy(
        update={"status": "draft", "publish_at": None, "lock_version": post.lock_version + 1}
    )
    table.try_write(change(post, draft, post.owner))


def published(before: Post) -> Post:
    """Return a scheduled post as published.

    This is not an edit: the version stays, so an open editor is not disturbed.
    """
    return before.model_copy(
        update={
            "status": "published",
            "publish_at": None,
            "published_at": before.published_at or before.publish_at,
            "lock_version": before.lock_version + 1,
        }
    )
