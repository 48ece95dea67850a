"""Cursors: a place in the order of one list, opaque, never a key.

Base64url without padding, of a digest's eight bytes, which bind them to the list and tell a mangled
cursor, and the place.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from blog.dynamodb.listings import Listing
from blog.errors import BadRequest

_BINDING_BYTES = 8
_CURSOR = re.compile(r"[A-Za-z0-9_-]{12,300}")


def cursor_after(listing: Listing, sort_key: str) -> str:
    """The cursor of what comes after the entry with this sort key in the list."""
    place = listing.order.place(sort_key)
    return urlsafe_b64encode(_binding(listing, place) + place).decode().rstrip("=")


def sort_key_of(listing: Listing, cursor: str) -> str:
    """The sort key that a cursor of this list stands for.

    Raises BadRequest for a cursor of another list, and for what is no cursor.
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
        raise BadRequest("The cursor is not one of this list.") from e
    return sort_key


def _binding(listing: Listing, place: bytes) -> bytes:
    return hashlib.sha256(place + listing.name.encode()).digest()[:_BINDING_BYTES]
