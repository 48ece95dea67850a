"""Posts in requests and responses."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from blog.clock import Timestamp, TimestampInput
from blog.fields import Body, CoverImage, Excerpt, HttpsAddress, Slug, Tags, Title
from blog.people.person import Author
from blog.posts.model import CommentMode, Entry, Moderation, Post, Stats, Status
from blog.schemas import RequestBody


class NewPost(RequestBody):
    """A new post. Only the title is required."""

    title: Title
    body: Annotated[Body, Field(description="Markdown")] = ""
    excerpt: Annotated[Excerpt | None, Field(description="By default, the first words")] = None
    tags: Tags = Field(default=[])
    cover_image: CoverImage | None = None
    canonical_url: HttpsAddress | None = None
    status: Status = "draft"
    publish_at: Annotated[TimestampInput | None, Field(description="For status scheduled")] = None
    published_at: Annotated[
        TimestampInput | None,
        Field(description="For status published: when it appeared elsewhere. By default, now"),
    ] = None
    slug: Annotated[Slug | None, Field(description="By default, derived from the title")] = None
    comments: CommentMode = "open"


class PostChanges(RequestBody):
    """A merge patch of a post (RFC 7396): absent members stay as they are."""

    title: Annotated[Title, Field(default=None)]
    body: Annotated[Body, Field(default=None, description="Markdown")]
    excerpt: Annotated[Excerpt | None, Field(default=None, description="null derives it again")]
    tags: Annotated[Tags, Field(default=None, description="null clears them")]
    cover_image: Annotated[CoverImage | None, Field(default=None, description="null clears it")]
    canonical_url: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
    status: Annotated[Status, Field(default=None)]
    publish_at: Annotated[TimestampInput, Field(default=None, description="For status scheduled")]
    slug: Annotated[Slug | None, Field(default=None, description="null derives it again")]
    comments: Annotated[CommentMode, Field(default=None)]

    def provided(self) -> dict[str, Any]:
        """Return the members that the request contains, including null ones."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PreviewRequest(RequestBody):
    """A body to render without storing it."""

    body: Annotated[Body, Field(description="Markdown")]


class Preview(BaseModel):
    """A body as it would be published."""

    body_html: str
    excerpt: str
    reading_minutes: int


class PostSummary(BaseModel):
    """A post in a list."""

    id: str
    slug: str
    title: str
    excerpt: str
    tags: list[str]
    cover_image: str | None
    canonical_url: str | None
    status: Status
    publish_at: Timestamp | None
    version: int
    reading_minutes: int
    comments: CommentMode
    author: Author
    like_count: int
    comment_count: int
    created_at: Timestamp
    updated_at: Timestamp
    published_at: Timestamp | None

    @classmethod
    def of(cls, entry: Entry, author: Author, stats: Stats) -> Self:
        """Build the summary from an entry of a list, its author and its counters."""
        return cls.model_validate(_joined(entry, author, stats))


class PostDetail(PostSummary):
    """A post in full."""

    body: Annotated[str, Field(description="Markdown")]
    body_html: Annotated[str, Field(description="Rendered and sanitised")]

    @classmethod
    def of_post(cls, post: Post, author: Author, stats: Stats) -> Self:
        """Build the detail from a stored post, its author and its counters."""
        return cls.model_validate(_joined(post, author, stats) | {"excerpt": post.excerpt})


WhereHidden = Annotated[
    Moderation | None,
    Field(exclude_if=lambda value: value is None, description="Only present if the post is hidden"),
]


class OwnPostSummary(PostSummary):
    """A post in a list of its owner or of a moderator."""

    moderation: WhereHidden = None


class OwnPost(PostDetail):
    """A post in full, as its owner sees it."""

    moderation: WhereHidden = None


def _joined(stored: Entry | Post, author: Author, stats: Stats) -> dict[str, Any]:
    counters = {"like_count": stats.like_count, "comment_count": stats.comment_count}
    return {**stored.__dict__, "author": author, **counters}


class PostPage(BaseModel):
    """A page of posts. `next_cursor` is null on the last page."""

    items: list[PostSummary]
    next_cursor: str | None


class OwnPostPage(BaseModel):
    """A page of the caller's own posts, or of hidden posts for a moderator."""

    items: list[OwnPostSummary]
    next_cursor: str | None


class TagCount(BaseModel):
    """A tag and the number of published posts with it."""

    tag: str
    count: int


class TagPage(BaseModel):
    """A page of tags."""

    items: list[TagCount]
    next_cursor: str | None


class RevisionSummary(BaseModel):
    """A revision of a post in a list. `created_at` is the time when that version was saved."""

    version: int
    title: str
    created_at: Timestamp


class Revision(RevisionSummary):
    """A revision of a post: the title and the body of a former version."""

    body: Annotated[str, Field(description="Markdown")]


class RevisionPage(BaseModel):
    """A page of revisions."""

    items: list[RevisionSummary]
    next_cursor: str | None
