"""Turns Markdown into HTML with comrak, in time and memory proportional to the text.

The dialect is GitHub's: CommonMark with tables, strikethrough, task lists, footnotes and alerts.
Emphasis works beside Chinese and Japanese punctuation. Comments have no tables, footnotes and
alerts.

The HTML contains what authors typed as HTML. `markup.py` must clean it.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from secrets import choice
from typing import NamedTuple
from urllib.parse import unquote

import comrak

from blog.posts.links import find_links

# comrak's time and memory grow with the cells of a table, also with those that a row leaves out,
# and its HTML grows with each use of a footnote.
MAX_DEPTH = 100
MAX_CELLS = 10_000
MAX_FOOTNOTE_MARKS = 1_000

# The signs at the start of a line that open a quote or a list: as many as tell that it is too deep.
_CONTAINERS = re.compile(r"(?:[ \t]*(?:>|[-+*](?=\s)|[0-9]{1,9}[.)](?=\s))){1,101}")
_CONTAINER = re.compile(r"[>*+.)-]")
_DELIMITER_ROW = re.compile(r"[\s>*+0-9.)-]*+[|:][\s|:-]*+")
_EMPTY = re.compile(r"[\s>]*")
_ALERT = re.compile(r"\[!(?:note|tip|important|warning|caution)\](?![(\[:])", re.IGNORECASE)
# Characters without a meaning, of planes 15 and 16. A mark contains none that stands for a sign. No
# body is long enough to contain all of the first ones.
_SIGNS = (*range(0xF0000, 0xFFFFE), *range(0x100000, 0x100003))
_LETTERS = range(0x100003, 0x10FFFE)


class TooComplex(Exception):
    """The text would take too long. Its argument says what there is too much of."""


class Marks(NamedTuple):
    """Text that stands for signs that comrak must not read, or that shows what comrak made.

    `signs` maps a character to the sign of an address that it stands for. `footnote` begins each
    label of a footnote, and `alert` each title of an alert. Both are random, so nobody can type
    HTML that looks like a footnote or an alert.
    """

    signs: dict[str, str]
    footnote: str
    alert: str


class Rendered(NamedTuple):
    """HTML that is not yet clean, with the marks that are still in it."""

    html: str
    marks: Marks


def post_html(text: str) -> Rendered:
    """Render a post. Raises TooComplex."""
    return _html(text, *_post_options())


def comment_html(text: str) -> Rendered:
    """Render a comment. Raises TooComplex."""
    return _html(text, *_comment_options())


def _html(
    text: str, extensions: comrak.ExtensionOptions, rendering: comrak.RenderOptions
) -> Rendered:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _check(text)
    marks = _marks(text)
    html = comrak.render_markdown(
        _marked(text, marks), extension_options=extensions, render_options=rendering
    )
    for character, sign in marks.signs.items():
        html = html.replace(_percent_encoded(character), sign).replace(character, sign)
    # comrak encodes ids and addresses.
    html = html.replace(_percent_encoded(marks.footnote), marks.footnote)
    return Rendered(html, marks)


def _check(text: str) -> None:
    if text.count("[^") > MAX_FOOTNOTE_MARKS:
        raise TooComplex(f"{MAX_FOOTNOTE_MARKS:,} footnote marks")
    cells = columns = 0
    for line in text.split("\n"):
        opened = _CONTAINERS.match(line)
        if opened and len(_CONTAINER.findall(opened[0])) > MAX_DEPTH:
            raise TooComplex(f"{MAX_DEPTH} quotes and lists inside each other")
        if "|" in line and _DELIMITER_ROW.fullmatch(line):
            columns = max(columns, line.count("|") + 1)
        elif columns and _EMPTY.fullmatch(line):
            columns = 0
        cells += columns
        if cells > MAX_CELLS:
            raise TooComplex(f"{MAX_CELLS:,} cells of tables")


def _marks(text: str) -> Marks:
    decoded = text + unescape(text) + unquote(text)
    free = (c for c in map(chr, _SIGNS) if c not in decoded)
    footnote, alert = ("".join(chr(choice(_LETTERS)) for _ in range(8)) for _ in range(2))
    return Marks({next(free): sign for sign in "_*~"}, footnote, alert)


def _marked(text: str, marks: Marks) -> str:
    """Hide the signs of emphasis in addresses, and mark footnotes and alerts."""
    hidden = str.maketrans({sign: mark for mark, sign in marks.signs.items()})
    text = "".join(_with_hidden(text, hidden))
    text = text.replace("[^", f"[^{marks.footnote}")
    return _ALERT.sub(rf"\g<0> {marks.alert}", text)


def _with_hidden(text: str, hidden: dict[int, str]) -> Iterator[str]:
    end = 0
    for link in find_links(text, is_markdown=True):
        yield text[end : link.start]
        yield text[link.start : link.end].translate(hidden)
        end = link.end
    yield text[end:]


def _percent_encoded(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


@cache
def _post_options() -> tuple[comrak.ExtensionOptions, comrak.RenderOptions]:
    extensions, rendering = _new_options()
    extensions.table = extensions.footnotes = extensions.alerts = True
    return extensions, rendering


@cache
def _comment_options() -> tuple[comrak.ExtensionOptions, comrak.RenderOptions]:
    return _new_options()


def _new_options() -> tuple[comrak.ExtensionOptions, comrak.RenderOptions]:
    extensions = comrak.ExtensionOptions()
    extensions.strikethrough = extensions.tasklist = extensions.cjk_friendly_emphasis = True
    rendering = comrak.RenderOptions()
    rendering.unsafe_ = True  # HTML passes; markup.py and nh3 clean it
    return extensions, rendering
