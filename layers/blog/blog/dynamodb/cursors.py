"""Cursors: opaque positions in one list. They never contain a raw key.

A cursor is base64url without padding. It encodes eight bytes of a digest and then the position. The
digest binds the cursor to its list and detects changes.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from blog.dynamodb.listings import Listing
from blog.errors import BadRequest

_BINDING_BYTES = 8
_CURSOR = re.compile(r"[A-Za-z0-9_-]{12,300}")


def cursor_after(listing: Listing, sort_key: str) -> str:
    """Return the cursor of the position after the entry with this sort key."""
    place = listing.order.place(sort_key)
    return urlsafe_b64encode(_binding(listing, place) + place).decode().rstrip("=")


def sort_key_of(listing: Listing, cursor: str) -> str:
    """Return the sort key that a cursor of this list encodes.

    Raises BadRequest if the text is not a cursor, or is a cursor of another list.
    """
    try:
        if not _CURSOR.fullmatch(cursor):
            raise ValueError
        decoded = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        binding, place = decoded[:_BINDING_BYTES], decoded[_BINDING_BYTES:]
        sort_key = listing.order.sort_key(place)
        if binding != _binding(listing, place) or cursor_after(listing, sort_key) != cursor:
            raise ValueError
    except (ValueError, OverflowError) as e:
        raise BadRequest("The cursor does not belong to this list.") from e
    return sort_key


def _binding(listing: Listing, place: bytes) -> bytes:
    return hashlib.sha256(place + listing.name.encode()).digest()[:_BINDING_BYTES]
