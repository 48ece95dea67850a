"""Reports and bans in requests and responses."""

from typing import Annotated

from pydantic import BaseModel, Field

from blog.clock import Timestamp
from blog.fields import Reason
from blog.people.person import Author
from blog.schemas import RequestBody


class Reasoned(RequestBody):
    """Why somebody reports something, or a moderator acts."""

    reason: Reason


class BannedPerson(BaseModel):
    """Somebody who may not write."""

    author: Author
    reason: str
    at: Timestamp


class BannedPage(BaseModel):
    """A page of those who are banned, the latest first."""

    items: list[BannedPerson]
    next_cursor: str | None


class Report(BaseModel):
    """What somebody has told moderators of a post, or of a comment on it."""

    id: str
    post_id: str
    comment_id: str | None
    reason: str
    author: Annotated[Author, Field(description="Who reported it")]
    created_at: Timestamp


class ReportPage(BaseModel):
    """A page of reports, the latest first."""

    items: list[Report]
    next_cursor: str | None
