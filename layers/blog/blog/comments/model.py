"""Comments as they are stored."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp
from blog.comments.schemas import CommentDetail
from blog.dynamodb.actions import Item
from blog.dynamodb.keys import COMMENT, Key, comment_key, pending_comment_key, stats_key
from blog.dynamodb.table import Table
from blog.people.person import Author
from blog.posts.model import Stats


class Comment(BaseModel):
    """A comment. `owner` is the raw, private `sub`.

    `reply_count` counts the stored replies, including pending ones. If it is not 0, deleting the
    comment leaves a tombstone. `was_approved` says that the post's author has approved it, so that
    an edit needs approval again.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    post_id: str
    parent_id: str | None = None
    owner: str
    author_id: str
    body: str
    body_html: str
    version: int = 1
    reply_count: int = 0
    is_pending: bool = False
    was_approved: bool = False
    created_at: Timestamp
    updated_at: Timestamp

    @property
    def key(self) -> Key:
        """Return the comment's key, which depends on whether it is pending."""
        place = pending_comment_key if self.is_pending else comment_key
        return place(self.post_id, self.id)

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """Build a comment from an item of the table, which must not be a tombstone."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """Return the item for the table."""
        return self.model_dump(exclude_none=True)

    def as_response(self, author: Author) -> CommentDetail:
        """Return the comment with its author and its status, as a response shows it."""
        status = "pending" if self.is_pending else "published"
        members = {**self.model_dump(), "author": author.model_dump(), "status": status}
        return CommentDetail.model_validate(members)


def places_of(post_id: str, comment_id: str) -> list[Key]:
    """Return the keys that a comment may have: public or pending."""
    return [comment_key(post_id, comment_id), pending_comment_key(post_id, comment_id)]


def comment_in(items: Mapping[Key, Item | None], post_id: str, comment_id: str) -> Comment | None:
    """Return a comment, public or pending, from items that may include it."""
    candidates = (items.get(place) or {} for place in places_of(post_id, comment_id))
    return next((Comment.of(item) for item in candidates if "body" in item), None)


def comment_of(table: Table, post_id: str, comment_id: str) -> tuple[Comment | None, Stats]:
    """Read a comment, public or pending, and its post's stats, which are empty without the post."""
    items = table.get_all([stats_key(post_id), *places_of(post_id, comment_id)])
    stats = Stats.model_validate(items.get(stats_key(post_id), {}))
    return comment_in(items, post_id, comment_id), stats


def is_tombstone(item: Item) -> bool:
    """Return whether an item is the tombstone of a deleted comment."""
    return bool(item["sk"].startswith(COMMENT)) and "body" not in item
