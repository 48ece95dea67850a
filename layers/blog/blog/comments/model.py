"""A comment as it is stored."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp
from blog.comments.schemas import CommentDetail
from blog.dynamodb.keys import COMMENT, Key, comment_key, pending_comment_key, stats_key
from blog.dynamodb.table import Item, Table
from blog.people.person import Author
from blog.posts.model import Stats


class Comment(BaseModel):
    """A comment with all that decides where it lies. `owner` is the raw sub and never shown.

    `reply_count` is that of the replies stored under it, the waiting ones among them: while there
    are any, it leaves a tombstone when it is deleted.
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
    created_at: Timestamp
    updated_at: Timestamp

    @property
    def key(self) -> Key:
        """Where it lies."""
        place = pending_comment_key if self.is_pending else comment_key
        return place(self.post_id, self.id)

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """From an item of the table, which is no tombstone."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """For the table."""
        return self.model_dump(exclude_none=True)

    def shown(self, author: Author) -> CommentDetail:
        """As an answer shows it."""
        status = "pending" if self.is_pending else "published"
        shown = {**self.model_dump(), "author": author.model_dump(), "status": status}
        return CommentDetail.model_validate(shown)


def places_of(post_id: str, comment_id: str) -> list[Key]:
    """Where a comment may lie."""
    return [comment_key(post_id, comment_id), pending_comment_key(post_id, comment_id)]


def comment_in(items: Mapping[Key, Item], post_id: str, comment_id: str) -> Comment | None:
    """A comment that is there, waiting or not, among items that were read."""
    found = (items.get(place, {}) for place in places_of(post_id, comment_id))
    return next((Comment.of(item) for item in found if "body" in item), None)


def comment_of(table: Table, post_id: str, comment_id: str) -> tuple[Comment | None, Stats]:
    """The same, read, with what is known of the post above it; nothing, if the post is gone."""
    items = table.get_all([stats_key(post_id), *places_of(post_id, comment_id)])
    stats = Stats.model_validate(items.get(stats_key(post_id), {}))
    return comment_in(items, post_id, comment_id), stats


def is_tombstone(item: Item) -> bool:
    """Whether an item is what is left of a comment with replies."""
    return bool(item["sk"].startswith(COMMENT)) and "body" not in item
