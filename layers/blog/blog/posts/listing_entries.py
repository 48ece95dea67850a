"""The functions that decide where a post is listed and counted.

Every write stores the post and the difference between their results before and after, in one
transaction. So at any time, the table holds exactly `entries(post)` of every post, and each counter
is the number of posts that name it in `counters(post)`.
"""

from datetime import datetime
from typing import Any, NamedTuple

from blog.clock import to_rfc3339
from blog.dynamodb.keys import (
    DUE,
    HIDDEN,
    Key,
    author_partition,
    author_stats_key,
    entry_sort_key,
    feed_partition,
    month_count_key,
    owner_partition,
    sitemap_partition,
    sitemap_sort_key,
    slug_key,
    summary_key,
    tag_count_key,
    tag_partition,
)
from blog.posts.model import Entry, Post


def entries(post: Post) -> dict[Key, dict[str, Any]]:
    """Return all listing entries of a post, by their keys."""
    created = entry_sort_key(post.created_at, post.id)
    keys = [
        Key(owner_partition(post.owner), created),
        Key(owner_partition(post.owner, post.status), created),
    ]
    if post.status == "scheduled" and post.publish_at is not None:
        keys.append(Key(DUE, entry_sort_key(post.publish_at, post.id)))
    if post.status == "published" and post.moderation is not None:
        keys.append(Key(HIDDEN, entry_sort_key(post.moderation.at, post.id)))
    address: dict[Key, dict[str, Any]] = {}
    if post.is_public and post.published_at is not None:
        published = entry_sort_key(post.published_at, post.id)
        keys += [
            Key(feed_partition(post.feed_shard), published),
            Key(author_partition(post.author_id), published),
            *(Key(tag_partition(tag), published) for tag in post.tags),
            summary_key(post.id),
        ]
        if _is_in_sitemap(post):
            sitemap = Key(sitemap_partition(_month(post.published_at)), sitemap_sort_key(post.id))
            changed_at = to_rfc3339(max(post.updated_at, post.published_at))
            address[sitemap] = {"slug": post.slug, "changed_at": changed_at}
    entry = Entry.of(post).model_dump(exclude_none=True)
    return dict.fromkeys(keys, entry) | address


class PostCounter(NamedTuple):
    """A counter: the attribute `name` of an item. A listed counter is removed at zero."""

    key: Key
    name: str = "count"
    is_listed: bool = True


def counters(post: Post) -> list[PostCounter]:
    """Return the counters of a public post: its tags, its author, and its month in the sitemap."""
    if not post.is_public or post.published_at is None:
        return []
    month = month_count_key(_month(post.published_at), post.feed_shard)
    return [
        *(PostCounter(tag_count_key(tag)) for tag in post.tags),
        *([PostCounter(month)] if _is_in_sitemap(post) else []),
        PostCounter(author_stats_key(post.author_id), "post_count", is_listed=False),
    ]


def _is_in_sitemap(post: Post) -> bool:
    """Return whether this site is the first address of a post. Schema 2 did not ask."""
    return post.canonical_url is None or post.schema_number < 3


def reserved_slugs(post: Post) -> list[str]:
    """Return the slugs that the post reserves while it exists, the current one first."""
    return [post.slug, *post.former_slugs]


def reservations(post: Post) -> dict[Key, dict[str, Any]]:
    """Return the items that reserve the slugs of a post, by their keys.

    They name the author, so that who reads one can read post, counters and profile at once. Those
    of posts that no code of schema 3 has created or migrated do not.
    """
    reservation = {"post_id": post.id, "author_id": post.author_id}
    return {slug_key(slug): reservation for slug in reserved_slugs(post)}


def _month(published_at: datetime) -> str:
    """Return the month of the first publication in UTC. A post stays in that sitemap file."""
    return to_rfc3339(published_at)[:7]
