"""The table's keys: which item lies where, in one place."""

from datetime import datetime
from typing import NamedTuple

from blog.moments import written

# Before every entry of a list, when it is read newest first: `~` comes after all digits.
NEWEST = "ENTRY#~"


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


class Listing(NamedTuple):
    """A list: its name, to which cursors are bound, and the partitions that hold its entries."""

    name: str
    partitions: tuple[str, ...]


def post_key(post_id: str) -> Key:
    """The post itself."""
    return Key(f"POST#{post_id}", "POST")


def slug_key(slug: str) -> Key:
    """The reservation of a slug."""
    return Key(f"SLUG#{slug}", "SLUG")


def entry_sort_key(moment: datetime, post_id: str) -> str:
    """Where an entry stands in its list: by time, then by id."""
    return f"ENTRY#{written(moment)}#{post_id}"


def entry_position(sort_key: str) -> tuple[datetime, str]:
    """The time and the id that an entry's sort key was made of."""
    _, moment, entry_id = sort_key.split("#")
    return datetime.fromisoformat(moment), entry_id


def feed_partition(shard: int) -> str:
    """One shard of the feed."""
    return f"FEED#{shard}"


def feed(shards: int) -> Listing:
    """All published posts. Its name says nothing of the shards, so that cursors outlive them."""
    return Listing("FEED", tuple(map(feed_partition, range(shards))))


def owner_partition(sub: str, status: str | None = None) -> str:
    """A person's own posts, all or of one status. The kind comes first: a sub may hold a `#`."""
    kind = f"OWNER:{status}" if status else "OWNER"
    return f"{kind}#{sub}"


def owned(sub: str, status: str | None = None) -> Listing:
    """The list of a person's own posts."""
    partition = owner_partition(sub, status)
    return Listing(partition, (partition,))
