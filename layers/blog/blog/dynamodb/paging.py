"""Pages of lists: in order and without gaps, with a cursor to the next page.

A page has a bound that does not depend on what is stored: three calls for each partition, each of
up to 1 MB, and MAX_PAGE_BYTES as Lambda sends it. A page that reaches one of them is short. It
still has a cursor, so the list continues.
"""

import heapq
from collections.abc import Callable, Sequence
from itertools import accumulate, groupby

from blog.dynamodb.actions import Item
from blog.dynamodb.concurrency import each_side_by_side
from blog.dynamodb.cursors import cursor_after, sort_key_of
from blog.dynamodb.listings import Listing
from blog.dynamodb.table import HIGHEST, Page, Range, Table

MAX_CALLS = 3
MAX_ROWS = 100  # of a further call
MAX_PAGE_BYTES = 3_500_000  # of what Lambda sends, which is at most 6 MB


def rows_of(
    table: Table,
    listing: Listing,
    limit: int,
    cursor: str | None,
    is_listed: Callable[[Item], bool] = lambda _: True,
) -> tuple[list[Item], str | None]:
    """Return a page of a list, and the cursor of the next page or None.

    It reads one row more than the page has, so that it knows whether there is a next page. It skips
    rows that are not `is_listed`. Raises BadRequest if the cursor is not one of this list.
    """
    listed: list[Item] = []
    after = None if cursor is None else sort_key_of(listing, cursor)
    wanted = limit + 1
    for _ in range(MAX_CALLS):
        rows, has_more = _after(table, listing, after, wanted)
        listed += filter(is_listed, rows)
        if len(listed) > limit:
            return listed[:limit], cursor_after(listing, listed[limit - 1]["sk"])
        if not has_more:
            return listed, None
        after, wanted = rows[-1]["sk"], MAX_ROWS
    return listed, cursor_after(listing, rows[-1]["sk"])


def within_page(
    listing: Listing,
    rows: list[Item],
    next_cursor: str | None,
    size: Callable[[Item], int],
    most: int = MAX_PAGE_BYTES,
) -> tuple[list[Item], str | None]:
    """Return the first rows that have at most `most` bytes by `size`, and the next cursor.

    A row alone always fits.
    """
    count = sum(total <= most for total in accumulate(map(size, rows)))
    if count == len(rows):
        return rows, next_cursor
    return rows[: max(1, count)], cursor_after(listing, rows[max(1, count) - 1]["sk"])


def _after(
    table: Table, listing: Listing, after: str | None, count: int
) -> tuple[list[Item], bool]:
    """Return the next rows of a list, and whether there are more.

    It reads the partitions side by side, with one call each, and merges the rows.
    """
    order = listing.order
    first, last = max(order.prefix, listing.lowest), order.prefix + HIGHEST
    if after is not None and order.is_ascending:
        first = max(first, _just_after(after))
    elif after is not None:
        last = max(first, _just_before(after))  # a cursor may be older than the lowest row
    ranges = [Range(pk, first, last, order.is_ascending) for pk in listing.partitions]
    pages = each_side_by_side(lambda wanted: table.query_page(wanted, count), ranges)
    known = _known(pages, listing)
    return known[:count], len(known) > count or any(page.has_more for page in pages)


def _known(pages: Sequence[Page], listing: Listing) -> list[Item]:
    """Merge pages up to the end of the first that DynamoDB cut: what follows may have gaps.

    A row that is moving from one partition to another may be seen in both. It counts once.
    """
    descending = not listing.order.is_ascending
    merged = heapq.merge(
        *(page.items for page in pages), key=lambda row: str(row["sk"]), reverse=descending
    )
    rows = [next(same) for _, same in groupby(merged, key=lambda row: row["sk"])]
    ends = [page.items[-1]["sk"] for page in pages if page.has_more]
    if not ends:
        return rows
    if descending:
        return [row for row in rows if row["sk"] >= max(ends)]
    return [row for row in rows if row["sk"] <= min(ends)]


def _just_after(sort_key: str) -> str:
    return f"{sort_key}\x00"


def _just_before(sort_key: str) -> str:
    """Return a key below this one and above the key before it.

    This is correct because all keys of a descending list have the same length.
    """
    return f"{sort_key[:-1]}{chr(ord(sort_key[-1]) - 1)}{HIGHEST}"
