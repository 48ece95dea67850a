"""A comment as it is stored."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from blog.keys import COMMENT, Key, comment_key, pending_comment_key
from blog.models import CommentDetail
from blog.moments import Moment
from blog.people import Author
from blog.table import Item


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
    created_at: Moment
    updated_at: Moment

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


def is_tombstone(item: Item) -> bool:
    """Whether an item is what is left of a comment with replies."""
    return bool(item["sk"].startswith(COMMENT)) and "body" not in item
