"""Profiles and accounts in requests and responses."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from blog.fields import Bio, HttpsAddress, Name
from blog.schemas import RequestBody


class ProfileChanges(RequestBody):
    """A merge patch of the caller's profile (RFC 7396), which is public."""

    name: Annotated[Name, Field(default=None, description="Public; must not be an e-mail address")]
    bio: Annotated[Bio | None, Field(default=None, description="Plain text; null clears it")]
    picture: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
    website: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
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


class Account(BaseModel):
    """The caller's account. `name` is null until there is a profile."""

    sub: str
    author_id: str
    name: str | None
    bio: str | None
    picture: str | None
    website: str | None
    approves_first_comments: bool
    permissions: list[str]
    post_count: int
    follower_count: int
    following_count: int
