"""Markdown to tokens and HTML, by markdown-it-py: CommonMark, tables, strikethrough, footnotes, and
links where an address stands by itself. Raw HTML is off: it is shown as text. Comments have less of
it: no headings, rules, pictures, tables and footnotes.

Whatever is sent takes time in proportion to its length, and memory in proportion to MAX_HTML:
rendering stops when it would pass that, because a long reference that is used many times grows
with the square of the text (100 KiB to 650 MB).
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from mdit_py_plugins.footnote import footnote_plugin

MAX_HTML = 250 * 1024
MAX_ADDRESS = 2000
_ALIGNMENT = re.compile(r"text-align:(left|center|right)")


class TooLong(Exception):
    """The HTML would be longer than MAX_HTML."""


def parsed(text: str) -> list[Token]:
    """The block tokens of a text, links to references resolved."""
    return _parser().parse(text)


def html(tokens: Sequence[Token]) -> str:
    """The HTML of tokens, not yet sanitised; raises TooLong."""
    parser = _parser()
    return str(parser.renderer.render(tokens, parser.options, {}))


def comment_html(text: str) -> str:
    """The HTML of a comment, not yet sanitised; raises TooLong."""
    return str(_comment_parser().render(text))


def plain_text(tokens: Sequence[Token]) -> str:
    """The words of a text without its markup, code blocks and footnotes' marks."""
    inline = (token.children or [] for token in tokens if token.type == "inline")
    return " ".join(filter(None, (_words(children) for children in inline)))


def _words(tokens: Iterable[Token]) -> str:
    parts = (
        token.content if token.type in ("text", "code_inline") else " "
        for token in tokens
        if token.type in ("text", "code_inline", "softbreak", "hardbreak")
    )
    return " ".join("".join(parts).split())


@cache
def _parser() -> MarkdownIt:
    return _with_links().enable(["table", "strikethrough"]).use(footnote_plugin)


@cache
def _comment_parser() -> MarkdownIt:
    return _with_links().enable("strikethrough").disable(["heading", "lheading", "hr", "image"])


def _with_links() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_BoundedRenderer)
    # As a last step only: the rule of the same name within lines takes time with the square of
    # their length.
    parser.core.ruler.enable("linkify")
    parser.options["linkify"] = True
    parser.linkify = _Linkifier()
    return parser


class _BoundedRenderer(RendererHTML):
    """Stops when a document, or a line of it, would pass MAX_HTML."""

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: Any) -> str:
        pieces = (
            self.renderInline(token.children or [], options, env)
            if token.type == "inline"
            else self._piece(tokens, i, options, env)
            for i, token in enumerate(tokens)
        )
        return _joined(pieces)

    def renderInline(  # noqa: N802 - markdown-it's name
        self, tokens: Sequence[Token], options: OptionsDict, env: Any
    ) -> str:
        return _joined(self._piece(tokens, i, options, env) for i in range(len(tokens)))

    def _piece(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        token = tokens[index]
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            alignment = _ALIGNMENT.fullmatch(str(token.attrs.pop("style")))
            if alignment:  # no styles: a Content-Security-Policy would forbid them
                token.attrs["align"] = alignment[1]
        if token.type in self.rules:
            return str(self.rules[token.type](tokens, index, options, env))
        return self.renderToken(tokens, index, options, env)


def _joined(pieces: Iterable[str]) -> str:
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_HTML:
            raise TooLong
        kept.append(piece)
    return "".join(kept)


class _Linkifier(LinkifyIt):  # type: ignore[misc] # it has no types
    """Finds http(s) and mailto addresses, and nothing without a scheme: `posts.py` is no link.

    Word by word, none longer than MAX_ADDRESS: in one piece, a text of 100 KiB takes a minute.
    """

    def __init__(self) -> None:
        super().__init__(options={"fuzzy_link": False, "fuzzy_email": False})
        for scheme in ("//", "ftp:"):
            self.add(scheme, None)

    def pretest(self, text: str) -> bool:
        return ":" in text

    def test(self, text: str) -> bool:
        return ":" in text

    def match(self, text: str) -> list[Match]:
        found = []
        for word in re.finditer(rf"(?<!\S)\S{{1,{MAX_ADDRESS}}}(?!\S)", text):
            if ":" not in word[0]:
                continue
            for match in super().match(word[0]) or []:
                match.index += word.start()
                match.last_index += word.start()
                found.append(match)
        return found
