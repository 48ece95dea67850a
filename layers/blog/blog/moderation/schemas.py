"""Reports and decisions about users in requests and responses."""

from typing import Annotated

from pydantic import BaseModel, Field

from blog.clock import Timestamp
from blog.fields import Reason
from blog.people.person import Author
from blog.schemas import RequestBody

REPORT_RETENTION_DAYS = 90


class Reasoned(RequestBody):
    """The reason of a report, or of a moderator's action."""

    reason: Reason


class BannedPerson(BaseModel):
    """A user who is banned from writing."""

    author: Author
    reason: str
    at: Timestamp


class BannedPage(BaseModel):
    """A page of the banned users, most recently banned first."""

    items: list[BannedPerson]
    next_cursor: str | None


class ClearedAuthor(BaseModel):
    """An author whose profile is cleared."""

    author: Author
    reason: str
    at: Timestamp


class ClearedPage(BaseModel):
    """A page of the authors whose profile is cleared, most recently cleared first."""

    items: list[ClearedAuthor]
    next_cursor: str | None


class Report(BaseModel):
    """A user's report of a post, of a comment, or of an author."""

    id: str
    post_id: Annotated[str | None, Field(description="null in a report of an author")]
    comment_id: str | None
    reported: Annotated[
        Author | None, Field(description="The reported author; null in other reports")
    ]
    reason: str
    author: Annotated[Author, Field(description="The user who reported it")]
    created_at: Timestamp


class ReportPage(BaseModel):
    """A page of reports, newest first."""

    items: list[Report]
    next_cursor: str | None
