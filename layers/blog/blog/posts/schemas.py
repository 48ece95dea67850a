"""Posts as they are sent and as they are shown."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from blog.fields import (
    Bio,
    Body,
    CommentBody,
    CoverImage,
    Excerpt,
    HttpsAddress,
    Name,
    Reason,
    Slug,
    Tags,
    Title,
)
from blog.moments import Moment, SentMoment
from blog.people import Author
from blog.pictures import MAX_BYTES, ContentType
from blog.post import Comments, Entry, Moderation, Post, Stats, Status


class _Sent(BaseModel):
    """A request's body: unknown members are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewPost(_Sent):
    """What a post is made of. Only the title is required."""

    title: Title
    body: Annotated[Body, Field(description="Markdown")] = ""
    excerpt: Annotated[Excerpt | None, Field(description="The first words unless given")] = None
    tags: Tags = []
    cover_image: CoverImage | None = None
    canonical_url: HttpsAddress | None = None
    status: Status = "draft"
    publish_at: Annotated[SentMoment | None, Field(description="For status scheduled")] = None
    slug: Annotated[Slug | None, Field(description="Derived from the title unless given")] = None
    comments: Comments = "open"


class PostChanges(_Sent):
    """A merge patch of a post (RFC 7396): what is not sent stays as it is."""

    title: Annotated[Title, Field(default=None)]
    body: Annotated[Body, Field(default=None, description="Markdown")]
    excerpt: Annotated[Excerpt | None, Field(default=None, description="null derives it again")]
    tags: Annotated[Tags, Field(default=None, description="null clears them")]
    cover_image: Annotated[CoverImage | None, Field(default=None, description="null clears it")]
    canonical_url: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
    status: Annotated[Status, Field(default=None)]
    publish_at: Annotated[SentMoment, Field(default=None, description="For status scheduled")]
    slug: Annotated[Slug | None, Field(default=None, description="null derives it again")]
    comments: Annotated[Comments, Field(default=None)]

    def given(self) -> dict[str, Any]:
        """The members that were sent, null ones among them."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Draft(_Sent):
    """A body to be rendered and not kept."""

    body: Annotated[Body, Field(description="Markdown")]


class Preview(BaseModel):
    """What a body becomes when it is published."""

    body_html: str
    excerpt: str
    reading_minutes: int


class ProfileChanges(_Sent):
    """A merge patch of one's own profile (RFC 7396), which everyone may read."""

    name: Annotated[Name, Field(default=None, description="As everyone sees it; no e-mail address")]
    bio: Annotated[Bio | None, Field(default=None, description="Plain text; null clears it")]
    picture: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
    website: Annotated[HttpsAddress | None, Field(default=None, description="null clears it")]
    approves_first_comments: Annotated[
        bool,
        Field(default=None, description="Whether who never commented with one before must wait"),
    ]

    def given(self) -> dict[str, Any]:
        """The members that were sent, null ones among them."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class PublicProfile(BaseModel):
    """An author, as everyone sees them."""

    id: str
    name: str
    bio: str | None
    picture: str | None
    website: str | None
    post_count: int
    follower_count: int


class Account(BaseModel):
    """Oneself. `name` is null until there is a profile."""

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
    publish_at: Moment | None
    version: int
    reading_minutes: int
    comments: Comments
    author: Author
    like_count: int
    comment_count: int
    created_at: Moment
    updated_at: Moment
    published_at: Moment | None

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
    created_at: Moment


class Revision(RevisionSummary):
    """A former text of a post."""

    body: Annotated[str, Field(description="Markdown")]


class RevisionPage(BaseModel):
    """A page of revisions."""

    items: list[RevisionSummary]
    next_cursor: str | None


class NewComment(_Sent):
    """A comment on a post, or a reply to one."""

    body: Annotated[CommentBody, Field(description="Markdown without headings and pictures")]
    parent_id: Annotated[str | None, Field(description="The comment that it replies to")] = None


class CommentChanges(_Sent):
    """A merge patch of a comment of one's own (RFC 7396)."""

    body: Annotated[CommentBody, Field(default=None, description="Markdown")]


class CommentDetail(BaseModel):
    """A comment. A pending one is seen by its writer and the post's author, and by nobody else."""

    id: str
    post_id: str
    parent_id: str | None
    body: Annotated[str, Field(description="Markdown")]
    body_html: Annotated[str, Field(description="Rendered and sanitised")]
    author: Author
    status: Literal["published", "pending"]
    version: int
    created_at: Moment
    updated_at: Moment


class Tombstone(BaseModel):
    """What is left of a deleted comment that has replies."""

    id: str
    deleted: Literal[True] = True


class CommentPage(BaseModel):
    """A page of the comments on a post, oldest first; replies carry their parent's id."""

    items: list[CommentDetail | Tombstone]
    next_cursor: str | None


class PendingPage(BaseModel):
    """A page of the comments that wait for one's approval, oldest first."""

    items: list[CommentDetail]
    next_cursor: str | None


class Reasoned(_Sent):
    """Why somebody reports something, or a moderator acts."""

    reason: Reason


class Unavailable(BaseModel):
    """Something in a list of one's own that is no longer there to see."""

    id: str
    available: Literal[False] = False


class LikesPage(BaseModel):
    """A page of the posts that one likes, the newest posts first."""

    items: list[PostSummary | Unavailable]
    next_cursor: str | None


class FollowsPage(BaseModel):
    """A page of the authors whom one follows, the latest followed first."""

    items: list[PublicProfile | Unavailable]
    next_cursor: str | None


class BannedPerson(BaseModel):
    """Somebody who may not write."""

    author: Author
    reason: str
    at: Moment


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
    created_at: Moment


class ReportPage(BaseModel):
    """A page of reports, the latest first."""

    items: list[Report]
    next_cursor: str | None


class NewMedia(_Sent):
    """A picture that is to be uploaded."""

    content_type: ContentType
    size: Annotated[int, Field(ge=1, le=MAX_BYTES, description="In bytes, exactly")]


class MediaReference(BaseModel):
    """A picture; `url` is its path in this API, and what a post's `cover_image` takes."""

    id: str
    url: str


class UploadForm(BaseModel):
    """Where to send a picture: a multipart form with these fields and then the file, `file`."""

    url: str
    fields: dict[str, str]


class MediaUpload(BaseModel):
    """An announced picture, and how to upload it."""

    media: MediaReference
    upload: UploadForm


class Export(BaseModel):
    """Everything of one's own, as a zip; `url` holds until `expires_at`, then ask again."""

    status: Literal["none", "preparing", "ready"]
    url: str | None
    expires_at: Moment | None


ErasureContent = Literal["erase", "anonymise"]


class Erasure(BaseModel):
    """What has become of one's erasure; told for 30 days after it is done."""

    status: Literal["none", "erasing", "done"]
    content: ErasureContent | None = None
    requested_at: Moment | None = None
    finished_at: Moment | None = None
