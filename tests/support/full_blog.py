"""A blog in which every list is full of the largest items, as rows of the table."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from blog.dynamodb.actions import Item
from blog.dynamodb.keys import (
    BANNED,
    CLEARED,
    HIDDEN,
    REPORTS,
    Key,
    approval_queue_key,
    author_partition,
    comment_key,
    entry_sort_key,
    entry_sort_key_at,
    feed_partition,
    follow_key,
    like_key,
    media_key,
    month_count_key,
    own_media_key,
    owner_partition,
    post_key,
    post_partition,
    revision_key,
    revision_text_key,
    sitemap_sort_key,
    stats_key,
    tag_count_key,
    tag_partition,
    use_key,
)
from blog.identifiers import MAX_IMAGES, new_id
from blog.media.actions import changed_post
from blog.media.service import MAX_NAMED
from blog.media.uses import MAX_CHANGED
from blog.posts.feeds import POSTS as FEED_POSTS
from blog.posts.listing_entries import counters, entries, reservations
from blog.posts.model import Post
from blog.reactions.service import MAX_FOLLOWS
from tests.support import largest
from tests.support.largest import TAGS, item, user
from tests.support.people import person_of
from tests.support.samples import ALICE

PAGE = 100
ROWS = PAGE + 1  # a list reads one more
OWNER = person_of(ALICE)
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
MONTH = f"{AT:%Y-%m}"
# With those that a test changes itself, fewer than a request reads. So all uses are known.
CHANGED = [new_id(AT + timedelta(milliseconds=n)) for n in range(MAX_CHANGED - 10)]
LIBRARY = [new_id(AT + timedelta(milliseconds=n)) for n in range(ROWS)]
SINCE = "2026-01-31T09:30:00.000Z"


def entries_of(of: Post, *partitions: str) -> Iterator[Item]:
    """Yield the entries of a post in these partitions, as its own transaction writes them."""
    found = {key.pk: item(key, entry) for key, entry in entries(of).items()}
    yield from (found[partition] for partition in partitions)


def stored(of: Post, revisions: int = 2) -> Iterator[Item]:
    """Yield all items of a post, but only its first revisions, and no comments."""
    yield item(post_key(of.id), of.item())
    yield item(stats_key(of.id), largest.stats(of))
    yield from (item(key, one) for key, one in reservations(of).items())
    yield from (item(key, entry) for key, entry in entries(of).items())
    yield from (item(one.key, {one.name: 1}) for one in counters(of))
    for version in of.revisions[:revisions]:
        row = {"version": version, "title": of.title, "created_at": SINCE}
        yield item(revision_key(of.id, version), row)
        if version <= 2:  # the texts of the others would take long to store
            yield item(revision_text_key(of.id, version), row | {"body": of.body})


def lists_of_posts() -> Iterator[Item]:
    """Yield full lists of posts: by as many authors as there are rows, and by one author."""
    for n in range(ROWS):
        one = largest.post(n, AT, user(n))
        yield from entries_of(
            one,
            feed_partition(0),
            tag_partition(TAGS[0]),
            author_partition(one.author_id),
            post_partition(one.id),
        )
        yield item(stats_key(one.id), largest.stats(one))
        yield item(like_key(ALICE, one.id), {"of": one.id, "since": SINCE})
        yield from largest.profile(user(n))
        hidden = largest.hidden(largest.post(200 + n, AT, user(n)))
        yield from entries_of(hidden, HIDDEN)
        yield item(stats_key(hidden.id), largest.stats(hidden))
        own = largest.post(400 + n, AT, OWNER)
        yield from entries_of(own, author_partition(OWNER.author_id))
        owned = owner_partition(ALICE), owner_partition(ALICE, "published")
        yield from entries_of(largest.hidden(own), *owned)
        yield item(stats_key(own.id), largest.stats(own))


def lists_of_people() -> Iterator[Item]:
    """Yield the follows of ALICE, bans, clearings, and reports, of which the older ones expired."""
    yield from largest.profile(OWNER)
    for n in range(200, 200 + ROWS):
        yield from largest.profile(user(n))  # whom reports are about
    for n in range(MAX_FOLLOWS):
        row = {"of": user(n).author_id, "since": f"2026-01-31T09:30:00.{999 - n}Z"}
        yield item(follow_key(ALICE, user(n).author_id), row)
    for n in range(ROWS):
        when = f"2026-01-31T09:30:00.{n:03}Z"
        row = {"banned_at": when, "reason": largest.REASON, "author_id": user(n).author_id}
        yield item(Key(BANNED, entry_sort_key_at(when, user(n).author_id)), row)
        row = {"cleared_at": when, "reason": largest.REASON, "author_id": user(n).author_id}
        yield item(Key(CLEARED, entry_sort_key_at(when, user(n).author_id)), row)
        reported_at = AT + timedelta(milliseconds=n)
        for at in (reported_at, reported_at - timedelta(days=90))[: 2 if n else 1]:
            report = largest.report(n, at)
            yield item(Key(REPORTS, entry_sort_key(at, report["id"])), report)


def library() -> Iterator[Item]:
    """Yield more images of ALICE than a page has, with as many uses as a page reads."""
    posts = [new_id(AT + timedelta(milliseconds=n)) for n in range(ROWS * MAX_NAMED)]
    entry = next(entries_of(largest.hidden(largest.post(600, AT, OWNER)), owner_partition(ALICE)))
    places = [entry_sort_key(AT + timedelta(milliseconds=n), one) for n, one in enumerate(posts)]
    for post_id, place in zip(posts, places, strict=True):
        yield entry | {"sk": place, "id": post_id}
    for number, media_id in enumerate(LIBRARY):
        one = largest.image(media_id, OWNER, AT)
        yield item(media_key(one.id), one.item())
        yield item(own_media_key(ALICE, one.id), {"of": one.id})
        for n in range(number * MAX_NAMED, (number + 1) * MAX_NAMED):
            row = {"post_id": posts[n], "entry": places[n]}
            yield item(use_key(ALICE, one.id, posts[n]), row)
    for n, post_id in enumerate(CHANGED):
        images = [new_id(AT) for _ in range(MAX_IMAGES)]
        change = changed_post(OWNER, post_id, places[n], images)
        yield item(change.key, change.item or {})


def comments(
    post_id: str, body: str, *, is_pending: bool = False, count: int = ROWS
) -> Iterator[Item]:
    """Yield a published post with comments by many users, or with pending ones."""
    post = largest.post(0, AT, OWNER, id=post_id)
    yield item(stats_key(post_id), largest.stats(post))
    for n in range(count):
        one = largest.comment(n, AT, post_id, body, is_pending=is_pending)
        yield item(one.key, one.item())
        if is_pending:
            row = {"post_id": post_id, "author_id": one.author_id}
            yield item(approval_queue_key(OWNER.author_id, one.id), row)


def tombstones(post_id: str) -> Iterator[Item]:
    """Yield a published post with more comments that nobody sees than a page reads."""
    yield item(stats_key(post_id), largest.stats(largest.post(0, AT, OWNER, id=post_id)))
    for n in range(3 * PAGE + 2):
        comment_id = new_id(AT + timedelta(milliseconds=n))
        row = {"id": comment_id, "post_id": post_id, "reply_count": 0}
        yield item(comment_key(post_id, comment_id), row)


def counts() -> Iterator[Item]:
    """Yield the counters of tags, of which two of three are zero, and of the sitemap."""
    for n in range(3 * PAGE + 2):
        tag = f"{chr(0x21000 + n)}{chr(0x20000) * 39}"
        yield item(tag_count_key(tag), {"count": largest.MANY * (n % 3 == 0)})
    for n in range(30):  # months with as many files as a month can have
        month = f"{2000 + n // 12}-{1 + n % 12:02}"
        yield item(month_count_key(month, 99), {"count": largest.MANY})


def month_of_sitemap(count: int) -> Iterator[Item]:
    """Yield addresses of a month, as they are stored."""
    one = largest.post(0, AT, OWNER, canonical_url=None)
    key, address = next((key, row) for key, row in entries(one).items() if "changed_at" in row)
    for n in range(count):
        row = address | {"slug": largest.slug(n)}
        yield item(Key(key.pk, sitemap_sort_key(new_id(AT))), row)


def feed_of(unit: str, posts: int, at: datetime) -> Iterator[Item]:
    """Yield the newest posts for each kind of feed: the first have full texts of this unit."""
    body = largest.body_for_feed(unit, posts)
    for n in range(FEED_POSTS):
        text = body if n < posts else ""
        by_one, by_many = (largest.post(n, at, whose, text) for whose in (OWNER, user(n)))
        yield item(post_key(by_one.id), by_one.item())
        yield item(post_key(by_many.id), by_many.item())
        yield from entries_of(by_one, author_partition(OWNER.author_id))
        yield from entries_of(by_many, feed_partition(0), tag_partition(TAGS[0]))
