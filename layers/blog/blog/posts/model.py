"""Posts as they are stored."""

from html import escape
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from blog.clock import Timestamp
from blog.identifiers import images_of
from blog.posts import stored_text
from blog.posts.stored_text import TextForm

# The schema version of stored posts. Increment it when `blog.admin.migrate_posts` gets a step.
SCHEMA = 4
MAX_STORED_BYTES = 390_000  # of a post in the table: DynamoDB takes items of 400 KB
MAX_HTML_BYTES = 1_500_000  # of a post's HTML in a feed, as Lambda sends it

_TEXTS = ("body", "body_html")  # in the order of the compressed form

Status = Literal["draft", "scheduled", "published"]
CommentMode = Literal["open", "closed"]


class Moderation(BaseModel):
    """The reason and the time of a moderator's hiding of a post."""

    reason: str
    at: Timestamp


class Post(BaseModel):
    """A post with everything that decides where it is listed. `owner` is the raw, private `sub`.

    `version` counts edits and is public. `lock_version` counts all writes, and conditions compare
    it; so a scheduled publication does not make an edit fail. `given_excerpt` is the author's own
    excerpt, which replaces the derived one. `revisions` lists the stored versions, oldest first.
    `text_form` says how the item stores the body and the HTML.
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
    text_form: TextForm = Field(default="compressed", exclude=True)

    @property
    def excerpt(self) -> str:
        """Return the author's own excerpt, or else the first words."""
        return self.given_excerpt or self.derived_excerpt

    @property
    def is_public(self) -> bool:
        """Return whether everyone may read the post."""
        return self.status == "published" and self.moderation is None

    @property
    def images(self) -> list[str]:
        """Return the ids of the site's own images that the post shows."""
        return images_of(f"{self.cover_image or ''} {self.body}")

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """Build a post from an item of the table."""
        texts, form = stored_text.read(item, *_TEXTS)
        return cls.model_validate({**item, **texts, "text_form": form})

    def item(self) -> dict[str, Any]:
        """Return the item for the table.

        If newer code stored the post, the item loses the attributes that this code does not know.
        It then gets this code's schema number, so that a migration converts it again.
        """
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {
            **self.model_dump(exclude={*_TEXTS}, exclude_none=True),
            **stored_text.stored(texts, self.text_form),
            "schema_number": min(self.schema_number, SCHEMA),
        }

    @property
    def stored_bytes(self) -> int:
        """Return the size of the item in the table, at least, in bytes."""
        return _size(self.item())


class Entry(BaseModel):
    """A post's entry in a list: everything that lists show, except values of other items.

    `stored_bytes` is the size of the post in the table, and `html_bytes` that of its HTML in a
    feed. Feeds need them to choose which posts they contain in full.
    """

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
    # Entries of older versions have no sizes, and count as the largest posts.
    stored_bytes: int = MAX_STORED_BYTES
    html_bytes: int = MAX_HTML_BYTES

    @classmethod
    def of(cls, post: Post) -> Self:
        """Build the entry of a post."""
        sizes = {
            "stored_bytes": post.stored_bytes,
            "html_bytes": _size_in_feed(post.body_html),
        }
        return cls.model_validate({**post.model_dump(), **sizes, "excerpt": post.excerpt})


def _size_in_feed(html: str) -> int:
    """Return the larger size of HTML in both kinds of feeds, in bytes.

    A feed escapes it for JSON or for XML. Then Lambda sends the feed as a JSON string. Absolute
    addresses add at most `feeds.MAX_GROWTH` to it, and the direction one tag.
    """
    as_json, as_xml = to_json(html).decode(), escape(html, quote=False)
    return max(len(to_json(as_json)), len(to_json(as_xml)))


def _size(value: Any) -> int:
    """Return the size of a value as DynamoDB stores it, at least, in bytes.

    Source: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    match value:
        case str():
            return len(value.encode())
        case bytes():
            return len(value)
        case dict():
            return 3 + sum(1 + _size(name) + _size(member) for name, member in value.items())
        case list():
            return 3 + sum(1 + _size(member) for member in value)
    return 21  # the largest number; all others are smaller


class Stats(BaseModel):
    """A post's counters, with what a like or a comment must know of the post.

    With it, likes and comments never read the post itself.
    """

    like_count: int = 0
    comment_count: int = 0
    is_public: bool = False
    comments: CommentMode = "open"
    owner: str = ""
    author_id: str = ""

    @classmethod
    def of(cls, post: Post) -> Self:
        """Build the stats of a new post."""
        return cls.model_validate(cls.state_of(post))

    @staticmethod
    def state_of(post: Post) -> dict[str, Any]:
        """Return the attributes that writes of the post set. Other writes change the counters."""
        return {
            "is_public": post.is_public,
            "comments": post.comments,
            "owner": post.owner,
            "author_id": post.author_id,
        }
