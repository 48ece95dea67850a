"""Names of things: posts get ULIDs, authors a keyed hash of their `sub`."""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode
from datetime import datetime
from functools import lru_cache

from ulid import ULID

from blog.errors import NotFound

_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_AUTHOR_ID = re.compile(r"[a-z2-7]{26}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_MEDIA_PATH = "/media/"
_MEDIA_PATHS = re.compile(f"{_MEDIA_PATH}({_ULID.pattern})")


def new_id(now: datetime) -> str:
    """A ULID, whose first ten characters are the time: ids sort as they were made."""
    return str(ULID.from_datetime(now))


def parse_id(path_id: str) -> str:
    """The id itself; NotFound for what cannot be one."""
    if not _ULID.fullmatch(path_id):
        raise NotFound("There is nothing with this id.")
    return path_id


def media_path(media_id: str) -> str:
    """The path of one of the site's own media, which posts name as their cover."""
    return _MEDIA_PATH + media_id


def media_id_of(address: str | None) -> str | None:
    """The id in the path of one of the site's own media; None for every other address."""
    path = (address or "").removeprefix(_MEDIA_PATH)
    return path if path != address and _ULID.fullmatch(path) else None


def media_ids_in(text: str) -> set[str]:
    """The ids of the site's own media that a text names by their paths."""
    return set(_MEDIA_PATHS.findall(text))


def is_author_id(text: str) -> bool:
    """Whether somebody could have this public name."""
    return _AUTHOR_ID.fullmatch(text) is not None


def parse_version(path_part: str) -> int:
    """The number of a version; NotFound for what cannot be one."""
    if not _VERSION.fullmatch(path_part):
        raise NotFound("There is no such revision.")
    return int(path_part)


@lru_cache(maxsize=256)  # people make several requests, of which it is a tenth
def author_id(sub: str, key: str) -> str:
    """The public name of a person: 26 characters a-z2-7, HMAC-SHA-256 of `sub` cut to 130 bits.

    Keyed, because `auth0|` and a guess, hashed, would tell whether the guess is right. The issuer
    is not part of it, so that people stay who they are when a tenant gets a custom domain.
    """
    digest = hmac.digest(key.encode(), sub.encode(), hashlib.sha256)
    return b32encode(digest).decode().lower()[:26]


def random_author_id() -> str:
    """The public name of nobody."""
    return b32encode(secrets.token_bytes(17)).decode().lower()[:26]
