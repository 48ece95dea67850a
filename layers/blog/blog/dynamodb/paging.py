"""Pages of lists: complete, in order, full except the last, with a cursor to the next page."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from blog.dynamodb.actions import Item
from blog.dynamodb.cursors import cursor_after, sort_key_of
from blog.dynamodb.listings import Listing
from blog.dynamodb.table import HIGHEST, Range, Table


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
    while len(listed) <= limit:
        wanted = limit + 1 - len(listed)
        rows = _after(table, listing, after, wanted)
        listed += filter(is_listed, rows)
        if len(rows) < wanted:
            break
        after = rows[-1]["sk"]
    page = listed[:limit]
    return page, cursor_after(listing, page[-1]["sk"]) if len(listed) > limit else None


def _after(table: Table, listing: Listing, after: str | None, count: int) -> list[Item]:
    """Return the next rows of a list, read from its partitions in parallel and merged."""
    order = listing.order
    first, last = order.prefix, order.prefix + HIGHEST
    if after is not None and order.is_ascending:
        first = _just_after(after)
    elif after is not None:
        last = _just_before(after)
    ranges = [Range(pk, first, last, order.is_ascending) for pk in listing.partitions]
    return list(islice(_merged(table.query_all(ranges, count), listing), count))


def _merged(rows: Sequence[list[Item]], listing: Listing) -> Iterable[Item]:
    descending = not listing.order.is_ascending
    return heapq.merge(*rows, key=lambda row: str(row["sk"]), reverse=descending)


def _just_after(sort_key: str) -> str:
    return f"{sort_key}\x00"


def _just_before(sort_key: str) -> str:
    """Return a key below this one and above the key before it.

    This is correct because all keys of a descending list have the same length.
    """
    return f"{sort_key[:-1]}{chr(ord(sort_key[-1]) - 1)}{HIGHEST}"
