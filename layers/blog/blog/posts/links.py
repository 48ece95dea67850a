"""Finds the addresses in a text that become links without markup.

The rules are those of GitHub (GFM §6.9). In addition, an address ends before a bracket that it does
not open, and before the punctuation of Chinese and Japanese, because these scripts write no space
there. The punctuation of other scripts does not belong to its end, either.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_ADDRESS = 2000  # characters; a longer word is no address

_WORD = re.compile(r"[^\s<]+")
_WORD_OF_MARKDOWN = re.compile(r"""[^\s<>`|"\]]+""")
_START = re.compile(r"(?<![a-z0-9])(?:https?://|www\.(?=\w)|mailto:(?=[\w.+-]+@))", re.IGNORECASE)
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*")
_EMAIL = re.compile(
    r"(?<![\w.+/])[a-z0-9._+][a-z0-9._+-]{0,63}@(?:[a-z0-9_-]{1,63}\.){1,8}[a-z0-9_-]{0,62}[a-z0-9](?![\w-])",
    re.IGNORECASE | re.ASCII,
)
# Typographic quotes, ideographic punctuation (without the letters 々〆〇), and full-width forms of
# ASCII punctuation.
_CJK_PUNCTUATION = re.compile(
    "[\u2018-\u201f\u2026\u3000-\u3004\u3008-\u3020\u3030\u303d"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
)
# In ASCII, Greek and Cyrillic, Arabic, Devanagari and its neighbours, and Ethiopic; and characters
# without ink that set the direction.
_TRAILING = frozenset(
    "?!.,:*_~'\"\u00b7\u037e\u0387\u00bb\u203a\u060c\u061b\u061f\u06d4\u0964\u0965"
    "\u1361\u1362\u1363\u1364\u1365\u1366\u1367\u200e\u200f\u061c"
)
_BRACKET = re.compile("[()]")
_REFERENCE = re.compile(r"&[a-zA-Z0-9]+;\Z")


class Link(NamedTuple):
    """An address at text[start:end], and where its link leads."""

    start: int
    end: int
    href: str


def find_links(text: str, *, is_markdown: bool = False) -> Iterator[Link]:
    """Yield the addresses of a text, in order. Takes time in proportion to the text.

    In Markdown, an address also ends before the signs that end code, cells and link texts.
    """
    if ":" not in text and "@" not in text and "www." not in text.lower():
        return
    for found in (_WORD_OF_MARKDOWN if is_markdown else _WORD).finditer(text):
        word = found[0]
        if ":" in word or "@" in word or "www." in word.lower():
            yield from _links_of_word(word, found.start())


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
    has_scheme = start[0].lower() != "www."
    host = _HOST.match(word, start.end() if has_scheme else start.start())
    if host is None or "_" in "".join(host[0].split(".")[-2:]):
        return None
    stop = _CJK_PUNCTUATION.search(word, start.end())
    most = _closing_bracket(word, start.end(), stop.start() if stop else len(word))
    end = _without_trailing(word, start.start(), most)
    return end if end > start.end() else None


def _closing_bracket(word: str, start: int, end: int) -> int:
    """Return the place of the first bracket that is not opened after `start`, or the end."""
    depth = 0
    for bracket in _BRACKET.finditer(word, start, end):
        depth += 1 if bracket[0] == "(" else -1
        if depth < 0:
            return bracket.start()
    return end


def _without_trailing(word: str, start: int, end: int) -> int:
    """Return the end without punctuation that belongs to the sentence (GFM §6.9)."""
    while end > start:
        last = word[end - 1]
        if last in _TRAILING:
            end -= 1
        elif last == ";":
            reference = _REFERENCE.search(word, max(start, end - 40), end)
            end = reference.start() if reference else end - 1
        else:
            break
    return end
