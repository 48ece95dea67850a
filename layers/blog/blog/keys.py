"""The table's keys: which item lies where, in one place."""

from datetime import datetime
from typing import NamedTuple

from blog.moments import written

# The bounds of a partition's entries, beside which other items may lie: `~` comes after all digits.
OLDEST = "ENTRY#"
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


def idempotency_key(sub: str, key: str) -> Key:
    """What a person made with an Idempotency-Key."""
    return Key(f"USER#{sub}", f"IDEMPOTENCY#{key}")


def entry_sort_key(moment: datetime, post_id: str) -> str:
    """Where an entry stands in its list: by time, then by id."""
    return f"ENTRY#{written(moment)}#{post_id}"


def just_before(sort_key: str) -> str:
    """A bound below this entry and above the one before it: all entries' keys are of one length."""
    return f"{sort_key[:-1]}{chr(ord(sort_key[-1]) - 1)}~"


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


# The scheduled posts, by the time of their publication.
DUE = "DUE"


def author_partition(author_id: str) -> str:
    """An author's published posts."""
    return f"AUTHOR#{author_id}"


def by_author(author_id: str) -> Listing:
    """The list of an author's published posts."""
    return _listing(author_partition(author_id))


def tag_partition(tag: str) -> str:
    """The published posts with a tag, which is normalised."""
    return f"TAG#{tag}"


def tagged(tag: str) -> Listing:
    """The list of the published posts with a tag."""
    return _listing(tag_partition(tag))


def owner_partition(sub: str, status: str | None = None) -> str:
    """A person's own posts, all or of one status. The kind comes first: a sub may hold a `#`."""
    kind = f"OWNER:{status}" if status else "OWNER"
    return f"{kind}#{sub}"


def owned(sub: str, status: str | None = None) -> Listing:
    """The list of a person's own posts."""
    return _listing(owner_partition(sub, status))


def _listing(partition: str) -> Listing:
    return Listing(partition, (partition,))
