"""Identifiers: ULIDs for stored items, and a keyed hash of `sub` for authors."""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode
from datetime import datetime
from functools import lru_cache

from ulid import ULID

from blog.errors import NotFound

MAX_IMAGES = 100  # of the site's own, that count for a post

_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_AUTHOR_ID = re.compile(r"[a-z2-7]{26}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
MEDIA_PATH = "/media/"
_MEDIA_PATHS = re.compile(f"{MEDIA_PATH}({_ULID.pattern})")


def new_id(now: datetime) -> str:
    """Return a new ULID. Its first ten characters are the time, so ids sort by creation."""
    return str(ULID.from_datetime(now))


def parse_id(path_id: str) -> str:
    """Return the id itself; raise NotFound if it is not a ULID."""
    if not _ULID.fullmatch(path_id):
        raise NotFound("There is nothing with this id.")
    return path_id


def media_path(media_id: str) -> str:
    """Return the path of a media item, as posts name it in `cover_image`."""
    return MEDIA_PATH + media_id


def media_id_of(address: str | None) -> str | None:
    """Return the id in the path of a media item; None for every other address."""
    path = (address or "").removeprefix(MEDIA_PATH)
    return path if path != address and _ULID.fullmatch(path) else None


def media_ids_in(text: str) -> list[str]:
    """Return the ids of the media items whose paths occur in a text, each once, in order."""
    return list(dict.fromkeys(_MEDIA_PATHS.findall(text)))


def images_of(text: str) -> list[str]:
    """Return the ids of the site's own images in a text, in order; at most MAX_IMAGES."""
    return media_ids_in(text)[:MAX_IMAGES]


def is_id(text: str) -> bool:
    """Return whether the text has the form of a ULID."""
    return _ULID.fullmatch(text) is not None


def is_author_id(text: str) -> bool:
    """Return whether the text has the form of an author id."""
    return _AUTHOR_ID.fullmatch(text) is not None


def parse_version(path_part: str) -> int:
    """Return a version as a number; raise NotFound if the text is not one."""
    if not _VERSION.fullmatch(path_part):
        raise NotFound("There is no such revision.")
    return int(path_part)


@lru_cache(maxsize=256)  # users send several requests in a row; this is 10 % of a request's time
def author_id(sub: str, key: str) -> str:
    """Return the author id of a user: 26 characters a-z2-7, HMAC-SHA-256 of `sub` cut to 130 bits.

    The hash has a key, because anyone could compare a plain hash with the hash of a guessed `sub`.
    The issuer is not part of it, so that ids survive a tenant's move to a custom domain.
    """
    digest = hmac.digest(key.encode(), sub.encode(), hashlib.sha256)
    return b32encode(digest).decode().lower()[:26]


def random_author_id() -> str:
    """Return an author id that belongs to no user."""
    return b32encode(secrets.token_bytes(17)).decode().lower()[:26]
