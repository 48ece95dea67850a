"""Posts in the table: who may read them, and writes that only their owner can make."""

import heapq
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice

from blog.cursors import cursor_after, position_of
from blog.editing import changed, check, created, published, with_another_slug
from blog.entity_tags import IfMatch
from blog.entries import entries, reserved_slugs
from blog.errors import (
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    SlugTaken,
    Unavailable,
    WriteContended,
)
from blog.fields import is_slug, normalised_tag
from blog.idempotency import Idempotency
from blog.keys import (
    DUE,
    NEWEST,
    OLDEST,
    Listing,
    by_author,
    entry_sort_key,
    feed,
    just_before,
    owned,
    post_key,
    slug_key,
    tagged,
)
from blog.models import NewPost, Post, PostChanges, PostPage, PostSummary, Status
from blog.moments import now
from blog.table import Action, ConditionRefused, Item, Table, TransactionContended

MAX_DUE = 100  # posts that one run publishes; the next one follows in a minute
MAX_TRIES = 10
FIRST_PAUSE = 0.02  # seconds, doubled with each try and cut to a random part
LONGEST_PAUSE = 0.5


class Posts:
    """The posts of one table."""

    def __init__(self, table: Table, feed_shards: int = 1) -> None:
        self._table = table
        self._feed_shards = feed_shards

    def published(self, post_id: str) -> Post:
        """A post that everyone may read; NotFound for all others."""
        post = self._read(post_id)
        if post is None or post.status != "published":
            raise NotFound("There is no such post.")
        return post

    def published_by_slug(self, slug: str) -> Post:
        """The post that everyone may read and that has this slug, or had it before.

        Raises NotFound for all others, as if the slug were free.
        """
        reservation = self._table.get(slug_key(slug)) if is_slug(slug) else None
        if reservation is None:
            raise NotFound("There is no such post.")
        return self.published(reservation["post_id"])

    def owned_by(self, sub: str, post_id: str) -> Post:
        """A post of one's own, whatever its status; NotFound for all others."""
        post = self._read(post_id)
        if post is None or post.owner != sub:
            raise NotFound("You have no such post.")
        return post

    def feed(self, *, limit: int, cursor: str | None) -> PostPage:
        """Published posts, the latest publication first."""
        return self._page(feed(self._feed_shards), limit, cursor)

    def by_author(self, author_id: str, *, limit: int, cursor: str | None) -> PostPage:
        """An author's published posts, the latest publication first."""
        return self._page(by_author(author_id), limit, cursor)

    def tagged(self, tag: str, *, limit: int, cursor: str | None) -> PostPage:
        """The published posts with a tag however it is written, the latest publication first."""
        return self._page(tagged(normalised_tag(tag)), limit, cursor)

    def list_owned_by(
        self, sub: str, *, status: Status | None, limit: int, cursor: str | None
    ) -> PostPage:
        """One's own posts, all or of one status, newest created first."""
        return self._page(owned(sub, status), limit, cursor)

    def create(
        self,
        new: NewPost,
        *,
        owner: str,
        author_id: str,
        idempotency: Idempotency | None = None,
        moment: datetime | None = None,
    ) -> Post:
        """Store a new post, or give the one that was made with the same key before.

        Raises SlugTaken for a slug that was asked for and is not free, WriteContended, and
        Unprocessable for a key that was used with another body.
        """
        post = created(
            new,
            owner=owner,
            author_id=author_id,
            feed_shards=self._feed_shards,
            moment=moment or now(),
        )
        for _ in _tries():
            try:
                self._table.transact(_creation(post, idempotency))
            except TransactionContended:
                continue
            except ConditionRefused as e:
                if idempotency is not None and e.key == idempotency.key and e.item is not None:
                    return self._made_before(idempotency.made_id(e.item))
                if not post.slug_is_derived:
                    raise SlugTaken from e
                post = with_another_slug(post)
            else:
                return post
        raise WriteContended

    def edit(
        self, post_id: str, changes: PostChanges, *, sub: str, if_match: IfMatch | None
    ) -> Post:
        """Store the next version of one's own post.

        Raises NotFound, Forbidden, PreconditionFailed, SlugTaken, and WriteContended. A race that
        is lost is run again from what the refusal brought back, if the precondition still holds.
        """
        check(changes, now())  # before anything is said of the post: 422 comes before 404 and 403
        return self._write(post_id, lambda post: changed(post, changes, now()), sub, if_match)

    def delete(self, post_id: str, *, sub: str, if_match: IfMatch | None) -> None:
        """Remove one's own post with its entries and slugs. Raises as `edit` does."""
        self._write(post_id, lambda _: None, sub, if_match)

    def publish_due(self, moment: datetime) -> tuple[int, int]:
        """Publish what is due by now, the earliest first: how many were, and how many could not be.

        Whoever else does the same at the same time, each post is published once; and an edit in
        between is never written over, for each is computed from what it left.
        """
        last = f"{entry_sort_key(moment, '')}~"
        due = self._table.oldest(DUE, first=OLDEST, last=last, limit=MAX_DUE)
        outcomes = [self._publish(row["id"], moment) for row in due]
        return outcomes.count(True), outcomes.count(None)

    def _publish(self, post_id: str, moment: datetime) -> bool | None:
        """Whether it was this call that published it; None if it could not."""
        try:
            post = self._read(post_id)
            for _ in _tries():
                if post is None or post.publish_at is None or post.publish_at > moment:
                    return False
                try:
                    self._table.transact(_change(post, published(post), post.owner))
                except TransactionContended:
                    continue
                except ConditionRefused as e:
                    post = _post(e.item)
                else:
                    return True
        except Unavailable:
            pass
        return None

    def _write(
        self, post_id: str, step: Callable[[Post], Post | None], sub: str, if_match: IfMatch | None
    ) -> Post:
        """Store what a step makes of a post; None removes it. Returns the last of the post."""
        post = self._read(post_id)
        slug_is_taken = False
        for _ in _tries():
            # The condition on the write decides; that it is also checked before spares a
            # transaction that is bound to fail, which could disturb the owner's own.
            before = _changeable(post, sub, if_match)
            after = step(before)
            if slug_is_taken and after is not None and _derives_anew(before, after):
                after = with_another_slug(after)
            try:
                self._table.transact(_change(before, after, sub))
            except TransactionContended:
                continue
            except ConditionRefused as e:
                if e.key == post_key(post_id):
                    post = _post(e.item)
                elif after is not None and not after.slug_is_derived:
                    raise SlugTaken from e
                else:
                    slug_is_taken = True
            else:
                return after or before
        raise WriteContended

    def _made_before(self, post_id: str) -> Post:
        post = self._read(post_id)
        if post is None:
            raise Conflict("The post that was made with this Idempotency-Key has been deleted.")
        return post

    def _read(self, post_id: str) -> Post | None:
        return _post(self._table.get(post_key(post_id)))

    def _page(self, listing: Listing, limit: int, cursor: str | None) -> PostPage:
        last = NEWEST if cursor is None else just_before(position_of(listing, cursor))

        def newest(partition: str) -> list[Item]:
            return self._table.newest(partition, first=OLDEST, last=last, limit=limit + 1)

        rows = list(islice(_merged(listing.partitions, newest), limit + 1))
        page = rows[:limit]
        return PostPage(
            items=[PostSummary.model_validate(row) for row in page],
            next_cursor=cursor_after(listing, page[-1]["sk"]) if len(rows) > limit else None,
        )


