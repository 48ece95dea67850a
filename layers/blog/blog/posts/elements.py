"""The list of what HTML may contain, and how its tags are read and written."""

import re
from html import escape, unescape
from html.entities import html5

from pydantic_core import Url, ValidationError

REL = "nofollow ugc noopener"  # of all links
LENGTH_OF_REL = len(f' rel="{REL}"')  # the sanitiser adds it
SCHEMES = frozenset({"http", "https", "mailto"})  # of links
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
# What authors may set, in the order in which it is written.
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
# What all images have after the attributes of authors. Of remote images, their hosts do not learn
# which post a reader reads.
OF_IMAGES = {"loading": "lazy", "decoding": "async"}
OF_REMOTE_IMAGES = {"referrerpolicy": "no-referrer"}
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

# The address of an image that stays: complete with https, or relative.
IMAGE_ADDRESS = re.compile(
    r"https://[^\t\n\r]+|(?![\x00-\x20]|[/\\]{2}|[a-zA-Z][a-zA-Z0-9+.-]*:)[^\t\n\r]*"
)
SIZE = re.compile(r"[0-9]{1,4}")  # of an image
LANGUAGE = re.compile(r"language-[^\s\"'<>&=`]{1,40}")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# Browsers read a backslash as a slash, and skip further ones (URL standard, 4.4).
_BEFORE_HOST = re.compile(r"(?:https:)?[/\\]{2,}", re.IGNORECASE)
_AROUND_ADDRESSES = "".join(map(chr, range(0x21)))
_WITHIN_ADDRESSES = re.compile(r"[\t\n\r]")
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


def image_address(given: str) -> str:
    """Return the address of an image as browsers read it (URL standard, 4.4).

    `//host` gets `https:`, whatever the page has.
    """
    address = _WITHIN_ADDRESSES.sub("", given.strip(_AROUND_ADDRESSES))
    return (
        _BEFORE_HOST.sub("https://", address, count=1) if _BEFORE_HOST.match(address) else address
    )


def can_show(address: str) -> bool:
    """Return whether the image of an address stays: one with valid https, or a relative one."""
    return IMAGE_ADDRESS.fullmatch(address) is not None and _is_valid(address)


def can_link(address: str) -> bool:
    """Return whether the sanitiser keeps a link to this address."""
    scheme = _SCHEME.match(address)
    return (scheme is None or scheme[1].lower() in SCHEMES) and _is_valid(address)


def _is_valid(address: str) -> bool:
    """Return whether an address is relative, or one that the sanitiser can parse."""
    if not _SCHEME.match(address):
        return True
    try:
        Url(address)
    except ValidationError:
        return False
    return True


def image_tag(given: dict[str, str]) -> str:
    """Write an image that stays.

    Its attributes always have the same order: `src`, `alt`, `title`, `width`, `height`, `loading`,
    `decoding`, `referrerpolicy`. Those of OF_IMAGES are always there.
    """
    is_remote = given.get("src", "").startswith("https://")
    fixed = OF_IMAGES | (OF_REMOTE_IMAGES if is_remote else {})
    allowed = allowed_attributes("img", given)
    # The sanitiser changes the order where it removes an attribute, so it must find none.
    for name in ("width", "height"):
        if not SIZE.fullmatch(allowed.get(name, "0")):
            del allowed[name]
    return start_tag("img", allowed | fixed)


def start_tag(name: str, attributes: dict[str, str]) -> str:
    """Write a start tag with quoted attributes."""
    quoted = (f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{''.join(quoted)}>"
