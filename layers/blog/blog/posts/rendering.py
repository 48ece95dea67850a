"""Renders Markdown to sanitised HTML, and derives a post's excerpt and its reading time.

Posts and comments are rendered when they are written, never when they are read.
"""

import re
from html import unescape
from typing import NamedTuple

import nh3
from pydantic_core import to_json

from blog.characters import has_visible, without_direction
from blog.errors import FieldError, Unprocessable
from blog.fields import without_refused
from blog.posts import markdown

EXCERPT_CHARACTERS = 200
MAX_COMMENT_HTML = 20 * 1024  # bytes in a response: UTF-8, with the escapes of JSON
WORDS_A_MINUTE = 230
# Scripts without spaces between words are counted by their characters.
CHARACTERS_A_MINUTE = 500
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

# The HTML may contain only these. nh3's defaults would drop the classes of code, the ids of
# footnotes and the alignment of tables.
_ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "li": {"id"},
    "ol": {"start"},
}
_TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li",
    "ol", "p", "pre", "s", "section", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr",
    "ul",
}  # fmt: skip
_CLASSES = {
    "a": {"footnote-backref"},
    "hr": {"footnotes-sep"},
    "li": {"footnote-item"},
    "ol": {"footnotes-list"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}
_PATTERNS = {
    ("a", "id"): re.compile(r"fnref\d+(:\d+)?"),
    ("code", "class"): re.compile(r"language-[^\s\"'<>&=`]{1,40}"),
    ("li", "id"): re.compile(r"fn\d+"),
    ("ol", "start"): re.compile(r"\d{1,9}"),
}


class Content(NamedTuple):
    """A rendered body. `reading_minutes` is at least 1."""

    html: str
    excerpt: str
    reading_minutes: int


def rendered(body: str) -> Content:
    """Render a Markdown body; raise Unprocessable if its HTML would be over 250 KiB."""
    try:
        tokens = markdown.parsed(body)
        # Character references such as &#12; can produce characters that XML cannot hold.
        html = without_refused(_CLEANER.clean(markdown.html(tokens)))
    except (markdown.TooLong, RecursionError) as e:
        raise _too_long("250 KiB") from e
    if len(html.encode()) > markdown.MAX_HTML:
        raise _too_long("250 KiB")
    text = without_direction(without_refused(markdown.plain_text(tokens)))
    return Content(html, _first_words(text), _reading_minutes(text))


def rendered_comment(body: str) -> str:
    """Render the HTML of a comment.

    Raises Unprocessable if it would have more than MAX_COMMENT_HTML bytes in a response, or if no
    text in it is visible.
    """
    try:
        html = without_refused(_CLEANER.clean(markdown.comment_html(body)))
    except (markdown.TooLong, RecursionError) as e:
        raise _too_long("20 KiB") from e
    if len(to_json(html)) > MAX_COMMENT_HTML:
        raise _too_long("20 KiB")
    if not has_visible(unescape(nh3.clean(html, tags=set()))):
        raise Unprocessable([FieldError("body", "Must have visible text when rendered")])
    return html


def _allowed_attribute(tag: str, name: str, value: str) -> str | None:
    pattern = _PATTERNS.get((tag, name))
    return value if pattern is None or pattern.fullmatch(value) else None


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes=_CLASSES,
    tag_attribute_values={"td": _ALIGNMENTS, "th": _ALIGNMENTS},
    attribute_filter=_allowed_attribute,
    url_schemes={"http", "https", "mailto"},
    link_rel="nofollow ugc noopener",
)


def _too_long(limit: str) -> Unprocessable:
    text = f"Is too long when rendered: its HTML would be over {limit}"
    return Unprocessable([FieldError("body", text)])


def _first_words(text: str) -> str:
    if len(text) <= EXCERPT_CHARACTERS:
        return text
    cut = text[: EXCERPT_CHARACTERS - 1]
    whole_words, space, _ = cut.rpartition(" ")
    return f"{whole_words if space else cut}…"


def _reading_minutes(text: str) -> int:
    unspaced = len(_UNSPACED.findall(text))
    words = len(_UNSPACED.sub(" ", text).split())
    return max(1, round(words / WORDS_A_MINUTE + unspaced / CHARACTERS_A_MINUTE))
