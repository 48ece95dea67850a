"""Lists of likes and follows in responses."""

from typing import Literal

from pydantic import BaseModel

from blog.people.schemas import PublicProfile
from blog.posts.schemas import PostSummary


class UnavailableItem(BaseModel):
    """Something in a list of one's own that is no longer there to see."""

    id: str
    available: Literal[False] = False


class LikesPage(BaseModel):
    """A page of the posts that one likes, the newest posts first."""

    items: list[PostSummary | UnavailableItem]
    next_cursor: str | None


class FollowsPage(BaseModel):
    """A page of the authors whom one follows, the latest followed first."""

    items: list[PublicProfile | UnavailableItem]
    next_cursor: str | None
