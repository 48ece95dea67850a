"""Lists: the partitions that hold each list, and its order."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from blog.dynamodb.keys import (
    BANNED,
    CLEARED,
    COMMENT,
    ENTRY,
    HIDDEN,
    LIKE,
    MEDIA,
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
from blog.identifiers import is_author_id, is_id
from blog.tags import is_tag, normalised_tag

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
_VERSION = re.compile(r"[0-9]{10}")  # as a revision's key has it
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Order:
    """The order of a list, and the encoding of a position in it as bytes for a cursor.

    `place` turns a sort key into bytes, and `sort_key` turns them back. Anybody can make a cursor,
    so `sort_key` raises ValueError or OverflowError for bytes that encode no key of the list.
    """

    prefix: str
    is_ascending: bool
    place: Callable[[str], bytes]
    sort_key: Callable[[bytes], str]


@dataclass(frozen=True)
class Listing:
    """A list: its name, its partitions and its order. Cursors are bound to the name.

    `lowest` is a sort key. The list leaves out the rows below it, and never reads them.
    """

    name: str
    partitions: tuple[str, ...]
    order: Order
    lowest: str = ""


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


def _by_name(prefix: str, *, has_form: Callable[[str], bool], is_ascending: bool) -> Order:
    def sort_key(place: bytes) -> str:
        name = place.decode()
        if not has_form(name):
            raise ValueError("not a name in this list")
        return prefix + name

    return Order(prefix, is_ascending, lambda key: key.removeprefix(prefix).encode(), sort_key)


def _is_time_and_author(name: str) -> bool:
    time, _, author_id = name.partition("#")
    return bool(_TIME.fullmatch(time)) and is_author_id(author_id)


def _is_version(name: str) -> bool:
    return bool(_VERSION.fullmatch(name))


def _is_normal_tag(name: str) -> bool:
    return is_tag(name) and normalised_tag(name) == name


# By time like NEWEST_FIRST, for entries of authors, whose ids are not ULIDs.
_LATEST_FIRST = _by_name(ENTRY, has_form=_is_time_and_author, is_ascending=False)
_LIKES = _by_name(LIKE, has_form=is_id, is_ascending=False)
_IMAGES = _by_name(MEDIA, has_form=is_id, is_ascending=False)
_COMMENTS = _by_name(COMMENT, has_form=is_id, is_ascending=True)
_PENDING_COMMENTS = _by_name(PENDING, has_form=is_id, is_ascending=True)
NEWEST_FIRST = Order(ENTRY, is_ascending=False, place=_time_and_id, sort_key=_entry)
_TAG_NAMES = _by_name("TAG#", has_form=_is_normal_tag, is_ascending=True)
_VERSIONS = _by_name("REVISION#", has_form=_is_version, is_ascending=False)

# All tags of published posts, by name.
TAG_COUNTS = Listing("TAGS", (TAGS,), _TAG_NAMES)
# The moderators' lists, newest first; `reported` is another.
HIDDEN_POSTS = Listing(HIDDEN, (HIDDEN,), NEWEST_FIRST)
BANNED_PEOPLE = Listing(BANNED, (BANNED,), _LATEST_FIRST)
CLEARED_AUTHORS = Listing(CLEARED, (CLEARED,), _LATEST_FIRST)


def reported(since: datetime) -> Listing:
    """Return the list of the reports since a time, newest first."""
    return Listing(REPORTS, (REPORTS,), NEWEST_FIRST, lowest=entry_sort_key(since, ""))


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


def images_of_user(sub: str) -> Listing:
    """Return the list of a user's media items, the newest first."""
    return Listing(f"MEDIA#{sub}", (user_partition(sub),), _IMAGES)


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
