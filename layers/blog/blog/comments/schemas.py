"""Comments in requests and responses."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from blog.clock import Timestamp
from blog.fields import CommentBody
from blog.people.person import Author
from blog.schemas import AlwaysTrue, RequestBody


class NewComment(RequestBody):
    """A comment on a post, or a reply to one."""

    body: Annotated[CommentBody, Field(description="Markdown without headings and images")]
    parent_id: Annotated[str | None, Field(description="The comment that this replies to")] = None


class CommentChanges(RequestBody):
    """A merge patch of the caller's own comment (RFC 7396)."""

    body: Annotated[CommentBody, Field(default=None, description="Markdown")]


class CommentDetail(BaseModel):
    """A comment. Only its writer and the post's author can see a pending comment."""

    id: str
    post_id: str
    parent_id: str | None
    body: Annotated[str, Field(description="Markdown")]
    body_html: Annotated[str, Field(description="Rendered and sanitised")]
    author: Author
    status: Literal["published", "pending"]
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Tombstone(BaseModel):
    """The placeholder of a deleted comment that has replies. No comment has `deleted`."""

    id: str
    deleted: AlwaysTrue


class CommentPage(BaseModel):
    """A page of the comments on a post, oldest first. Replies carry the id of their parent."""

    items: list[CommentDetail | Tombstone]
    next_cursor: str | None


class PendingPage(BaseModel):
    """A page of the comments that wait for the caller's approval, oldest first."""

    items: list[CommentDetail]
    next_cursor: str | None
