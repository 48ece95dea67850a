"""Lists: the partitions that hold each list, and its order."""

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
    """The order of a list, and the encoding of a position in it as bytes for a cursor.

    `place` turns a sort key into bytes, and `sort_key` turns them back. `sort_key` raises
    ValueError or OverflowError for invalid bytes.
    """

    prefix: str
    is_ascending: bool
    place: Callable[[str], bytes]
    sort_key: Callable[[bytes], str]


@dataclass(frozen=True)
class Listing:
    """A list: its name, its partitions and its order. Cursors are bound to the name."""

    name: str
    partitions: tuple[str, ...]
    order: Order


def _time_and_id(sort_key: str) -> bytes:
    """Encode a sort key as six bytes of milliseconds and sixteen bytes of the id."""
    _, time, entry_id = sort_key.split("#")
    milliseconds = (datetime.fromisoformat(time) - _EPOCH) // _MILLISECOND
    return milliseconds.to_bytes(6) + ULID.from_str(entry_id).bytes


def _entry(place: bytes) -> str:
    if len(place) != 22:
        raise ValueError("not a time and an id")
    time = _EPOCH + int.from_bytes(place[:6]) * _MILLISECOND
    return entry_sort_key(time, str(ULID.from_bytes(place[6:])))


def _by_name(prefix: str, *, is_ascending: bool) -> Order:
    return Order(
        prefix,
        is_ascending,
        lambda sort_key: sort_key.removeprefix(prefix).encode(),
        lambda place: prefix + place.decode(),
    )


# By time like NEWEST_FIRST, for entries of authors, whose ids are not ULIDs.
_LATEST_FIRST = _by_name(ENTRY, is_ascending=False)
_LIKES = _by_name(LIKE, is_ascending=False)
_COMMENTS = _by_name(COMMENT, is_ascending=True)
_PENDING_COMMENTS = _by_name(PENDING, is_ascending=True)
NEWEST_FIRST = Order(ENTRY, is_ascending=False, place=_time_and_id, sort_key=_entry)
_TAG_NAMES = _by_name("TAG#", is_ascending=True)
_VERSIONS = _by_name("REVISION#", is_ascending=False)

# All tags of published posts, by name.
TAG_COUNTS = Listing("TAGS", (TAGS,), _TAG_NAMES)
# The moderators' lists, newest first.
HIDDEN_POSTS = Listing(HIDDEN, (HIDDEN,), NEWEST_FIRST)
BANNED_PEOPLE = Listing(BANNED, (BANNED,), _LATEST_FIRST)
REPORTED = Listing(REPORTS, (REPORTS,), NEWEST_FIRST)


def feed(shards: int) -> Listing:
    """Return the list of all published posts.

    Its name does not contain the number of shards, so cursors survive a change of it.
    """
    return Listing("FEED", tuple(map(feed_partition, range(shards))), NEWEST_FIRST)


def by_author(author_id: str) -> Listing:
    """Return the list of an author's published posts."""
    return _posts_of(author_partition(author_id))


def tagged(tag: str) -> Listing:
    """Return the list of the published posts with a normalised tag."""
    return _posts_of(tag_partition(tag))


def owned(sub: str, status: str | None = None) -> Listing:
    """Return the list of a user's own posts, most recently created first."""
    return _posts_of(owner_partition(sub, status))


def revisions(post_id: str) -> Listing:
    """Return the list of a post's revisions, newest first."""
    partition = post_partition(post_id)
    return Listing(f"REVISIONS#{post_id}", (partition,), _VERSIONS)


def comments_on(post_id: str) -> Listing:
    """Return the list of the comments on a post, oldest first."""
    return Listing(f"COMMENTS#{post_id}", (post_partition(post_id),), _COMMENTS)


def approval_queue(author_id: str) -> Listing:
    """Return the list of the pending comments on an author's posts, oldest first."""
    return Listing(f"WAITING#{author_id}", (author_partition(author_id),), _PENDING_COMMENTS)


def liked(sub: str) -> Listing:
    """Return the list of the posts that a user likes, most recently created first."""
    return Listing(f"LIKES#{sub}", (user_partition(sub),), _LIKES)


def followed_by(sub: str) -> Listing:
    """Return the list of the authors that a user follows, most recently followed first."""
    return Listing(f"FOLLOWS#{sub}", (user_partition(sub),), _LATEST_FIRST)


def followed(sub: str, author_ids: Iterable[str]) -> Listing:
    """Return the list of the published posts by the authors that a user follows.

    Its name does not contain the authors, so cursors survive a new follow or unfollow.
    """
    return Listing(f"FOLLOWED#{sub}", tuple(map(author_partition, author_ids)), NEWEST_FIRST)


def _posts_of(partition: str) -> Listing:
    return Listing(partition, (partition,), NEWEST_FIRST)
