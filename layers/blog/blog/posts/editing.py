"""How a post comes to be and changes. Pure functions: storage is elsewhere."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from blog.errors import FieldError, Unprocessable
from blog.identifiers import new_id
from blog.people.person import Person
from blog.posts.model import Post, Status
from blog.posts.rendering import Content, rendered
from blog.posts.schemas import NewPost
from blog.posts.slugs import derived_slug, with_suffix

MAX_FORMER_SLUGS = 20
MAX_REVISIONS = 50


def created(new: NewPost, *, owner: Person, feed_shards: int, moment: datetime) -> Post:
    """The first version of a post. Its shard of the feed is chosen here and stays with it.

    Raises Unprocessable for a body whose HTML would be too long, and for a time of publication
    that does not fit.
    """
    publish_at = _publish_at(new.status, new.publish_at, None, moment)
    return Post(
        id=new_id(moment),
        owner=owner.sub,
        author_id=owner.author_id,
        title=new.title,
        body=new.body,
        **_made_of(rendered(new.body)),
        given_excerpt=new.excerpt,
        tags=new.tags,
        cover_image=new.cover_image,
        canonical_url=new.canonical_url,
        status=new.status,
        comments=new.comments,
        slug=new.slug or derived_slug(new.title),
        slug_is_derived=new.slug is None,
        feed_shard=secrets.randbelow(feed_shards),
        created_at=moment,
        updated_at=moment,
        publish_at=publish_at,
        published_at=moment if new.status == "published" else None,
    )


class Edit:
    """An edit of any post: what was sent, with all that is made of it once and for all.

    It is applied again where another write came between.
    """

    def __init__(self, changes: Mapping[str, Any], moment: datetime) -> None:
        """`changes` has the members of a PostChanges that were given.

        Raises Unprocessable for what no post could be changed to, whatever it is now: a body whose
        HTML would be too long, and a time of publication that does not fit.
        """
        given = dict(changes)
        _check_publish_at(given, moment)
        if "excerpt" in given:
            given["given_excerpt"] = given.pop("excerpt")
        if "body" in given:
            given |= _made_of(rendered(given["body"]))
        self._given = given

    @property
    def wanted_slug(self) -> str | None:
        """The slug that it asks for, or would derive from the title that it brings."""
        asked = self._given.get("slug")
        return asked or (derived_slug(self._given["title"]) if "title" in self._given else None)

    def applied_to(self, before: Post, moment: datetime) -> Post:
        """The next version of a post. An empty patch makes one too.

        Raises Unprocessable for a slug that would be one too many, and for a time of publication
        that does not fit.
        """
        update = self._given | _slug_change(before, self._given)
        status = update.get("status", before.status)
        update["publish_at"] = _publish_at(
            status, update.get("publish_at"), before.publish_at, moment
        )
        if update.get("status") == "published" and before.published_at is None:
            update["published_at"] = moment
        if before.status == "published" and _has_another_text(before, update):
            update["revisions"] = [*before.revisions, before.version][-MAX_REVISIONS:]
        return before.model_copy(
            update=update
            | {
                "version": before.version + 1,
                "lock_version": before.lock_version + 1,
                "updated_at": moment,
            }
        )


def _made_of(content: Content) -> dict[str, Any]:
    return {
        "body_html": content.html,
        "derived_excerpt": content.excerpt,
        "reading_minutes": content.reading_minutes,
    }


def _has_another_text(before: Post, update: dict[str, Any]) -> bool:
    text = (before.title, before.body)
    return text != (update.get("title", before.title), update.get("body", before.body))


def _check_publish_at(given: Mapping[str, Any], moment: datetime) -> None:
    """What was sent must fit some post: one that is scheduled, where it does not say otherwise."""
    sent = given.get("publish_at")
    if sent is not None:
        _publish_at(given.get("status", "scheduled"), sent, None, moment)


def _publish_at(
    status: Status, sent: datetime | None, before: datetime | None, moment: datetime
) -> datetime | None:
    """When the post is to be published: what was sent, or what stands, if it is scheduled."""
    fault = None
    if status != "scheduled":
        fault = None if sent is None else "Needs the status scheduled"
        before = None
    elif sent is None and before is None:
        fault = "Is missing: the status scheduled needs it"
    elif sent is not None and sent <= moment:
        fault = "Must be in the future"
    if fault:
        raise Unprocessable([FieldError("publish_at", fault)])
    return sent or before


def with_another_slug(post: Post) -> Post:
    """The same with a random ending to its derived slug, because that one is taken."""
    return post.model_copy(update={"slug": with_suffix(derived_slug(post.title))})


def _slug_change(before: Post, given: dict[str, Any]) -> dict[str, Any]:
    """The slug after an edit: as asked for, or derived, which follows the title until published."""
    asked = given.get("slug")
    follows = before.slug_is_derived and before.published_at is None
    if asked is None and not follows and "slug" not in given:
        return {}
    slug = asked or derived_slug(given.get("title", before.title))
    if asked is None and follows and slug == derived_slug(before.title):
        return {"slug": before.slug}  # with its random ending, if it has one
    return {
        "slug": slug,
        "slug_is_derived": asked is None,
        "former_slugs": _former_slugs(before, slug),
    }


def _former_slugs(before: Post, slug: str) -> list[str]:
    """Once a post was published, the slugs it leaves stay reserved, the latest ones first.

    None is ever let go, for links lead there: a move that would leave too many is refused.
    """
    if before.published_at is None:
        return []
    left = dict.fromkeys([before.slug, *before.former_slugs])
    left.pop(slug, None)
    if len(left) > MAX_FORMER_SLUGS:
        text = f"A post keeps at most {MAX_FORMER_SLUGS} former slugs: go back to one of them"
        raise Unprocessable([FieldError("slug", text)])
    return list(left)
