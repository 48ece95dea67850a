"""Slugs derived from titles. A condition of the write makes them unique, never a counter."""

import secrets

from slugify import slugify

MAX_DERIVED = 100
_SUFFIX_LENGTH = 6
_SUFFIX_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without characters that look alike

_APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u02bc\uff07"))


def derived_slug(title: str) -> str:
    """Return the slug of a title in ASCII, cut between words; `post` if nothing is left.

    Apostrophes vanish, plain or typographic. `&amp;` is text, because titles are no HTML.
    """
    slug = slugify(
        title.translate(_APOSTROPHES),
        entities=False,
        decimal=False,
        hexadecimal=False,
        max_length=MAX_DERIVED,
        word_boundary=True,
    )
    return slug or "post"


def with_suffix(slug: str) -> str:
    """Return the slug with a random suffix. A counter would need a call for each taken slug."""
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    return f"{slug}-{suffix}"
