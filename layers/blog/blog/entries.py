"""Where a post is listed: the one function that decides it.

Every write stores the post and the difference between its entries before and after, in one
transaction. So the table's entries are exactly `entries(post)` of every post, at any moment.
"""

from typing import Any

from blog.keys import (
    DUE,
    Key,
    author_partition,
    entry_sort_key,
    feed_partition,
    owner_partition,
    tag_partition,
)
from blog.models import Post, PostSummary


def entries(post: Post) -> dict[Key, dict[str, Any]]:
    """All listing entries of a post: its summary, under the key it has in each list."""
    created = entry_sort_key(post.created_at, post.id)
    keys = [
        Key(owner_partition(post.owner), created),
        Key(owner_partition(post.owner, post.status), created),
    ]
    if post.status == "scheduled" and post.publish_at is not None:
        keys.append(Key(DUE, entry_sort_key(post.publish_at, post.id)))
    if post.status == "published" and post.published_at is not None:
        published = entry_sort_key(post.published_at, post.id)
        keys += [
            Key(feed_partition(post.feed_shard), published),
            Key(author_partition(post.author_id), published),
            *(Key(tag_partition(tag), published) for tag in post.tags),
        ]
    summary = PostSummary.of(post).model_dump()
    return dict.fromkeys(keys, summary)


def reserved_slugs(post: Post) -> list[str]:
    """The slugs that nobody else can have while the post exists, the current one first."""
    return [post.slug, *post.former_slugs]
