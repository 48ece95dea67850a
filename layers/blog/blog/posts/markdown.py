"""Turns Markdown into tokens and HTML with markdown-it-py.

The dialect is CommonMark with tables, strikethrough, footnotes and automatic links. Raw HTML is off
and appears as text. Comments have no headings, rules, images, tables or footnotes.

Rendering takes time in proportion to the text, and memory in proportion to MAX_HTML, where it
stops. Without that limit, a long reference that is used many times would grow with the square of
the text (100 KiB to 650 MB).
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
    """Parse a text into block tokens, with references resolved to links."""
    return _parser().parse(text)


def html(tokens: Sequence[Token]) -> str:
    """Render tokens to HTML that is not yet sanitised. Raises TooLong."""
    parser = _parser()
    return str(parser.renderer.render(tokens, parser.options, {}))


def comment_html(text: str) -> str:
    """Render a comment to HTML that is not yet sanitised. Raises TooLong."""
    return str(_comment_parser().render(text))


def plain_text(tokens: Sequence[Token]) -> str:
    """Return the words of a text without markup, code blocks and footnote marks."""
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
    # Only the core rule, as a last step. The inline rule of the same name takes quadratic time in
    # the length of a line.
    parser.core.ruler.enable("linkify")
    parser.options["linkify"] = True
    parser.linkify = _Linkifier()
    return parser


class _BoundedRenderer(RendererHTML):
    """A renderer that raises TooLong when a document or one of its lines would pass MAX_HTML."""

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
            if alignment:  # an attribute, because a Content-Security-Policy may forbid styles
                token.attrs["align"] = alignment[1]
        if token.type in self.rules:
            return str(self.rules[token.type](tokens, index, options, env))
        return self.renderToken(tokens, index, options, env)


def _joined(pieces: Iterable[str]) -> str:
    collected: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_HTML:
            raise TooLong
        collected.append(piece)
    return "".join(collected)


class _Linkifier(LinkifyIt):  # type: ignore[misc] # it has no types
    """A finder of http(s) and mailto addresses. A text without a scheme (`posts.py`) is no link.

    It searches word by word, and skips words longer than MAX_ADDRESS. Searching a text of 100 KiB
    in one piece takes a minute.
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
        matches = []
        for word in re.finditer(rf"(?<!\S)\S{{1,{MAX_ADDRESS}}}(?!\S)", text):
            if ":" not in word[0]:
                continue
            for match in super().match(word[0]) or []:
                match.index += word.start()
                match.last_index += word.start()
                matches.append(match)
        return matches
