"""Cursors: a position in the order of one list, opaque, never a key.

Thirty bytes, so forty characters of base64url without padding: six of time in milliseconds, the
id's sixteen, and eight of a digest that binds them to the list and tells a mangled cursor.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

from ulid import ULID

from blog.errors import BadRequest
from blog.keys import Listing, entry_position, entry_sort_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CURSOR = re.compile(r"[A-Za-z0-9_-]{40}")


def cursor_after(listing: Listing, sort_key: str) -> str:
    """The cursor of what comes after the entry with this sort key in the list."""
    moment, entry_id = entry_position(sort_key)
    milliseconds = (moment - _EPOCH) // _MILLISECOND
    position = milliseconds.to_bytes(6) + ULID.from_str(entry_id).bytes
    return urlsafe_b64encode(position + _binding(listing, position)).decode()


def position_of(listing: Listing, cursor: str) -> str:
    """The sort key that a cursor of this list stands for.

    Raises BadRequest for a cursor of another list, and for what is no cursor.
    """
    try:
        if not _CURSOR.fullmatch(cursor):
            raise ValueError
        decoded = urlsafe_b64decode(cursor)
        position, binding = decoded[:22], decoded[22:]
        if binding != _binding(listing, position):
            raise ValueError
        moment = _EPOCH + int.from_bytes(position[:6]) * _MILLISECOND
        return entry_sort_key(moment, str(ULID.from_bytes(position[6:])))
    except (ValueError, OverflowError) as e:
        raise BadRequest("The cursor is not one of this list.") from e


def _binding(listing: Listing, position: bytes) -> bytes:
    return hashlib.sha256(position + listing.name.encode()).digest()[:8]
