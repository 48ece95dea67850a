"""Create posts in tests, list what they store, and write to a table between a read and a write."""

import collections
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import post_key, revision_key, revision_text_key, slug_key, stats_key
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.identifiers import author_id
from blog.limits import KINDS
from blog.people.person import Person
from blog.people.rate_limits import RateLimits
from blog.posts.listing_entries import PostCounter, counters, entries, reservations, reserved_slugs
from blog.posts.model import Post, Stats
from blog.posts.queries import PostQueries
from blog.posts.schemas import NewPost, PostChanges
from blog.posts.service import Posts
from blog.posts.stored_text import TextForm
from blog.s3 import Bucket
from tests.support.samples import ALICE

TABLE = "BlogTable"
BUCKET = "MediaBucket"
NO_BUCKET = Bucket("none")  # for jobs that need no bucket
VERSION_1 = IfMatch(frozenset({1}))
THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


NO_LIMITS = RateLimits(dict.fromkeys(KINDS, 10**9))


class Blog(Posts, PostQueries):
    """The services that write posts and read posts, in one class. It has no rate limits."""

    def __init__(
        self, table: Table, feed_shards: int = 1, text_form: TextForm = "compressed"
    ) -> None:
        super().__init__(table, feed_shards, NO_LIMITS, text_form)


def person(sub: str) -> Person:
    """Return a person with a public author id."""
    return Person(sub, author_id(sub, "a key"))


def create(posts: Posts, owner: str = ALICE, now: datetime | None = None, **members: Any) -> Post:
    """Create a post of this owner."""
    new = NewPost.model_validate({"title": "Hello"} | members)
    return posts.create(new, owner=person(owner), at=now).post


def edit(
    posts: Posts, post: Post, sub: str = ALICE, if_match: IfMatch | None = None, **members: Any
) -> Post:
    """Edit a post, and return its next version."""
    changes = PostChanges.model_validate(members)
    return posts.edit(post.id, changes, owner=person(sub), if_match=if_match).post


def put_all(table_resource: Any, posts: Iterable[Post]) -> None:
    """Store posts and their items in batches, much faster than by one transaction per post."""
    counts: collections.Counter[PostCounter] = collections.Counter()
    with table_resource.batch_writer() as batch:
        for post in posts:
            for item in items_of(post):
                batch.put_item(Item=item)
            counts.update(counters(post))
        for counter, count in counts.items():
            batch.put_item(Item={counter.name: count, **counter.key._asdict()})


def items_of(post: Post) -> Iterator[Item]:
    """Yield all items that the creation of a post stores, except the shared counters."""
    yield {**post.item(), **post_key(post.id)._asdict()}
    yield {**Stats.of(post).model_dump(), **stats_key(post.id)._asdict()}
    for key, item in (reservations(post) | entries(post)).items():
        yield {**item, **key._asdict()}


VERSION_NAMES = ("version", "count", "post_count")
Items = dict[tuple[str, str], int]


def expected_items(posts: Iterable[Post]) -> Items:
    """Return the items of a table with these posts after all jobs have run.

    Each key has the item's version or count, or 0.
    """
    found: Items = {}
    for post in posts:
        found |= {post_key(post.id): post.version, stats_key(post.id): 0}
        found |= {key: entry.get("version", 0) for key, entry in entries(post).items()}
        found |= dict.fromkeys(map(slug_key, reserved_slugs(post)), 0)
        for version in post.revisions:
            found[revision_key(post.id, version)] = version
            found[revision_text_key(post.id, version)] = version
        for counter in counters(post):
            found[counter.key] = found.get(counter.key, 0) + 1
    return found


def stored_items(client: Any) -> Items:
    """Return the items of the table in the same form.

    It leaves out jobs, idempotency keys and the counts of writes in an hour.
    """
    found = {
        key: int(next((item[name]["N"] for name in VERSION_NAMES if name in item), 0))
        for key, item in stored(client).items()
        if key[0] != "JOBS" and key[1] != "BAN" and not key[1].startswith("IDEMPOTENCY#")
    }
    # The counters of an author stay after the first publication.
    return {
        key: version
        for key, version in found.items()
        if not (key[0].startswith("AUTHOR#") and key[1] == "STATS" and version == 0)
    }


def stored(client: Any, table: str = TABLE) -> dict[tuple[str, str], dict[str, Any]]:
    """Return every item of a table by its key. Only tests may scan."""
    pages = client.get_paginator("scan").paginate(TableName=table)
    items = [item for page in pages for item in page["Items"]]
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in items}


class RacingTable(Table):
    """A table where another writer wins: `before_write` runs between our read and our write."""

    before_write: Sequence[Callable[[], Any]] = ()

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        """Run the next function of `before_write`, then write."""
        if self.before_write:
            first, *self.before_write = self.before_write
            first()
        super().transact(actions, token)
