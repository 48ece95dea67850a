"""How a post comes to be and changes. Pure functions: storage is elsewhere."""

import secrets
from datetime import datetime
from typing import Any

from blog.errors import FieldError, Unprocessable
from blog.identifiers import new_id
from blog.models import NewPost, Post, PostChanges, Status
from blog.slugs import derived_slug, with_suffix

MAX_FORMER_SLUGS = 20


def created(
    new: NewPost, *, owner: str, author_id: str, feed_shards: int, moment: datetime
) -> Post:
    """The first version of a post. Its shard of the feed is chosen here and stays with it.

    Raises Unprocessable for a time of publication that does not fit.
    """
    return Post(
        id=new_id(moment),
        owner=owner,
        author_id=author_id,
        title=new.title,
        body=new.body,
        tags=new.tags,
        status=new.status,
        slug=new.slug or derived_slug(new.title),
        slug_is_derived=new.slug is None,
        feed_shard=secrets.randbelow(feed_shards),
        created_at=moment,
        updated_at=moment,
        publish_at=_publish_at(new.status, new.publish_at, None, moment),
        published_at=moment if new.status == "published" else None,
    )


def check(changes: PostChanges, moment: datetime) -> None:
    """Raises Unprocessable for what no post could be changed to, whatever it is now."""
    given = changes.given()
    _publish_at(given.get("status", "scheduled"), given.get("publish_at"), moment, moment)


def changed(before: Post, changes: PostChanges, moment: datetime) -> Post:
    """The next version of a post. An empty patch makes one too.

    Raises Unprocessable for a slug that would be one too many, and for a time of publication that
    does not fit.
    """
    update: dict[str, Any] = changes.given()
    update |= _slug_change(before, update)
    status = update.get("status", before.status)
    update["publish_at"] = _publish_at(status, update.get("publish_at"), before.publish_at, moment)
    if update.get("status") == "published" and before.published_at is None:
        update["published_at"] = moment
    return before.model_copy(
        update=update
        | {
            "version": before.version + 1,
            "lock_version": before.lock_version + 1,
            "updated_at": moment,
        }
    )


def published(before: Post) -> Post:
    """A scheduled post, published: a write that is no edit, so that it disturbs no editor."""
    return before.model_copy(
        update={
            "status": "published",
            "publish_at": None,
            "published_at": before.published_at or before.publish_at,
            "lock_version": before.lock_version + 1,
        }
    )


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
        return {}  # it keeps its random ending, if it has one
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
