"""Parse an HTML fragment, and find elements and attributes that could be dangerous."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

# Written a second time here, so that a change of the renderer's list needs a change of this one.
TAGS = frozenset({
    "a", "abbr", "blockquote", "br", "code", "dd", "del", "details", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "input", "ins", "kbd",
    "li", "mark", "ol", "p", "pre", "section", "strong", "sub", "summary", "sup", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
})  # fmt: skip
ATTRIBUTES = frozenset({
    "align", "alt", "aria-label", "checked", "class", "colspan", "disabled", "height", "href", "id",
    "open", "rel", "rowspan", "src", "start", "title", "type", "width",
})  # fmt: skip

Elements = list[tuple[str, dict[str, str]]]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Elements = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.found.append((f"!--{data}", {}))

    def handle_decl(self, decl: str) -> None:
        self.found.append((f"!{decl}", {}))

    def handle_pi(self, data: str) -> None:
        self.found.append((f"?{data}", {}))

    def unknown_decl(self, data: str) -> None:
        self.found.append((f"![{data}", {}))


def elements(html: str) -> Elements:
    """Return all elements with their attributes.

    Comments and declarations count as elements too.
    """
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.found


def dangers(html: str) -> Iterator[str]:
    """Yield everything in a fragment that the renderer must never produce."""
    for tag, attributes in elements(html):
        if tag not in TAGS:
            yield f"<{tag}>"
        for name, value in attributes.items():
            if name not in ATTRIBUTES:
                yield f"<{tag} {name}>"
            if name in ("href", "src") and _scheme(value) not in ("", "http", "https", "mailto"):
                yield f"<{tag} {name}={value!r}>"
            if name == "id" and not value.startswith("user-content-"):
                yield f"<{tag} id={value!r}>"
        if tag == "input" and (attributes.get("type"), "disabled" in attributes) != (
            "checkbox",
            True,
        ):
            yield f"<input {attributes}>"
        if tag == "a" and attributes.get("rel") != "nofollow ugc noopener":
            yield "<a> without rel"


def _scheme(address: str) -> str:
    """Return the scheme as the URL standard parses it: without inner white space and leading
    control characters."""
    stripped = re.sub(r"[\t\r\n]", "", address).lstrip("".join(map(chr, range(33))))
    match = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", stripped)
    return match[1].lower() if match else ""
