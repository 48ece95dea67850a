"""Creation and editing of posts, as pure functions without storage."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from blog.errors import FieldError, Unprocessable
from blog.identifiers import images_of, new_id
from blog.media.model import MediaItem
from blog.people.person import Person
from blog.posts.images import with_images
from blog.posts.model import MAX_STORED_BYTES, Post, Status
from blog.posts.rendering import Content, rendered
from blog.posts.schemas import NewPost
from blog.posts.slugs import derived_slug, with_suffix
from blog.posts.stored_text import TextForm

MAX_FORMER_SLUGS = 20
MAX_REVISIONS = 50
FIRST_PUBLICATION = datetime(1990, 1, 1, tzinfo=UTC)  # no blog is older


def created(
    new: NewPost,
    *,
    owner: Person,
    feed_shards: int,
    now: datetime,
    text_form: TextForm = "compressed",
    images: Mapping[str, MediaItem] | None = None,
) -> Post:
    """Return the first version of a post, with its permanent shard of the feed.

    `images` are those of `images_of(new.body)` that are ready.

    Raises Unprocessable if the body's HTML would be too long, or if `publish_at` or `published_at`
    does not fit.
    """
    publish_at = _publish_at(new.status, new.publish_at, None, now)
    published_at = _published_at(new.status, new.published_at, now)
    return Post(
        id=new_id(now),
        owner=owner.sub,
        author_id=owner.author_id,
        title=new.title,
        body=new.body,
        **_content_fields(rendered(new.body), images or {}),
        given_excerpt=new.excerpt,
        tags=new.tags,
        cover_image=new.cover_image,
        canonical_url=new.canonical_url,
        status=new.status,
        comments=new.comments,
        slug=new.slug or derived_slug(new.title),
        slug_is_derived=new.slug is None,
        feed_shard=secrets.randbelow(feed_shards),
        created_at=now,
        updated_at=now,
        publish_at=publish_at,
        published_at=published_at,
        text_form=text_form,
    )


class Edit:
    """An edit: the provided changes, with the HTML and other values derived from them once.

    It can be applied again if another write comes first.
    """

    def __init__(
        self, changes: Mapping[str, Any], now: datetime, text_form: TextForm = "compressed"
    ) -> None:
        """Take the provided members of a PostChanges, and the form to store the text in.

        Raises Unprocessable for changes that fit no post: a body whose HTML would be too long, or a
        `publish_at` that does not fit.
        """
        provided = dict(changes)
        _check_publish_at(provided, now)
        if "excerpt" in provided:
            provided["given_excerpt"] = provided.pop("excerpt")
        self._content = rendered(provided["body"]) if "body" in provided else None
        if self._content:
            provided |= _content_fields(self._content, {})
        self._provided = provided
        self._text_form = text_form

    @property
    def images(self) -> list[str]:
        """Return the ids of the site's own images in the new body."""
        return images_of(self._provided.get("body", ""))

    def show(self, images: Mapping[str, MediaItem]) -> None:
        """Add what browsers need to know of these images to the HTML of the new body."""
        if self._content:
            self._provided["body_html"] = with_images(self._content.html, images)

    @property
    def wanted_slug(self) -> str | None:
        """Return the requested slug, or the slug that a new title would give."""
        requested, title = self._provided.get("slug"), self._provided.get("title")
        return requested or (derived_slug(title) if title is not None else None)

    def applied_to(self, before: Post, now: datetime) -> Post:
        """Return the next version of a post. An empty patch makes a new version, too.

        `updated_at` is the time of the last change of what readers read. So feeds and sitemaps do
        not show an empty patch, or that comments are closed, as a change.

        Raises Unprocessable if the post would have too many former slugs, or if `publish_at` does
        not fit.
        """
        update = self._provided | _slug_change(before, self._provided)
        status = update.get("status", before.status)
        update["publish_at"] = _publish_at(status, update.get("publish_at"), before.publish_at, now)
        if update.get("status") == "published" and before.published_at is None:
            update["published_at"] = now
        if before.status == "published" and _changes_text(before, update):
            update["revisions"] = [*before.revisions, before.version][-MAX_REVISIONS:]
        update |= {"version": before.version + 1, "lock_version": before.lock_version + 1}
        update["text_form"] = self._text_form
        after = before.model_copy(update=update)
        if _as_read(after) == _as_read(before):
            return after
        return after.model_copy(update={"updated_at": now})


