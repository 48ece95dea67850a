"""How a post comes to be and changes. Pure functions: storage is elsewhere."""

import secrets
from datetime import datetime
from typing import Any

from blog.identifiers import new_id
from blog.models import NewPost, Post, PostChanges
from blog.slugs import derived_slug, is_derived_from, with_suffix

MAX_FORMER_SLUGS = 20


def created(
    new: NewPost, *, owner: str, author_id: str, feed_shards: int, moment: datetime
) -> Post:
    """The first version of a post. Its shard of the feed is chosen here and stays with it."""
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
        published_at=moment if new.status == "published" else None,
    )


def changed(before: Post, changes: PostChanges, moment: datetime) -> Post:
    """The next version of a post. An empty patch makes one too."""
    update: dict[str, Any] = changes.given()
    update |= _slug_change(before, update)
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


def with_another_slug(post: Post) -> Post:
    """The same with a random ending to its derived slug, because that one is taken."""
    return post.model_copy(update={"slug": with_suffix(derived_slug(post.title))})


def _slug_change(before: Post, given: dict[str, Any]) -> dict[str, Any]:
    """The slug after an edit: as asked for, or derived, which follows the title until published."""
    asked = "slug" in given
    if asked and given["slug"] is not None:
        slug, is_derived = given["slug"], False
    elif asked or (before.slug_is_derived and before.published_at is None):
        base = derived_slug(given.get("title", before.title))
        slug, is_derived = base, True
        if is_derived_from(before.slug, base) and before.slug_is_derived:
            slug = before.slug
    else:
        return {}
    return {
        "slug": slug,
        "slug_is_derived": is_derived,
        "former_slugs": _former_slugs(before, slug),
    }


def _former_slugs(before: Post, slug: str) -> list[str]:
    """Once a post was published, the slugs it leaves stay reserved, the latest ones first."""
    if before.published_at is None:
        return []
    left = dict.fromkeys([before.slug, *before.former_slugs])
    left.pop(slug, None)
    return list(left)[:MAX_FORMER_SLUGS]
