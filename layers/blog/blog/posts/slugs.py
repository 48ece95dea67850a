"""Slugs made from titles: unique by condition, never by counting up."""

import secrets

from slugify import slugify

MAX_DERIVED = 100
_SUFFIX_LENGTH = 6
_SUFFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read for something else


def derived_slug(title: str) -> str:
    """The slug of a title, folded to ASCII and cut between words; `post` where nothing is left."""
    return slugify(title, max_length=MAX_DERIVED, word_boundary=True) or "post"


def with_suffix(slug: str) -> str:
    """The slug with a random ending: a counted one would cost a call for each that is taken."""
    ending = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    return f"{slug}-{ending}"
