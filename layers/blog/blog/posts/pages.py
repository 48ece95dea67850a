"""Pages of posts: the entries of a list with their authors and counters."""

from blog.dynamodb.keys import profile_key, stats_key
from blog.dynamodb.listings import Listing
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import Table
from blog.people.person import Author
from blog.posts.model import Entry, Stats
from blog.posts.schemas import OwnPostPage, OwnPostSummary, PostPage, PostSummary
from blog.posts.view import joined


def page_of(table: Table, listing: Listing, limit: int, cursor: str | None) -> PostPage:
    """Return a page of posts as everyone sees them."""
    rows, next_cursor = joined_rows(table, listing, limit, cursor)
    return PostPage(items=[PostSummary.of(*row) for row in rows], next_cursor=next_cursor)


def own_page_of(table: Table, listing: Listing, limit: int, cursor: str | None) -> OwnPostPage:
    """Return a page of posts for their owner or for moderators, with the reasons of hiding."""
    rows, next_cursor = joined_rows(table, listing, limit, cursor)
    return OwnPostPage(items=[OwnPostSummary.of(*row) for row in rows], next_cursor=next_cursor)


def joined_rows(
    table: Table, listing: Listing, limit: int, cursor: str | None
) -> tuple[list[tuple[Entry, Author, Stats]], str | None]:
    """Return a page of entries with their authors and counters, in two round trips."""
    rows, next_cursor = rows_of(table, listing, limit, cursor)
    entries = [Entry.model_validate(row) for row in rows]
    items = table.get_recent(
        [profile_key(entry.author_id) for entry in entries],
        [stats_key(entry.id) for entry in entries],
    )
    return [joined(entry, items) for entry in entries], next_cursor