def _merged(
    partitions: tuple[str, ...], newest: Callable[[str], list[Item]]
) -> Iterator[Item] | list[Item]:
    """The rows of several partitions in one order, fetched side by side."""
    if len(partitions) == 1:
        return newest(partitions[0])
    with ThreadPoolExecutor(len(partitions)) as pool:
        return heapq.merge(
            *pool.map(newest, partitions), key=lambda row: str(row["sk"]), reverse=True
        )


def _post(item: Item | None) -> Post | None:
    return None if item is None else Post.model_validate(item)


def _changeable(post: Post | None, sub: str, if_match: IfMatch | None) -> Post:
    """The post, if this person may change it in this version; else the reason why not."""
    if post is None or (post.owner != sub and post.status != "published"):
        raise NotFound("There is no such post.")
    if post.owner != sub:
        raise Forbidden("This post is somebody else's.")
    if if_match is not None and not if_match.holds(post.version):
        raise PreconditionFailed(post.version)
    return post


def _derives_anew(before: Post, after: Post) -> bool:
    return after.slug_is_derived and after.slug not in reserved_slugs(before)


def _creation(post: Post, idempotency: Idempotency | None) -> list[Action]:
    """The transaction that stores a new post with its slug and entries.

    The key comes before the slug, because the first refusal is the one that counts.
    """
    put = Action(post_key(post.id), _item(post), "attribute_not_exists(pk)")
    once = [] if idempotency is None else [idempotency.action(post.id, post.created_at)]
    return [put, *once, *_slug_actions(None, post), *_entry_actions(None, post)]


def _change(before: Post, after: Post | None, sub: str) -> list[Action]:
    """The transaction that replaces a post, or removes it, with what differs in slugs and entries.

    Ownership, state and existence are one condition: this sub owns exactly what was read.
    """
    write = Action(
        post_key(before.id),
        None if after is None else _item(after),
        "#owner = :owner AND #lock_version = :lock_version",
        {"owner": sub, "lock_version": before.lock_version},
    )
    return [write, *_slug_actions(before, after), *_entry_actions(before, after)]


def _item(post: Post) -> Item:
    return post.model_dump(exclude_none=True)


def _slug_actions(before: Post | None, after: Post | None) -> Iterator[Action]:
    had = [] if before is None else reserved_slugs(before)
    has = [] if after is None else reserved_slugs(after)
    for slug in has:
        if slug not in had and after is not None:
            reservation = {"post_id": after.id}
            yield Action(slug_key(slug), reservation, "attribute_not_exists(pk)")
    for slug in had:
        if slug not in has:
            yield Action(slug_key(slug))


def _entry_actions(before: Post | None, after: Post | None) -> Iterator[Action]:
    had = {} if before is None else entries(before)
    has = {} if after is None else entries(after)
    for key, summary in has.items():
        if had.get(key) != summary:
            yield Action(key, summary)
    for key in had:
        if key not in has:
            yield Action(key)


def _tries() -> Iterator[None]:
    """MAX_TRIES turns, with a growing and random pause before each but the first."""
    for turn in range(MAX_TRIES):
        if turn:
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2**turn)
            time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret is made of it
        yield
