"""Parse an HTML fragment, and find elements and attributes that could be dangerous."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

# Written a second time here, so that a change of the renderer's list needs a change of this one:
# the elements, their attributes, and the form of each value.
Attributes = dict[str, re.Pattern[str]]
_ANY = re.compile(r".*", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,4}")
_SPAN = re.compile(r"[0-9]{1,2}")
_LABEL = r"[!#$%&'()*+,./0-9:;=?@A-Z_a-z~-]{1,1000}"  # of a footnote
_CELL = {"align": re.compile(r"(?ai:left|center|right)"), "colspan": _SPAN, "rowspan": _SPAN}
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_WITHOUT_ATTRIBUTES = (
    "blockquote", "br", "dd", "del", "dl", "dt", "em", "figcaption", "figure", "hr", "ins", "kbd",
    "mark", "pre", "strong", "sub", "summary", "table", "tbody", "thead", "tr", "ul",
)  # fmt: skip
ALLOWED: dict[str, Attributes] = {
    **{tag: {} for tag in _WITHOUT_ATTRIBUTES},
    # Letters, digits, marks, hyphens and underscores: no other ASCII, no white space, no controls.
    **{
        tag: {"id": re.compile(r"user-content-[^\s\x00-,./:-@\[-^`{-\x9f]{1,204}")}
        for tag in _HEADINGS
    },
    "a": {
        "aria-label": re.compile(r"Back to reference [0-9]{1,9}(-[0-9]{1,9})?"),
        "class": re.compile(r"footnote-backref"),
        "href": _ANY,
        "id": re.compile(rf"user-content-fnref-{_LABEL}"),
        "rel": re.compile(r"nofollow ugc noopener"),
        "title": _ANY,
    },
    "abbr": {"title": _ANY},
    "code": {"class": re.compile(r"language-[^\s\"'<>&=`]{1,40}")},
    "details": {"open": _ANY},
    "div": {
        "class": re.compile(r"markdown-alert markdown-alert-(note|tip|important|warning|caution)")
    },
    "img": {
        "alt": _ANY,
        "decoding": re.compile(r"async"),
        "height": _NUMBER,
        "loading": re.compile(r"lazy"),
        "referrerpolicy": re.compile(r"no-referrer"),
        "src": _ANY,
        "title": _ANY,
        "width": _NUMBER,
    },
    "input": {"checked": _ANY, "disabled": _ANY, "type": re.compile(r"(?ai:checkbox)")},
    "li": {"id": re.compile(rf"user-content-fn-{_LABEL}")},
    "ol": {"start": re.compile(r"[0-9]{1,9}")},
    "p": {"class": re.compile(r"markdown-alert-title")},
    "section": {"class": re.compile(r"footnotes")},
    "sup": {"class": re.compile(r"footnote-ref")},
    "td": _CELL,
    "th": _CELL,
}
_SCHEMES = {"href": ("", "http", "https", "mailto"), "src": ("", "https")}
_NOT_IN_COMMENTS = {
    *_HEADINGS,
    "details", "div", "figcaption", "figure", "hr", "img", "input", "section", "summary",
}  # fmt: skip


def _allowed_in_comments() -> dict[str, Attributes]:
    """Return the list without footnotes and alerts too: no id, and no class but a language."""
    allowed = {tag: dict(ALLOWED[tag]) for tag in ALLOWED.keys() - _NOT_IN_COMMENTS}
    for tag, attributes in allowed.items():
        for name in {"aria-label", "class", "id"} - ({"class"} if tag == "code" else set()):
            attributes.pop(name, None)
    return allowed


_ALLOWED_IN_COMMENTS = _allowed_in_comments()

Elements = list[tuple[str, dict[str, str]]]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.found.append((f"!--{data}", []))

    def handle_decl(self, decl: str) -> None:
        self.found.append((f"!{decl}", []))

    def handle_pi(self, data: str) -> None:
        self.found.append((f"?{data}", []))

    def unknown_decl(self, data: str) -> None:
        self.found.append((f"![{data}", []))


def _parsed(html: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.found


def elements(html: str) -> Elements:
    """Return all elements with their attributes.

    Comments and declarations count as elements too.
    """
    return [
        (tag, {name: value or "" for name, value in attributes})
        for tag, attributes in _parsed(html)
    ]


def dangers(html: str, *, is_comment: bool = False) -> Iterator[str]:
    """Yield everything in a fragment that the renderer must never produce."""
    allowed = _ALLOWED_IN_COMMENTS if is_comment else ALLOWED
    for tag, pairs in _parsed(html):
        if tag not in allowed:
            yield f"<{tag}>"
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                yield f"<{tag}> has {name} {count} times"
        attributes = {name: value or "" for name, value in pairs}
        yield from _of_attributes(tag, attributes, allowed.get(tag, {}))


def _of_attributes(tag: str, attributes: dict[str, str], allowed: Attributes) -> Iterator[str]:
    for name, value in attributes.items():
        if name not in allowed:
            yield f"<{tag} {name}>"
        elif not allowed[name].fullmatch(value):
            yield f"<{tag} {name}={value!r}>"
        if name in _SCHEMES and _scheme(value) not in _SCHEMES[name]:
            yield f"<{tag} {name}={value!r}>"
    if tag == "input" and not {"type", "disabled"} <= attributes.keys():
        yield f"<input {attributes}>"
    if tag == "img" and not {"loading", "decoding"} <= attributes.keys():
        yield f"<img {attributes}>"
    if re.match(r"[\x00-\x20]*[/\\][\t\n\r]*[/\\]", attributes.get("src", "")):
        yield f"<img {attributes}> with the scheme of its page"
    if tag == "a" and "rel" not in attributes:
        yield "<a> without rel"
    is_back = "#user-content-fnref-" in attributes.get("href", "")  # readers of feeds complete it
    if "footnote-backref" in attributes.values() and not (is_back and "aria-label" in attributes):
        yield f"<{tag} {attributes}> is no link back from a footnote"


def _scheme(address: str) -> str:
    """Return the scheme as the URL standard parses it: without inner white space and leading
    control characters."""
    stripped = re.sub(r"[\t\r\n]", "", address).lstrip("".join(map(chr, range(33))))
    match = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", stripped)
    return match[1].lower() if match else ""
