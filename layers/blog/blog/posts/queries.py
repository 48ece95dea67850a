"""Queries of posts, lists of posts, tags and revisions.

This module never writes, because the function for anonymous requests uses it and cannot write.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import TypeVar

from blog.dynamodb.actions import Item, Items
from blog.dynamodb.concurrency import side_by_side
from blog.dynamodb.keys import (
    Key,
    merged_key,
    post_key,
    profile_key,
    revision_text_key,
    slug_key,
    stats_key,
)
from blog.dynamodb.listings import TAG_COUNTS, Listing, by_author, feed, owned, revisions, tagged
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.fields import is_slug
from blog.identifiers import is_author_id
from blog.people.person import Author
from blog.posts.model import Entry, Post, Status
from blog.posts.pages import own_page_of, page_of
from blog.posts.schemas import (
    OwnPostPage,
    PostPage,
    Revision,
    RevisionPage,
    RevisionSummary,
    TagCount,
    TagPage,
)
from blog.posts.view import FeedItem, PostView, owned_post, revision_of
from blog.tags import is_tag, normalised_tag

# Of posts that a feed contains in full: together as stored, and their HTML as Lambda sends it,
# without what absolute addresses add to each (`feeds.MAX_GROWTH`).
MAX_FULL_BYTES = 1024 * 1024
MAX_FULL_HTML_BYTES = 3_000_000

T = TypeVar("T")
R = TypeVar("R")


class PostQueries:
    """The queries of posts of one table."""

    def __init__(self, table: Table, feed_shards: int = 1) -> None:
        self._table = table
        self._feed_shards = feed_shards

    def published(self, post_id: str) -> PostView:
        """Return a public post; raise NotFound for every other post."""
        return self._published(self._table, post_id, [])

    def published_by_slug(self, slug: str) -> PostView:
        """Return the public post with this current or former slug.

        Raises NotFound for other posts, as if the slug were free.
        """
        return self._published_as(slug, self._reservation(slug))

    def _reservation(self, slug: str) -> Item:
        reservation = self._table.get(slug_key(slug)) if is_slug(slug) else None
        if reservation is None:
            raise NotFound("There is no such post.")
        return reservation

    def _published_as(self, slug: str, reservation: Item) -> PostView:
        post_id, author_id = reservation["post_id"], reservation.get("author_id")
        # Reservations of an older schema name no author.
        profile = [profile_key(author_id)] if author_id else []
        found = self._published(self._table, post_id, profile)
        if found.post.slug == slug:
            return found
        # A redirect is remembered, so it must not come from a read that was late: two such
        # redirects could lead to each other.
        current = self._published(self._table.consistent(), post_id, profile)
        if slug not in (current.post.slug, *current.post.former_slugs):
            raise NotFound("There is no such post.")
        return current

    def published_by_slug_beside(
        self, slug: str, of_post: Callable[[PostView], T], beside: Callable[[str], R]
    ) -> tuple[T, R]:
        """Return what one function makes of the post, and another of its id, side by side.

        Once the slug has led to the id, both begin at once: `beside` does not wait for the post.
        Raises what they raise, and what `published_by_slug` raises.
        """
        reservation = self._reservation(slug)
        return side_by_side(
            lambda: of_post(self._published_as(slug, reservation)),
            lambda: beside(reservation["post_id"]),
        )

    def owned_by(self, sub: str, post_id: str) -> PostView:
        """Return the user's own post with any status; raise NotFound for every other post."""
        return self._view(self._own(sub, post_id))

    def feed(self, *, limit: int, cursor: str | None) -> PostPage:
        """Return published posts, most recently published first."""
        return self._page(feed(self._feed_shards), limit, cursor)

    def by_author(self, author_id: str, *, limit: int, cursor: str | None) -> PostPage:
        """Return an author's published posts, most recently published first."""
        return self._page(_by_author(author_id), limit, cursor)

    def tagged(self, tag: str, *, limit: int, cursor: str | None) -> PostPage:
        """Return the published posts with a tag in any spelling, most recently published first."""
        return self._page(_tagged(tag), limit, cursor)

    def list_owned_by(
        self, sub: str, *, status: Status | None, limit: int, cursor: str | None
    ) -> OwnPostPage:
        """Return the user's own posts, all or of one status, most recently created first."""
        return own_page_of(self._table, owned(sub, status), limit, cursor)

    def tags(self, *, limit: int, cursor: str | None) -> TagPage:
        """Return the tags of published posts with their counts, by name."""
        rows, next_cursor = rows_of(
            self._table, TAG_COUNTS, limit, cursor, lambda row: row["count"] > 0
        )
        items = [TagCount(tag=row["sk"].partition("#")[2], count=row["count"]) for row in rows]
        return TagPage(items=items, next_cursor=next_cursor)

    def revisions(self, sub: str, post_id: str, *, limit: int, cursor: str | None) -> RevisionPage:
        """Return the revisions of the user's own post, newest first; raise NotFound for others."""
        self._own(sub, post_id)
        rows, next_cursor = rows_of(self._table, revisions(post_id), limit, cursor)
        items = [RevisionSummary.model_validate(row) for row in rows]
        return RevisionPage(items=items, next_cursor=next_cursor)

    def revision(self, sub: str, post_id: str, version: int) -> Revision:
        """Return a revision of the user's own post; raise NotFound for every other post."""
        items = self._table.get_all([post_key(post_id), revision_text_key(post_id, version)])
        owned_post(items.get(post_key(post_id)), sub)
        return revision_of(items.get(revision_text_key(post_id, version)))

    def newest_of_all(self, count: int) -> list[FeedItem]:
        """Return at most `count` newest published posts for a feed."""
        return self._newest(feed(self._feed_shards), count)[0]

    def newest_by_author(self, author_id: str, count: int) -> tuple[Author, list[FeedItem]]:
        """Return an author and at most `count` newest published posts for a feed.

        The author may be unknown. For a merged account, it returns the current author and no posts.
        """
        profile, merged = profile_key(author_id), merged_key(author_id)
        # A text that is not an author id may be longer than a key can be.
        extra_keys = (profile, merged) if is_author_id(author_id) else ()
        posts, items = self._newest(_by_author(author_id), count, *extra_keys)
        if merged in items:
            return Author.of(items[merged]["to"], None), []
        return Author.of(author_id, items.get(profile)), posts

    def newest_tagged(self, tag: str, count: int) -> list[FeedItem]:
        """Return at most `count` newest published posts with a tag for a feed."""
        return self._newest(_tagged(tag), count)[0]

    def _newest(
        self, listing: Listing, count: int, *extra_keys: Key
    ) -> tuple[list[FeedItem], dict[Key, Item]]:
        """Read the newest posts: in full until one would pass a limit, then their entries."""
        rows, _ = rows_of(self._table, listing, count, None)
        entries = [Entry.model_validate(row) for row in rows]
        full = {post_key(entry.id) for entry in _within_feed(entries)}
        profiles = [profile_key(entry.author_id) for entry in entries]
        items = self._table.get_recent(profiles, [*full, *extra_keys])
        shown = [
            FeedItem(post, Author.of(post.author_id, items.get(profile_key(post.author_id))))
            for post in (_post_or_entry(entry, full, items) for entry in entries)
            if post is not None
        ]
        return shown, items

    @staticmethod
    def _published(table: Table, post_id: str, more: Sequence[Key]) -> PostView:
        """Return a public post; read also `more`, which may have the author's profile."""
        wanted = [post_key(post_id), stats_key(post_id)]
        items: Items = {**dict.fromkeys(more), **table.get_all([*wanted, *more])}
        item = items.get(post_key(post_id))
        post = None if item is None else Post.of(item)
        if post is None or not post.is_public:
            raise NotFound("There is no such post.")
        profile = profile_key(post.author_id)
        if profile not in items:
            items[profile] = table.get(profile)
        return PostView.of(post, items)

    def _own(self, sub: str, post_id: str) -> Post:
        return owned_post(self._table.get(post_key(post_id)), sub)

    def _view(self, post: Post) -> PostView:
        items = self._table.get_all([stats_key(post.id), profile_key(post.author_id)])
        return PostView.of(post, items)

    def _page(self, listing: Listing, limit: int, cursor: str | None) -> PostPage:
        return page_of(self._table, listing, limit, cursor)


def _within_feed(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Yield the first entries whose posts a feed contains in full."""
    stored = html = 0
    for entry in entries:
        stored += entry.stored_bytes
        html += entry.html_bytes
        if stored > MAX_FULL_BYTES or html > MAX_FULL_HTML_BYTES:
            return
        yield entry


def _post_or_entry(entry: Entry, full: Set[Key], items: Mapping[Key, Item]) -> Post | Entry | None:
    """Return the post if it was read, else the entry. None for a post that is no longer public."""
    key = post_key(entry.id)
    if key not in full:
        return entry
    post = Post.of(items[key]) if key in items else None
    return post if post is not None and post.is_public else None


def _by_author(author_id: str) -> Listing:
    """Return the list of an author's posts. For an invalid author id, it is an empty list."""
    return by_author(author_id if is_author_id(author_id) else "")


def _tagged(tag: str) -> Listing:
    """Return the list of the posts with a tag. For an invalid tag, it is an empty list."""
    normal = normalised_tag(tag)
    return tagged(normal if is_tag(normal) else "")
