"""Queries of comments: the comments on a post, and an author's pending comments."""

from pydantic_core import to_json

from blog.comments.model import Comment, is_tombstone
from blog.comments.schemas import CommentDetail, CommentPage, PendingPage, Tombstone
from blog.dynamodb.actions import Item
from blog.dynamodb.concurrency import side_by_side
from blog.dynamodb.keys import PENDING, Key, pending_comment_key, profile_key, stats_key
from blog.dynamodb.listings import approval_queue, comments_on
from blog.dynamodb.paging import MAX_PAGE_BYTES, rows_of, within_page
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.people.person import Author
from blog.posts.model import Stats

Rows = tuple[list[Item], str | None]  # of a page, and the next cursor


class CommentQueries:
    """The queries of comments of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def on(self, post_id: str, *, limit: int, cursor: str | None) -> CommentPage:
        """Return the comments on a public post, oldest first; raise NotFound for other posts."""
        page, stats = side_by_side(
            lambda: self._rows(post_id, limit, cursor),
            lambda: self._table.get(stats_key(post_id)),
        )
        if stats is None or not Stats.model_validate(stats).is_public:
            raise NotFound("There is no such post.")
        return self._shown(post_id, page, MAX_PAGE_BYTES)

    def beside(
        self, post_id: str, *, limit: int, cursor: str | None, most_bytes: int
    ) -> CommentPage:
        """Return the comments on a post that the caller knows, or learns meanwhile, to be public.

        A page has at most `most_bytes` as Lambda sends them.
        """
        return self._shown(post_id, self._rows(post_id, limit, cursor), most_bytes)

    def _rows(self, post_id: str, limit: int, cursor: str | None) -> Rows:
        return rows_of(self._table, comments_on(post_id), limit, cursor, _is_visible)

    def _shown(self, post_id: str, page: Rows, most_bytes: int) -> CommentPage:
        rows, next_cursor = within_page(comments_on(post_id), *page, _bytes_sent, most_bytes)
        profiles = self._table.get_recent(
            profile_key(row["author_id"]) for row in rows if not is_tombstone(row)
        )
        items = [
            Tombstone(id=row["id"], deleted=True)
            if is_tombstone(row)
            else _as_response(row, profiles.get(profile_key(row["author_id"])))
            for row in rows
        ]
        return CommentPage(items=items, next_cursor=next_cursor)

    def pending_for(self, author_id: str, *, limit: int, cursor: str | None) -> PendingPage:
        """Return the pending comments on this author's posts, oldest first."""
        listing = approval_queue(author_id)
        rows, next_cursor = rows_of(self._table, listing, limit, cursor)
        profiles = [profile_key(row["author_id"]) for row in rows]
        items = self._table.get_all([*map(_pending_key, rows), *profiles])
        rows, next_cursor = within_page(
            listing, rows, next_cursor, lambda row: _bytes_sent(items.get(_pending_key(row), {}))
        )
        pending = [
            _as_response(items[_pending_key(row)], items.get(profile_key(row["author_id"])))
            for row in rows
            if _pending_key(row) in items  # else it was approved or removed meanwhile
        ]
        return PendingPage(items=pending, next_cursor=next_cursor)


def _pending_key(row: Item) -> Key:
    """Return the key of the comment of a row in the approval queue."""
    return pending_comment_key(row["post_id"], row["sk"].removeprefix(PENDING))


def _bytes_sent(row: Item) -> int:
    """Return the size of a comment as Lambda sends it, with at most 3000 bytes for its author.

    Lambda sends the body of a response as a JSON string. So JSON escapes a quote or a backslash of
    the comment twice, and one byte becomes four.
    """
    return 3000 + len(to_json(to_json([row.get("body"), row.get("body_html")]).decode()))


def _is_visible(row: Item) -> bool:
    """Return False for a tombstone without replies, which a job will remove."""
    return not is_tombstone(row) or row["reply_count"] > 0


def _as_response(row: Item, profile: Item | None) -> CommentDetail:
    return Comment.of(row).as_response(Author.of(row["author_id"], profile))
