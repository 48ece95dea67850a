"""Posts in requests and responses."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from blog.clock import Timestamp, TimestampInput
from blog.fields import Body, CoverImage, Excerpt, HttpsAddress, Slug, Tags, Title
from blog.people.person import Author
from blog.posts.model import CommentMode, Entry, Moderation, Post, Stats, Status
from blog.schemas import RequestBody


class NewPost(RequestBody):
    """What a post is made of. Only the title is required."""

    title: Title
    body: Annotated[Body, Field(description="Markdown")] = ""
    excerpt: Annotated[Excerpt | None, Field(description="The first words unless given")] = None
    tags: Tags = Field(default=[])
    cover_image: CoverImage | None = None
    canonical_url: HttpsAddress | None = None
    status: Status = "draft"
    publish_at: Annotated[TimestampInput | None, Field(description="For status scheduled")] = None
    slug: Annotated[Slug | None, Field(description="Derived from the title unless given")] = None
    comments: CommentMode = "open"


class PostChanges(RequestBody):
    """A merge patch of a post (RFC 7396): what is not sent stays as it is."""

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

    def given(self) -> dict[str, Any]:
        """The members that were sent, null ones among them."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PreviewRequest(RequestBody):
    """A body to be rendered and not kept."""

    body: Annotated[Body, Field(description="Markdown")]


class Preview(BaseModel):
    """What a body becomes when it is published."""

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
        """An entry of a list with what is joined to it."""
        return cls.model_validate(_joined(entry, author, stats))


class PostDetail(PostSummary):
    """A post by itself."""

    body: Annotated[str, Field(description="Markdown")]
    body_html: Annotated[str, Field(description="Rendered and sanitised")]

    @classmethod
    def of_post(cls, post: Post, author: Author, stats: Stats) -> Self:
        """A stored post with what is joined to it."""
        return cls.model_validate(_joined(post, author, stats) | {"excerpt": post.excerpt})


WhereHidden = Annotated[
    Moderation | None,
    Field(exclude_if=lambda value: value is None, description="Why it is hidden; only where it is"),
]


class OwnPostSummary(PostSummary):
    """A post in a list of one's own, or of a moderator's."""

    moderation: WhereHidden = None


class OwnPost(PostDetail):
    """A post of one's own."""

    moderation: WhereHidden = None


def _joined(stored: Entry | Post, author: Author, stats: Stats) -> dict[str, Any]:
    counters = {"like_count": stats.like_count, "comment_count": stats.comment_count}
    return {**dict(stored), "author": author, **counters}


class PostPage(BaseModel):
    """A page of a list; `next_cursor` is null on the last."""

    items: list[PostSummary]
    next_cursor: str | None


class OwnPostPage(BaseModel):
    """A page of one's own posts, or of those that moderators have hidden."""

    items: list[OwnPostSummary]
    next_cursor: str | None


class TagCount(BaseModel):
    """A tag, and how many published posts have it."""

    tag: str
    count: int


class TagPage(BaseModel):
    """A page of tags."""

    items: list[TagCount]
    next_cursor: str | None


class RevisionSummary(BaseModel):
    """A former text of a post in a list; `created_at` is when that version was saved."""

    version: int
    title: str
    created_at: Timestamp


class Revision(RevisionSummary):
    """A former text of a post."""

    body: Annotated[str, Field(description="Markdown")]


class RevisionPage(BaseModel):
    """A page of revisions."""

    items: list[RevisionSummary]
    next_cursor: str | None
