"""Finds the addresses in a text that become links without markup.

The rules are those of GitHub (GFM §6.9). In addition, an address ends before the punctuation of
Chinese and Japanese, because these scripts write no space there.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_ADDRESS = 2000  # characters; a longer word is no address

_WORD = re.compile(r"[^\s<]+")
_START = re.compile(r"(?<![a-z0-9])(?:https?://|www\.(?=\w)|mailto:(?=[\w.+-]+@))", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_EMAIL = re.compile(
    r"(?<![\w.+/-])[a-z0-9._+-]{1,64}@(?:[a-z0-9_-]{1,63}\.){1,8}[a-z0-9_-]{0,62}[a-z0-9](?![\w-])",
    re.IGNORECASE | re.ASCII,
)
# Typographic quotes, ideographic punctuation (without the letters 々〆〇), and full-width forms of
# ASCII punctuation.
_CJK_PUNCTUATION = re.compile(
    "[\u2018-\u201f\u2026\u3000-\u3004\u3008-\u3020\u3030\u303d"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
)
_TRAILING = "?!.,:*_~'\""
_REFERENCE = re.compile(r"&[a-zA-Z0-9]+;\Z")


class Link(NamedTuple):
    """An address at text[start:end], and where its link leads."""

    start: int
    end: int
    href: str


def find_links(text: str) -> Iterator[Link]:
    """Yield the addresses of a text, in order. Takes time in proportion to the text."""
    if ":" not in text and "@" not in text and "www." not in text.lower():
        return
    for word in _WORD.finditer(text):
        yield from _links_of_word(word[0], word.start())


def _links_of_word(word: str, offset: int) -> Iterator[Link]:
    if len(word) > MAX_ADDRESS:
        return
    position = 0
    while start := _START.search(word, position):
        yield from _emails(word, position, start.start(), offset)
        end = _end(word, start)
        if end is None:
            position = start.end()
            continue
        address = word[start.start() : end]
        href = f"http://{address}" if start[0].lower() == "www." else address
        yield Link(offset + start.start(), offset + end, href)
        position = end
    yield from _emails(word, position, len(word), offset)


def _emails(word: str, start: int, end: int, offset: int) -> Iterator[Link]:
    if "@" in word:
        for found in _EMAIL.finditer(word, start, end):
            yield Link(offset + found.start(), offset + found.end(), f"mailto:{found[0]}")


def _end(word: str, start: re.Match[str]) -> int | None:
    """Return where an address ends that starts here, or None if it has no valid host."""
    if start[0].lower() == "mailto:":
        email = _EMAIL.match(word, start.end())
        return email and email.end()
    is_short = start[0].lower() == "www."
    host = _HOST.match(word, start.start() if is_short else start.end())
    if host is None or "_" in "".join(host[0].split(".")[-2:]):
        return None
    stop = _CJK_PUNCTUATION.search(word, start.end())
    end = _without_trailing(word, start.start(), stop.start() if stop else len(word))
    return end if end > start.end() else None


def _without_trailing(word: str, start: int, end: int) -> int:
    """Return the end without punctuation that belongs to the sentence (GFM §6.9)."""
    open_brackets = word.count("(", start, end) - word.count(")", start, end)
    while end > start:
        last = word[end - 1]
        if last == ")" and open_brackets < 0:
            open_brackets += 1
            end -= 1
        elif last in _TRAILING:
            end -= 1
        elif last == ";":
            reference = _REFERENCE.search(word, max(start, end - 40), end)
            end = reference.start() if reference else end - 1
        else:
            break
    return end
