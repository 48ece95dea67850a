"""Rewrites the HTML of a text: which elements stay, the ids of headings, and links.

The result has one form: known elements in lower case, quoted attributes, and no other `<`. So the
sanitiser, which gets it next, reads it as it is meant here. The words of the text are collected on
the way.
"""

import re
from collections import Counter
from collections.abc import Collection
from html import escape, unescape
from typing import NamedTuple
from unicodedata import category
from urllib.parse import unquote

from blog.characters import has_visible
from blog.posts.elements import (
    BLOCKS,
    CLOSED_BY_NEXT,
    HEADINGS,
    INLINE,
    LENGTH_OF_REL,
    NOT_IN_COMMENTS,
    PREFIX,
    SAME,
    VOID,
    allowed_attributes,
    attributes_of,
    can_link,
    can_show,
    image_address,
    image_tag,
    start_tag,
)
from blog.posts.links import find_links
from blog.posts.markdown import MAX_DEPTH, Rendered, TooComplex

MAX_HTML = 512 * 1024  # characters here, bytes in JSON when it is clean
MAX_ID = 200  # characters of a heading
_SILENT = HEADINGS | {"table", "pre", "section"}  # not part of the prose
_SILENT_CLASSES = {"footnote-ref", "markdown-alert-title"}
_CODE = frozenset({"a", "code", "pre"})  # an address in them does not become a link

# Parts that nobody sees: how they begin and end.
_UNSEEN = (
    (re.compile("<!(?=--)"), re.compile("-->")),
    (
        re.compile(r"<script(?=[\s/>])", re.IGNORECASE),
        re.compile(r"</script[^<>]*>", re.IGNORECASE),
    ),
    (re.compile(r"<style(?=[\s/>])", re.IGNORECASE), re.compile(r"</style[^<>]*>", re.IGNORECASE)),
)
_TAG = re.compile(r"""(/?)([a-zA-Z][a-zA-Z0-9-]*+)((?:[^"'>]|"[^"]*"|'[^']*')*+)>""")
_DECLARATION = re.compile(r"/?[!?][^>]*>")
_NOT_IN_IDS = re.compile(r"[^\w\- ]")  # of ASCII
_IN_IDS = {"Mc", "Me", "Mn", "Pc"}  # besides letters and digits

# Chinese and Japanese write no space where a line ends.
_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff9f\U00020000-\U0003ffff"
_LINE_BREAK = re.compile(f"(?<=[{_CJK}])\n(?=[{_CJK}])")


class TooLong(Exception):
    """The HTML would be longer than MAX_HTML."""


class Text(NamedTuple):
    """Clean HTML, and two kinds of plain text.

    `words` are all words. `prose` leaves out headings, tables, code blocks and footnotes.
    """

    html: str
    words: str
    prose: str


def rewritten(rendered: Rendered, *, is_comment: bool = False) -> Text:
    """Rewrite the HTML of a post or a comment. Raises TooComplex and TooLong."""
    writer = _Writer(rendered, is_comment=is_comment)
    writer.read(rendered.html)
    return writer.text()


class _Element(NamedTuple):
    """An open element. If it is silent, its words are no prose. Code holds no automatic links."""

    name: str
    is_silent: bool
    is_code: bool


_ELEMENTS = {
    name: _Element(name, name in _SILENT, name in _CODE) for name in (BLOCKS | INLINE) - VOID
}
_SILENT_ELEMENTS = {name: element._replace(is_silent=True) for name, element in _ELEMENTS.items()}