def _as_read(post: Post) -> dict[str, Any]:
    """Return what readers read of a post."""
    names = {
        "title", "body", "derived_excerpt", "given_excerpt", "tags", "cover_image",
        "canonical_url", "status", "publish_at", "published_at", "slug",
    }  # fmt: skip
    return post.model_dump(include=names)


def _content_fields(content: Content, images: Mapping[str, MediaItem]) -> dict[str, Any]:
    return {
        "body_html": with_images(content.html, images),
        "derived_excerpt": content.excerpt,
        "reading_minutes": content.reading_minutes,
    }


def _changes_text(before: Post, update: dict[str, Any]) -> bool:
    text = (before.title, before.body)
    return text != (update.get("title", before.title), update.get("body", before.body))


def _check_publish_at(provided: Mapping[str, Any], now: datetime) -> None:
    """Check `publish_at` without a post: by default, assume that the post is scheduled."""
    publish_at = provided.get("publish_at")
    if publish_at is not None:
        _publish_at(provided.get("status", "scheduled"), publish_at, None, now)


def _publish_at(
    status: Status, requested: datetime | None, before: datetime | None, now: datetime
) -> datetime | None:
    """Return a scheduled post's time of publication: the requested one, or the one before."""
    message = None
    if status != "scheduled":
        message = None if requested is None else "Needs the status scheduled"
        before = None
    elif requested is None and before is None:
        message = "Is missing: the status scheduled needs it"
    elif requested is not None and requested <= now:
        message = "Must be in the future"
    if message:
        raise Unprocessable([FieldError("publish_at", message)])
    return requested or before


def _published_at(status: Status, requested: datetime | None, now: datetime) -> datetime | None:
    """Return a new post's time of publication. A post that moves here has the one it had.

    The bound keeps the months of the sitemap few.
    """
    message = None
    if requested is not None and status != "published":
        message = "Needs the status published"
    elif requested is not None and not FIRST_PUBLICATION <= requested <= now:
        message = "Must be in the past, and not before 1990"
    if message:
        raise Unprocessable([FieldError("published_at", message)])
    return (requested or now) if status == "published" else None


def require_room(post: Post) -> None:
    """Raise Unprocessable if a post is larger than what the table keeps of one."""
    if post.stored_bytes > MAX_STORED_BYTES:
        text = f"Is too long to store: with its HTML, the post may take {MAX_STORED_BYTES:,} bytes"
        raise Unprocessable([FieldError("body", text)])


def with_another_slug(post: Post) -> Post:
    """Return the post with a random suffix to its derived slug, because that slug is taken."""
    return post.model_copy(update={"slug": with_suffix(derived_slug(post.title))})


def _slug_change(before: Post, provided: dict[str, Any]) -> dict[str, Any]:
    """Return the slug after an edit: the requested one, or one derived from the title.

    A derived slug follows the title until the first publication.
    """
    requested = provided.get("slug")
    follows = before.slug_is_derived and before.published_at is None
    if requested is None and not follows and "slug" not in provided:
        return {}
    slug = requested or derived_slug(provided.get("title", before.title))
    if requested is None and follows and slug == derived_slug(before.title):
        return {"slug": before.slug}  # with its random suffix, if it has one
    return {
        "slug": slug,
        "slug_is_derived": requested is None,
        "former_slugs": _former_slugs(before, slug),
    }


def _former_slugs(before: Post, slug: str) -> list[str]:
    """Return the reserved former slugs of a post that was published once, latest first.

    Old slugs are never released, because links point to them. Raises Unprocessable for a change
    that would exceed the limit.
    """
    if before.published_at is None:
        return []
    former = dict.fromkeys([before.slug, *before.former_slugs])
    former.pop(slug, None)
    if len(former) > MAX_FORMER_SLUGS:
        text = f"A post keeps at most {MAX_FORMER_SLUGS} former slugs: use one of them again"
        raise Unprocessable([FieldError("slug", text)])
    return list(former)
