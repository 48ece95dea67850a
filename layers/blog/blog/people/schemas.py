"""Profiles and accounts in requests and responses."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from blog.clock import Timestamp
from blog.fields import BioOrNone, HttpsAddressOrNone, Name
from blog.schemas import RequestBody

_CLEARS = "null or an empty text clears it"


class ProfileChanges(RequestBody):
    """A merge patch of the caller's profile (RFC 7396), which is public."""

    name: Annotated[
        Name,
        Field(default=None, description="Public; no e-mail address, and no reserved name"),
    ]
    bio: Annotated[BioOrNone, Field(default=None, description=f"Plain text; {_CLEARS}")]
    picture: Annotated[HttpsAddressOrNone, Field(default=None, description=_CLEARS)]
    website: Annotated[HttpsAddressOrNone, Field(default=None, description=_CLEARS)]
    approves_first_comments: Annotated[
        bool,
        Field(default=None, description="Whether a user's first comment needs approval"),
    ]

    def provided(self) -> dict[str, Any]:
        """Return the members that the request contains, including null ones."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PublicProfile(BaseModel):
    """An author's public profile."""

    id: str
    name: str
    bio: str | None
    picture: str | None
    website: str | None
    post_count: int
    follower_count: int


class Allowance(BaseModel):
    """A limit for an hour, and what is left of it."""

    limit: int
    left: int


class Limits(BaseModel):
    """The caller's limits for an hour. `resets_at` is when the current hour ends."""

    resets_at: Timestamp
    posts: Allowance
    post_edits: Allowance
    comments: Allowance
    comment_edits: Allowance
    reactions: Annotated[Allowance, Field(description="Likes and follows")]
    uploads: Allowance
    reports: Allowance
    exports: Allowance


class ProfileClearing(BaseModel):
    """Why and when a moderator cleared the profile."""

    reason: str
    at: Timestamp


class Account(BaseModel):
    """The caller's account. `name` is null until there is a profile."""

    sub: str
    author_id: str
    name: str | None
    bio: str | None
    picture: str | None
    website: str | None
    approves_first_comments: bool
    profile_cleared: Annotated[
        ProfileClearing | None,
        Field(description="While it stands, name, bio and picture cannot be set"),
    ]
    permissions: list[str]
    post_count: int
    follower_count: int
    following_count: int
    limits: Limits
