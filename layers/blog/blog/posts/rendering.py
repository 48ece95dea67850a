"""Renders Markdown to sanitised HTML, and derives a post's excerpt and its reading time.

Posts and comments are rendered when they are written, never when they are read.
"""

import re
from typing import NamedTuple

import nh3
from pydantic_core import to_json

from blog.characters import has_visible, whole_characters, without_direction
from blog.errors import FieldError, Unprocessable
from blog.fields import without_refused
from blog.posts import elements, markdown, markup

EXCERPT_CHARACTERS = 200
LONGEST_WORD = 40  # characters; an excerpt cuts a longer one
MAX_COMMENT_HTML = 20 * 1024  # bytes in a response: UTF-8, with the escapes of JSON
WORDS_A_MINUTE = 230
# Scripts without spaces between words are counted by their characters.
CHARACTERS_A_MINUTE = 500
# Thai and Lao, Burmese, Khmer, kana and Bopomofo, and Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31a0-\u31bf"
    "\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
_SPACE = re.compile("[\\s\u1361]")  # with the separator of words in Ethiopic


class Content(NamedTuple):
    """A rendered body. `reading_minutes` is at least 1."""

    html: str
    excerpt: str
    reading_minutes: int


def rendered(body: str) -> Content:
    """Render the Markdown body of a post.

    Raises Unprocessable if its HTML would have more than 512 KiB in a response, or if it would take
    too long to render.
    """
    text = _text(body, "512 KiB")
    html = sanitised(text.html)
    if len(to_json(html)) > markup.MAX_HTML:
        raise _too_long("512 KiB")
    return Content(html, _excerpt(text.prose), _reading_minutes(text.words))


def rendered_comment(body: str) -> str:
    """Render the HTML of a comment.

    Raises Unprocessable if it would have more than MAX_COMMENT_HTML bytes in a response, if it
    would take too long to render, or if no text in it is visible.
    """
    text = _text(body, "20 KiB", is_comment=True)
    html = sanitised(text.html)
    if len(to_json(html)) > MAX_COMMENT_HTML:
        raise _too_long("20 KiB")
    if not has_visible(text.words):
        raise Unprocessable([FieldError("body", "Must have visible text when rendered")])
    return html


def _text(body: str, limit: str, *, is_comment: bool = False) -> markup.Text:
    try:
        html = markdown.comment_html(body) if is_comment else markdown.post_html(body)
        return markup.rewritten(html, is_comment=is_comment)
    except markup.TooLong as e:
        raise _too_long(limit) from e
    except markdown.TooComplex as e:
        raise Unprocessable([FieldError("body", f"Has more than {e}")]) from e


def sanitised(html: str) -> str:
    """Remove what the lists below do not allow, and characters that XML cannot hold."""
    # Character references such as &#12; can produce characters that XML cannot hold.
    return without_refused(_CLEANER.clean(html))


def _allowed_attribute(tag: str, name: str, value: str) -> str | None:
    pattern = _PATTERNS.get((tag, name))
    return value if pattern is None or pattern.fullmatch(value) else None


_ID = re.compile(re.escape(elements.PREFIX) + r"[^\s\"<>]{1,1000}")
_SPAN = re.compile(r"[0-9]{1,2}")
_PATTERNS = {
    ("a", "aria-label"): re.compile(r"Back to reference [0-9-]{1,20}"),
    ("code", "class"): elements.LANGUAGE,
    ("img", "height"): elements.SIZE,
    ("img", "src"): elements.IMAGE_ADDRESS,
    ("img", "width"): elements.SIZE,
    ("ol", "start"): re.compile(r"[0-9]{1,9}"),
    **{(tag, "id"): _ID for tag in ("a", "li", *elements.HEADINGS)},
    **{(tag, name): _SPAN for tag in ("td", "th") for name in ("colspan", "rowspan")},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}
_OF_IMAGES = elements.OF_IMAGES | elements.OF_REMOTE_IMAGES
_VALUES = {
    "td": _ALIGNMENTS,
    "th": _ALIGNMENTS,
    "input": {"type": {"checkbox"}},
    "img": {name: {value} for name, value in _OF_IMAGES.items()},
}
_ALERTS = {f"markdown-alert-{kind}" for kind in ("note", "tip", "important", "warning", "caution")}

# The last word on what HTML may contain, after markup.py. The classes and ids of footnotes, alerts
# and headings get here only from there.
_CLEANER = nh3.Cleaner(
    tags=set(elements.BLOCKS | elements.INLINE),
    attributes={
        **{
            tag: set(names) - _VALUES.get(tag, {}).keys()
            for tag, names in elements.ATTRIBUTES.items()
        },
        "a": {"href", "title", "id", "aria-label"},
        "li": {"id"},
        **{heading: {"id"} for heading in elements.HEADINGS},
    },
    allowed_classes={
        "a": {"footnote-backref"},
        "div": {"markdown-alert"} | _ALERTS,
        "p": {"markdown-alert-title"},
        "section": {"footnotes"},
        "sup": {"footnote-ref"},
    },
    tag_attribute_values=_VALUES,
    attribute_filter=_allowed_attribute,
    url_schemes=set(elements.SCHEMES),
    link_rel=elements.REL,
)


def _too_long(limit: str) -> Unprocessable:
    text = f"Is too long when rendered: its HTML would be over {limit}"
    return Unprocessable([FieldError("body", text)])


def _excerpt(prose: str) -> str:
    """Return the first words of a text, at most EXCERPT_CHARACTERS characters."""
    text = without_direction(without_refused(prose))
    if len(text) <= EXCERPT_CHARACTERS:
        return text
    cut = text[: whole_characters(text, EXCERPT_CHARACTERS - 1)]
    ends = [space.start() for space in _SPACE.finditer(cut)]
    # In a script without spaces, the last "word" may be most of the text.
    return f"{cut[: ends[-1]] if ends and len(cut) - ends[-1] <= LONGEST_WORD else cut}…"


def _reading_minutes(text: str) -> int:
    unspaced = len(_UNSPACED.findall(text))
    words = sum(any(map(str.isalnum, word)) for word in _SPACE.split(_UNSPACED.sub(" ", text)))
    return max(1, round(words / WORDS_A_MINUTE + unspaced / CHARACTERS_A_MINUTE))
