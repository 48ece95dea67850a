"""Lists of likes and follows in responses."""

from pydantic import BaseModel

from blog.people.schemas import PublicProfile
from blog.posts.schemas import PostSummary
from blog.schemas import AlwaysFalse


class UnavailableItem(BaseModel):
    """An item of the caller's list that is deleted or no longer public.

    No post and no author has `available`.
    """

    id: str
    available: AlwaysFalse


class Ids(BaseModel):
    """The ids of a question that are in the caller's list, in the order of the question."""

    ids: list[str]


class LikesPage(BaseModel):
    """A page of the posts that the caller likes, newest post first."""

    items: list[PostSummary | UnavailableItem]
    next_cursor: str | None


class FollowsPage(BaseModel):
    """A page of the authors that the caller follows, most recently followed first."""

    items: list[PublicProfile | UnavailableItem]
    next_cursor: str | None
