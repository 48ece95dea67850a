"""Lists: which partitions hold one, and in which order it is read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from blog.dynamodb.keys import (
    BANNED,
    COMMENT,
    ENTRY,
    HIDDEN,
    LIKE,
    PENDING,
    REPORTS,
    TAGS,
    author_partition,
    entry_sort_key,
    feed_partition,
    owner_partition,
    post_partition,
    tag_partition,
    user_partition,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Order:
    """How a list is read, and how a place in it is written as bytes for a cursor.

    `place` and `sort_key` are each other's inverse; the latter raises ValueError or OverflowError
    for bytes that are no place.
    """

    prefix: str
    is_ascending: bool
    place: Callable[[str], bytes]
    sort_key: Callable[[bytes], str]


@dataclass(frozen=True)
class Listing:
    """A list: its name, to which cursors are bound, and the partitions that hold its entries."""

    name: str
    partitions: tuple[str, ...]
    order: Order


def _time_and_id(sort_key: str) -> bytes:
    """Six bytes of milliseconds and the id's sixteen."""
    _, moment, entry_id = sort_key.split("#")
    milliseconds = (datetime.fromisoformat(moment) - _EPOCH) // _MILLISECOND
    return milliseconds.to_bytes(6) + ULID.from_str(entry_id).bytes


def _entry(place: bytes) -> str:
    if len(place) != 22:
        raise ValueError("no time and id")
    moment = _EPOCH + int.from_bytes(place[:6]) * _MILLISECOND
    return entry_sort_key(moment, str(ULID.from_bytes(place[6:])))


def _by_name(prefix: str, *, is_ascending: bool) -> Order:
    return Order(
        prefix,
        is_ascending,
        lambda sort_key: sort_key.removeprefix(prefix).encode(),
        lambda place: prefix + place.decode(),
    )


# As NEWEST_FIRST, of what is no post: authors' ids are no ULIDs.
_LATEST_FIRST = _by_name(ENTRY, is_ascending=False)
_LIKES = _by_name(LIKE, is_ascending=False)
_COMMENTS = _by_name(COMMENT, is_ascending=True)
_WAITING = _by_name(PENDING, is_ascending=True)
NEWEST_FIRST = Order(ENTRY, is_ascending=False, place=_time_and_id, sort_key=_entry)
_TAG_NAMES = _by_name("TAG#", is_ascending=True)
_VERSIONS = _by_name("REVISION#", is_ascending=False)

# All tags that published posts have, by name.
TAG_COUNTS = Listing("TAGS", (TAGS,), _TAG_NAMES)
# What moderators see, the latest first.
HIDDEN_POSTS = Listing(HIDDEN, (HIDDEN,), NEWEST_FIRST)
BANNED_PEOPLE = Listing(BANNED, (BANNED,), _LATEST_FIRST)
REPORTED = Listing(REPORTS, (REPORTS,), NEWEST_FIRST)


def feed(shards: int) -> Listing:
    """All published posts. Its name says nothing of the shards, so that cursors outlive them."""
    return Listing("FEED", tuple(map(feed_partition, range(shards))), NEWEST_FIRST)


def by_author(author_id: str) -> Listing:
    """An author's published posts."""
    return _posts_of(author_partition(author_id))


def tagged(tag: str) -> Listing:
    """The published posts with a tag, which is normalised."""
    return _posts_of(tag_partition(tag))


def owned(sub: str, status: str | None = None) -> Listing:
    """A person's own posts, newest created first."""
    return _posts_of(owner_partition(sub, status))


def revisions(post_id: str) -> Listing:
    """The revisions of a post, newest first."""
    partition = post_partition(post_id)
    return Listing(f"REVISIONS#{post_id}", (partition,), _VERSIONS)


def comments_on(post_id: str) -> Listing:
    """The comments on a post, oldest first."""
    return Listing(f"COMMENTS#{post_id}", (post_partition(post_id),), _COMMENTS)


def approval_queue(author_id: str) -> Listing:
    """The comments that wait for an author, oldest first."""
    return Listing(f"WAITING#{author_id}", (author_partition(author_id),), _WAITING)


def liked(sub: str) -> Listing:
    """The posts that somebody likes, newest created first."""
    return Listing(f"LIKES#{sub}", (user_partition(sub),), _LIKES)


def followed_by(sub: str) -> Listing:
    """The authors whom somebody follows, the latest first."""
    return Listing(f"FOLLOWS#{sub}", (user_partition(sub),), _LATEST_FIRST)


def followed(sub: str, author_ids: Iterable[str]) -> Listing:
    """The published posts of the authors whom somebody follows. Its name does not say whom, so that
    cursors outlive a change of it."""
    return Listing(f"FOLLOWED#{sub}", tuple(map(author_partition, author_ids)), NEWEST_FIRST)


def _posts_of(partition: str) -> Listing:
    return Listing(partition, (partition,), NEWEST_FIRST)
