"""A post: as it is sent, as it is stored, and as it is shown."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from blog.fields import Body, Slug, Tags, Title
from blog.moments import Moment, SentMoment

Status = Literal["draft", "scheduled", "published"]


class _Sent(BaseModel):
    """A request's body: unknown members are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewPost(_Sent):
    """What a post is made of. Only the title is required."""

    title: Title
    body: Body = ""
    tags: Tags = []
    status: Status = "draft"
    publish_at: Annotated[SentMoment | None, Field(description="For status scheduled")] = None
    slug: Annotated[Slug | None, Field(description="Derived from the title unless given")] = None


class PostChanges(_Sent):
    """A merge patch of a post (RFC 7396): what is not sent stays as it is."""

    title: Annotated[Title, Field(default=None)]
    body: Annotated[Body, Field(default=None)]
    tags: Annotated[Tags, Field(default=None, description="null clears them")]
    status: Annotated[Status, Field(default=None)]
    publish_at: Annotated[SentMoment, Field(default=None, description="For status scheduled")]
    slug: Annotated[Slug | None, Field(default=None, description="null derives it again")]

    def given(self) -> dict[str, Any]:
        """The members that were sent, null ones among them."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Post(BaseModel):
    """A post as it is stored. `owner` is the raw sub and never shown.

    `version` counts edits and is shown; `lock_version` counts writes of every kind and is what
    conditions compare, so that a publication on schedule disturbs no editor.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    author_id: str
    title: str
    body: str
    tags: list[str]
    status: Status
    slug: str
    slug_is_derived: bool
    former_slugs: list[str] = []
    feed_shard: int
    version: int = 1
    lock_version: int = 1
    schema_number: int = 1
    created_at: Moment
    updated_at: Moment
    publish_at: Moment | None = None
    published_at: Moment | None = None


class Author(BaseModel):
    """Who wrote something, under their public id."""

    id: str


class PostSummary(BaseModel):
    """A post in a list."""

    id: str
    slug: str
    title: str
    tags: list[str]
    status: Status
    version: int
    author: Author
    created_at: Moment
    updated_at: Moment
    publish_at: Moment | None
    published_at: Moment | None

    @classmethod
    def of(cls, post: Post) -> Self:
        """What of a stored post is shown."""
        return cls.model_validate({**post.model_dump(), "author": {"id": post.author_id}})


class PostDetail(PostSummary):
    """A post by itself."""

    body: str


class PostPage(BaseModel):
    """A page of a list; `next_cursor` is null on the last."""

    items: list[PostSummary]
    next_cursor: str | None
