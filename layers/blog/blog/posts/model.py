"""A post as it is stored."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp

# Of what is stored of a post, raised when `migrating` learns another step.
SCHEMA = 2

Status = Literal["draft", "scheduled", "published"]
CommentMode = Literal["open", "closed"]


class Moderation(BaseModel):
    """Why a moderator has hidden a post, and when."""

    reason: str
    at: Timestamp


class Post(BaseModel):
    """A post with all that decides where it is listed. `owner` is the raw sub and never shown.

    `version` counts edits and is shown; `lock_version` counts writes of every kind and is what
    conditions compare, so that a publication on schedule disturbs no editor. `given_excerpt` is
    the writer's own, in place of the one derived. `revisions` names the versions whose text is
    kept, the oldest first.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    author_id: str
    title: str
    body: str
    body_html: str
    derived_excerpt: str
    given_excerpt: str | None = None
    reading_minutes: int
    tags: list[str]
    cover_image: str | None = None
    canonical_url: str | None = None
    status: Status
    comments: CommentMode
    slug: str
    slug_is_derived: bool
    former_slugs: list[str] = []
    revisions: list[int] = []
    feed_shard: int
    version: int = 1
    lock_version: int = 1
    schema_number: int = SCHEMA
    created_at: Timestamp
    updated_at: Timestamp
    publish_at: Timestamp | None = None
    published_at: Timestamp | None = None
    moderation: Moderation | None = None

    @property
    def excerpt(self) -> str:
        """The one that was given, or else the first words."""
        return self.given_excerpt or self.derived_excerpt

    @property
    def is_public(self) -> bool:
        """Whether everyone may read it."""
        return self.status == "published" and self.moderation is None

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """From an item of the table."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """For the table. What a newer version stored is of this one's schema again, without what
        only that one knows, so that it will be migrated again."""
        return self.model_dump(exclude_none=True) | {
            "schema_number": min(self.schema_number, SCHEMA)
        }


class Entry(BaseModel):
    """What a list holds of a post: all that is shown there, but what others change."""

    id: str
    slug: str
    title: str
    excerpt: str
    tags: list[str]
    cover_image: str | None = None
    canonical_url: str | None = None
    status: Status
    publish_at: Timestamp | None = None
    version: int
    reading_minutes: int
    comments: CommentMode
    author_id: str
    created_at: Timestamp
    updated_at: Timestamp
    published_at: Timestamp | None = None
    moderation: Moderation | None = None

    @classmethod
    def of(cls, post: Post) -> Self:
        """That of a post."""
        return cls.model_validate({**post.model_dump(), "excerpt": post.excerpt})


class Stats(BaseModel):
    """A post's counters, what decides whether they may go up, and whose post it is: so that likes
    and comments never read the post itself."""

    like_count: int = 0
    comment_count: int = 0
    is_public: bool = False
    comments: CommentMode = "open"
    owner: str = ""
    author_id: str = ""

    @classmethod
    def of(cls, post: Post) -> Self:
        """Those of a new post."""
        return cls.model_validate(cls.state_of(post))

    @staticmethod
    def state_of(post: Post) -> dict[str, Any]:
        """What the post's own writes say in it; the counters are others'."""
        return {
            "is_public": post.is_public,
            "comments": post.comments,
            "owner": post.owner,
            "author_id": post.author_id,
        }