class _Writer:
    def __init__(self, rendered: Rendered, *, is_comment: bool) -> None:
        self._marks = rendered.marks
        self._is_comment = is_comment
        self._known = (BLOCKS | INLINE) - (NOT_IN_COMMENTS if is_comment else set())
        self._parts: list[str] = []
        self._length = 0  # of the parts
        self._open: list[_Element] = []
        self._silent = self._code = 0  # how many open elements are silent, and code
        self._words: list[str] = []
        self._prose: list[str] = []
        self._alert_title = ""
        self._heading: tuple[int, int] | None = None  # its places in _parts and in _words
        self._ids: set[str] = set()
        self._repeated: Counter[str] = Counter()
        self._in_page: list[tuple[int, str]] = []  # the places in _parts of links to headings

    def read(self, html: str) -> None:
        first, *self._pieces = _without_unseen(html).split("<")
        self._add_text(first)
        plain, plain_end = self._plain_tags()
        for i, piece in enumerate(self._pieces):
            inside, _, text = piece.partition(">")
            if inside in plain:  # most tags: an element that stays, without attributes
                self._begin(inside, f"<{inside}>", _ELEMENTS[inside])
                self._add_text(text)
            elif inside in plain_end:
                self._end(inside[1:])
                self._add_text(text)
            elif tag := _TAG.match(piece):
                closing, name, attributes = tag.groups()
                if closing:
                    self._end(self._name(name))
                else:
                    self._start(self._name(name), attributes, i)
                self._add_text(piece[tag.end() :])
            elif declaration := _DECLARATION.match(piece):
                self._add_text(piece[declaration.end() :])
            else:
                self._add_text(f"&lt;{piece}")
        while self._open:
            self._close()
        for place, target in self._in_page:
            name = PREFIX + _slug(unquote(target))
            if name in self._ids:
                self._parts[place] = self._parts[place].replace(
                    f'href="#{escape(target)}"', f'href="#{escape(name)}"'
                )

    def text(self) -> Text:
        def joined(parts: list[str]) -> str:
            text = _LINE_BREAK.sub("", self._unmarked("".join(parts)))
            return " ".join(text.split())

        html = self._unmarked("".join(self._parts))
        return Text(html, joined(self._words), joined(self._prose))

    def _unmarked(self, text: str) -> str:
        return text.replace(self._marks.footnote, "").replace(f" {self._marks.alert}", "")

    def _write(self, part: str) -> None:
        self._parts.append(part)
        self._length += len(part)
        if self._length > MAX_HTML:
            raise TooLong

    def _name(self, name: str) -> str:
        """Return the name of the element that stands for this one."""
        name = name.lower()
        return "p" if self._is_comment and name in HEADINGS else SAME.get(name, name)

    def _start(self, name: str, attributes: str, place: int) -> None:
        given = attributes_of(attributes) if attributes else {}
        own = self._own(name, given, place) if attributes else {}
        if name == "img":
            self._add_image(given)
        elif self._is_allowed(name, given, own):
            if name == "a" and given.get("href", "").startswith("#") and not own:
                self._in_page.append((len(self._parts), given["href"][1:]))
            is_silent = own.get("class") in _SILENT_CLASSES
            elements = _SILENT_ELEMENTS if is_silent else _ELEMENTS
            tag = start_tag(name, allowed_attributes(name, given) | own) if given else f"<{name}>"
            self._begin(name, tag, elements.get(name))
        else:
            self._separate(name)

    def _add_image(self, given: dict[str, str]) -> None:
        """Write an image. In a comment, and if pages may not show it, write a link to it instead.

        The text of the link is the alternative text. In a post without one, it is the address.
        """
        address = image_address(given.get("src", ""))
        if not self._is_comment and can_show(address):
            source = {"src": address} if "src" in given else {}
            self._begin("img", image_tag(given | source), None)
            return
        text = given.get("alt", "")
        if not self._is_comment and not has_visible(text):
            text = address
        is_link = can_link(address) and not self._is_open("a")
        if is_link:
            title = {"title": given["title"]} if "title" in given else {}
            self._begin("a", start_tag("a", {"href": address} | title), _ELEMENTS["a"])
        self._code += 1  # nothing in it becomes a link
        self._add_text(escape(text))
        self._code -= 1
        if is_link:
            self._close()

    def _plain_tags(self) -> tuple[Collection[str], Collection[str]]:
        """Return the tags, between `<` and `>`, that need no further look."""
        names = self._known - VOID - {"a", "div", "section"}
        return names, {f"/{name}" for name in names}

    def _begin(self, name: str, tag: str, element: _Element | None) -> None:
        """Write a start tag, and open its element unless it is void."""
        if name in BLOCKS:
            self._close_before(name)
            self._separate(name)
            if name in HEADINGS:
                self._heading = (len(self._parts), len(self._words))
        elif name == "br":
            self._separate(name)
        elif name == "a":
            self._length += LENGTH_OF_REL
        self._write(tag)
        if element:
            self._push(element)

    def _is_open(self, name: str) -> bool:
        return any(element.name == name for element in reversed(self._open))

    def _close_before(self, name: str) -> None:
        """Close what browsers close when this element begins, with all that is open in it.

        If the sanitiser had to do it, it would open each formatting element again, block by block.
        """
        while name in CLOSED_BY_NEXT.get(block := self._innermost_block(), ()):
            while self._close() != block:
                pass
        # Browsers move a heading in a table in front of it, so there it would be in the other one.
        while name in HEADINGS and any(element.name in HEADINGS for element in self._open):
            self._close()

    def _innermost_block(self) -> str:
        for element in reversed(self._open):
            if element.name not in INLINE:
                return element.name
        return ""

    def _is_allowed(self, name: str, given: dict[str, str], own: dict[str, str]) -> bool:
        if name == "a":  # browsers close a link before the next begins
            return not self._is_open(name)
        if name == "input":
            return name in self._known and given.get("type", "").lower() == "checkbox"
        return name in self._known and (bool(own) or name not in ("div", "section"))

    def _own(self, name: str, given: dict[str, str], place: int) -> dict[str, str]:
        """Return the attributes of footnotes and alerts, which only the Markdown parser makes.

        An author's `[^` is also followed by a mark. So the marks must be where the parser puts
        them.
        """
        piece, one, two = (*self._pieces[place : place + 3], "", "")[:3]
        title = f'p class="markdown-alert-title">{self._marks.alert}'
        if name == "div" and one.startswith(title):
            kind = given["class"].rpartition("-")[2]
            self._alert_title = kind.capitalize()
            return {"class": f"markdown-alert markdown-alert-{kind}"}
        if name == "p" and piece.startswith(title):
            return {"class": "markdown-alert-title"}
        if name == "sup" and one.startswith(f'a href="#fn-{self._marks.footnote}'):
            return {"class": "footnote-ref"}
        if name == "section" and two.startswith(f'li id="fn-{self._marks.footnote}'):
            return {"class": "footnotes"}
        return self._footnote_link(given) if name in ("a", "li") else {}

    def _footnote_link(self, given: dict[str, str]) -> dict[str, str]:
        """Return the attributes of a footnote, of a link to it, or of a link back."""
        note, reference = (f"{kind}-{self._marks.footnote}" for kind in ("fn", "fnref"))
        href, own_id = given.get("href", ""), given.get("id", "")
        if own_id.startswith(note):
            return {"id": PREFIX + own_id}
        if own_id.startswith(reference) and href.startswith(f"#{note}"):
            return {"id": PREFIX + own_id, "href": f"#{PREFIX}{href[1:]}"}
        if href.startswith(f"#{reference}"):
            return {
                "class": "footnote-backref",
                "href": f"#{PREFIX}{href[1:]}",
                "aria-label": given.get("aria-label", ""),
            }
        return {}

    def _push(self, element: _Element) -> None:
        self._open.append(element)
        if len(self._open) > MAX_DEPTH:
            raise TooComplex(f"{MAX_DEPTH} elements inside each other")
        self._silent += element.is_silent
        self._code += element.is_code

    def _end(self, name: str) -> None:
        if self._open and self._open[-1].name == name:
            self._close()
        elif self._is_open(name):
            while self._close() != name:
                pass

    def _close(self) -> str:
        """Close the innermost element, and return its name."""
        name, is_silent, is_code = self._open.pop()
        if name in HEADINGS and self._heading:
            self._give_id(name, *self._heading)
            self._heading = None
        self._silent -= is_silent
        self._code -= is_code
        self._write(f"</{name}>")
        self._separate(name)
        return name

    def _give_id(self, name: str, place: int, first_word: int) -> None:
        slug = _slug(self._unmarked("".join(self._words[first_word:]).strip()))
        if slug.startswith(("fn-", "fnref-")):  # as the ids of footnotes
            slug = f"section-{slug}"
        number = self._repeated[slug]
        self._repeated[slug] += 1
        heading_id = PREFIX + (f"{slug}-{number}" if number else slug)
        if slug and heading_id not in self._ids:
            self._ids.add(heading_id)
            self._parts[place] = start_tag(name, {"id": heading_id})

    def _separate(self, name: str) -> None:
        """End a word where an element ends a line."""
        if name in BLOCKS or name == "br":
            self._words.append(" ")
            self._prose.append(" ")

    def _add_text(self, text: str) -> None:
        if not text:
            return
        if text == "\n":
            self._write(text)
            self._words.append(text)
            if not self._silent:
                self._prose.append(text)
            return
        if "&" in text:
            text = unescape(text)
        if text.startswith(self._marks.alert):
            text = text.removeprefix(self._marks.alert).strip() or self._alert_title
        self._words.append(text)
        if not self._silent:
            self._prose.append(text)
        end = 0
        for link in () if self._code else find_links(text):
            self._length += LENGTH_OF_REL
            self._write(escape(text[end : link.start], quote=False))
            self._write(f'<a href="{escape(link.href)}">')
            self._write(f"{escape(text[link.start : link.end], quote=False)}</a>")
            end = link.end
        self._write(escape(text[end:], quote=False))


def _without_unseen(html: str) -> str:
    """Remove comments, scripts and styles that have an end."""
    for begin, end in _UNSEEN:
        parts = []
        position = 0
        while (first := begin.search(html, position)) and (last := end.search(html, first.end())):
            parts.append(html[position : first.start()])
            position = last.end()
        html = "".join(parts) + html[position:]
    return html


def _slug(text: str) -> str:
    """Return the name of a heading as GitHub writes it: lower case, without punctuation."""
    if text.isascii():
        return _NOT_IN_IDS.sub("", text.lower()).replace(" ", "-")[:MAX_ID]
    kept = (c for c in text.lower() if c in "- " or c.isalnum() or category(c) in _IN_IDS)
    return "".join(kept).replace(" ", "-")[:MAX_ID]
