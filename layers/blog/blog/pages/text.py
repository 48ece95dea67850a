"""Texts in pages: dates, counts, and JSON in HTML. The app writes dates and counts alike."""

import re
from datetime import datetime
from urllib.parse import quote

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
# Characters that could end a script element or begin a comment in it, and line breaks that were
# not allowed in JavaScript strings before 2019.
_UNSAFE = re.compile("[<>&\u2028\u2029]")


def date(at: datetime) -> str:
    """Return a day in UTC, such as 29 November 2026."""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def count(number: int, one: str) -> str:
    """Return a number of things, such as `1 like` or `2 likes`."""
    return f"{number} {one if number == 1 else f'{one}s'}"


def component(text: str) -> str:
    """Return a text percent-encoded as JavaScript's encodeURIComponent does."""
    return quote(text, safe="!~*'()")


def in_script(json: str) -> str:
    """Escape JSON so that it can stand in a script element (HTML standard, 4.12.1.3)."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
