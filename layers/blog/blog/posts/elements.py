"""The list of what HTML may contain, and how its tags are read and written."""

import re
from html import escape, unescape
from html.entities import html5

REL = "nofollow ugc noopener"  # of all links
LENGTH_OF_REL = len(f' rel="{REL}"')  # the sanitiser adds it
PREFIX = "user-content-"  # of all ids, so that they cannot replace ids and names of a page

BLOCKS = frozenset({
    "blockquote", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "section", "summary", "table", "tbody", "td",
    "th", "thead", "tr", "ul",
})  # fmt: skip
INLINE = frozenset({
    "a", "abbr", "br", "code", "del", "em", "img", "input", "ins", "kbd", "mark", "strong", "sub",
    "sup",
})  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
VOID = frozenset({"br", "hr", "img", "input"})
# In the order in which they are written.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "a": ("href", "title"),
    "abbr": ("title",),
    "code": ("class",),
    "details": ("open",),
    "img": ("src", "alt", "title", "width", "height"),
    "input": ("type", "checked", "disabled"),
    "ol": ("start",),
    "td": ("align", "colspan", "rowspan"),
    "th": ("align", "colspan", "rowspan"),
}
# Elements with the meaning of others.
SAME = {"b": "strong", "i": "em", "s": "del", "strike": "del"}
# Which elements end when another one begins, as in browsers (HTML standard, 13.2.6.4.7).
CLOSED_BY_NEXT = {
    "p": BLOCKS,
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "td": {"td", "th", "tr", "tbody", "thead"},
    "th": {"td", "th", "tr", "tbody", "thead"},
    "tr": {"tr", "tbody", "thead"},
    "tbody": {"tbody", "thead"},
    "thead": {"tbody", "thead"},
}
NOT_IN_COMMENTS = HEADINGS | {"details", "figcaption", "figure", "hr", "input", "summary"}

LANGUAGE = re.compile(r"language-[^\s\"'<>&=`]{1,40}")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_BARE_REFERENCE = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*+)(?!;)(=?)")


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes of a tag. Of several with the same name the first counts."""
    return {
        name.lower(): unescape(_BARE_REFERENCE.sub(_kept, double or single or bare))
        for name, double, single, bare in reversed(_ATTRIBUTE.findall(text))
    }


def _kept(reference: re.Match[str]) -> str:
    """Keep what is no reference in an attribute, such as `&copy=` (HTML standard, 13.2.5.73)."""
    name, equals = reference.groups()
    return reference[0] if name in html5 and not equals else f"&amp;{name}{equals}"


def allowed_attributes(name: str, given: dict[str, str]) -> dict[str, str]:
    """Return the attributes that an element of an author may keep, in their order."""
    allowed = {key: given[key] for key in ATTRIBUTES.get(name, ()) if key in given}
    if name == "code" and not LANGUAGE.fullmatch(allowed.get("class", "")):
        return {}
    return allowed | {"type": "checkbox", "disabled": ""} if name == "input" else allowed


def start_tag(name: str, attributes: dict[str, str]) -> str:
    """Write a start tag with quoted attributes."""
    quoted = (f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{''.join(quoted)}>"
