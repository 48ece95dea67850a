"""Pages of any list: complete, in order, never short, and with a cursor to the next."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from blog.dynamodb.cursors import cursor_after, sort_key_of
from blog.dynamodb.listings import Listing
from blog.dynamodb.table import HIGHEST, Item, Range, Table


def rows_of(
    table: Table,
    listing: Listing,
    limit: int,
    cursor: str | None,
    is_kept: Callable[[Item], bool] = lambda _: True,
) -> tuple[list[Item], str | None]:
    """A page of a list, and the cursor of the next or None: the one code path of them all.

    It asks for one row more than the page has, so that the last page is known for one. Rows that
    are not kept are read over. Raises BadRequest for a cursor that is not of this list.
    """
    found: list[Item] = []
    after = None if cursor is None else sort_key_of(listing, cursor)
    while len(found) <= limit:
        wanted = limit + 1 - len(found)
        rows = _after(table, listing, after, wanted)
        found += filter(is_kept, rows)
        if len(rows) < wanted:
            break
        after = rows[-1]["sk"]
    page = found[:limit]
    return page, cursor_after(listing, page[-1]["sk"]) if len(found) > limit else None


def _after(table: Table, listing: Listing, after: str | None, count: int) -> list[Item]:
    """The next rows of a list, its partitions asked side by side and merged in its order."""
    order = listing.order
    first, last = order.prefix, order.prefix + HIGHEST
    if after is not None and order.is_ascending:
        first = _just_after(after)
    elif after is not None:
        last = _just_before(after)
    ranges = [Range(one, first, last, order.is_ascending) for one in listing.partitions]
    return list(islice(_merged(table.query_all(ranges, count), listing), count))


def _merged(rows: Sequence[list[Item]], listing: Listing) -> Iterable[Item]:
    descending = not listing.order.is_ascending
    return heapq.merge(*rows, key=lambda row: str(row["sk"]), reverse=descending)


def _just_after(sort_key: str) -> str:
    return f"{sort_key}\x00"


def _just_before(sort_key: str) -> str:
    """Below this key and above the one before it: keys that are read downwards have one length."""
    return f"{sort_key[:-1]}{chr(ord(sort_key[-1]) - 1)}{HIGHEST}"
