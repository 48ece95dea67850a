"""Feeds: Atom 1.0 (RFC 4287) and JSON Feed 1.1, with the newest posts.

The newest are in it with their full content, as long as they are not too large together; the rest
with their excerpts (`PostQueries`).

All addresses are on the site itself, so the site must serve them; docs/feeds.md explains how.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin
from xml.etree import ElementTree as ET

from ulid import ULID

from blog.clock import to_rfc3339
from blog.fields import without_refused
from blog.identifiers import MEDIA_PATH, media_id_of
from blog.posts.model import Entry, Post
from blog.posts.view import FeedItem
from blog.settings import Site

POSTS = 20
MAX_GROWTH = 16 * 1024  # bytes of a post, by absolute addresses

# The sanitiser writes all attributes in double quotes. A value may look like an attribute or a tag,
# so whole tags and whole attributes are read, one after the other.
_TAG = re.compile(r'<([a-z0-9]+)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_WITH_ADDRESSES = {"a": ("href",), "img": ("src", "srcset")}
# One of the images in a `srcset`: an address, and perhaps its width (HTML standard, 4.8.4.2.1).
_CANDIDATE = re.compile(r"([\s,]*+)(\S*[^\s,])(,+|\s[^,]*,?|\Z)")
# Hebrew to Arabic, their presentation forms, and the planes of older and of African scripts.
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Feed(NamedTuple):
    """A feed's site, title and addresses.

    `page` is the path of its page on the site. `path` is the path of the feed without its ending.
    """

    site: Site
    title: str
    page: str
    path: str


def feed_of_all(site: Site) -> Feed:
    """Return the feed of all posts, whose title is the site's name."""
    return Feed(site, site.name, "/", "/feed")


def feed_of_author(site: Site, author_id: str, name: str) -> Feed:
    """Return the feed of an author's posts."""
    page = f"/authors/{quote(author_id, safe='')}"
    return Feed(site, f"{name} · {site.name}", page, f"{page}/feed")


def feed_of_tag(site: Site, tag: str) -> Feed:
    """Return the feed of the posts with a normalised tag."""
    page = f"/tags/{quote(tag, safe='')}"
    return Feed(site, f"#{tag} · {site.name}", page, f"{page}/feed")


def atom(feed: Feed, items: Sequence[FeedItem]) -> str:
    """Render a feed as an Atom document."""
    site = feed.site
    address = f"{site.url}{feed.path}.atom"
    root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": site.language})
    _text(root, "id", address)
    _text(root, "title", feed.title)
    if site.description:
        _text(root, "subtitle", site.description)
    _text(root, "icon", site.absolute(site.logo))
    updated = max((_changed_at(item.post) for item in items), default=NEVER)
    _text(root, "updated", to_rfc3339(updated))
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=address)
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=site.url + feed.page)
    root.extend(_atom_entry(feed, item) for item in items)
    document = ET.tostring(root, encoding="unicode")
    # A stored name or title may be older than the rule that refuses such characters.
    return f'<?xml version="1.0" encoding="utf-8"?>\n{without_refused(document)}'


def json_feed(feed: Feed, items: Sequence[FeedItem]) -> str:
    """Render a feed as a JSON Feed document."""
    site = feed.site
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": site.url + feed.page,
        "feed_url": f"{site.url}{feed.path}.json",
        **({"description": site.description} if site.description else {}),
        "icon": site.absolute(site.logo),
        "language": site.language,
        "items": [_json_item(feed, item) for item in items],
    }
    return json.dumps(document, ensure_ascii=False)


def _atom_entry(feed: Feed, item: FeedItem) -> ET.Element:
    post, author = item
    address = _address(feed, post)
    entry = ET.Element("entry")
    _text(entry, "id", _permanent_id(post))
    _text(entry, "title", post.title)
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=address)
    if post.canonical_url:
        ET.SubElement(entry, "link", rel="via", href=post.canonical_url)
    _text(entry, "published", to_rfc3339(post.published_at or post.updated_at))
    _text(entry, "updated", to_rfc3339(_changed_at(post)))
    person = ET.SubElement(entry, "author")
    _text(person, "name", author.name)
    _text(person, "uri", f"{feed.site.url}/authors/{author.id}")
    for tag in post.tags:
        ET.SubElement(entry, "category", term=tag)
    _text(entry, "summary", post.excerpt)
    if isinstance(post, Post):
        # Not all feed readers know the base. With it, the others resolve also the addresses that
        # stay relative.
        content = ET.SubElement(entry, "content", {"type": "html", "xml:base": address})
        content.text = _content(feed, post)
    return entry


def _json_item(feed: Feed, item: FeedItem) -> dict[str, Any]:
    post, author = item
    content = {"content_text": post.excerpt}
    if isinstance(post, Post):
        content = {"content_html": _content(feed, post)}
    return {
        "id": _permanent_id(post),
        "url": _address(feed, post),
        **({"external_url": post.canonical_url} if post.canonical_url else {}),
        "title": post.title,
        **content,
        "summary": post.excerpt,
        **({"image": _absolute(feed, post.cover_image)} if post.cover_image else {}),
        "date_published": to_rfc3339(post.published_at or post.updated_at),
        "date_modified": to_rfc3339(_changed_at(post)),
        "authors": [{"name": author.name, "url": f"{feed.site.url}/authors/{author.id}"}],
        "tags": post.tags,
    }


def _content(feed: Feed, post: Post) -> str:
    html = _with_absolute_addresses(post.body_html, feed.site.url, _address(feed, post))
    return _with_direction(html)


def _with_absolute_addresses(html: str, site_url: str, base: str) -> str:
    """Resolve the relative addresses of links and images. Paths of media items begin at the site.

    After MAX_GROWTH more bytes the other tags stay, so that a text of tiny links stays small. What
    is added is ASCII without `"` and `&`, so a character is a byte in both kinds of feeds.
    """
    growth = 0

    def absolute(address: str) -> str:
        if address.startswith(MEDIA_PATH):  # a site may have a path, as in cover images
            return site_url + address
        if _SCHEME.match(address):
            return address
        try:
            return urljoin(base, address)
        except ValueError:  # no browser follows it either, such as `//[`
            return address

    def resolved(tag: re.Match[str]) -> str:
        nonlocal growth
        name, attributes = tag.groups()
        if name not in _WITH_ADDRESSES or growth > MAX_GROWTH:
            return tag[0]
        new = _ATTRIBUTE.sub(lambda found: _resolved(absolute, name, *found.groups()), attributes)
        growth += max(0, len(new) - len(attributes))
        return tag[0] if growth > MAX_GROWTH else f"<{name}{new}>"

    return _TAG.sub(resolved, html)


def _resolved(absolute: Callable[[str], str], tag: str, name: str, value: str) -> str:
    """Return an attribute of a tag, with absolute addresses if it holds addresses."""
    if name in _WITH_ADDRESSES[tag]:
        value = unescape(value)
        if name == "srcset":
            value = _CANDIDATE.sub(lambda one: f"{one[1]}{absolute(one[2])}{one[3]}", value)
        elif value or tag == "a":  # an image without an address stays one
            value = absolute(value)
        # As the sanitiser writes it, so that an absolute address stays as it is.
        value = escape(value, quote=False).replace('"', "&quot;").replace("\xa0", "&nbsp;")
    return f' {name}="{value}"'


def _with_direction(html: str) -> str:
    """Let readers find the direction of a text that has letters written from right to left.

    Neither format has a direction for titles and summaries (RFC 4287 §3.1, JSON Feed 1.1).
    """
    return f'<div dir="auto">{html}</div>' if _RIGHT_TO_LEFT.search(html) else html


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _address(feed: Feed, post: Post | Entry) -> str:
    return f"{feed.site.url}/posts/{post.slug}"


def _absolute(feed: Feed, cover_image: str) -> str:
    """Return the absolute address of a cover image. Media items are stored as a path."""
    return feed.site.absolute(cover_image) if media_id_of(cover_image) else cover_image


def _permanent_id(post: Post | Entry) -> str:
    """Return an id that survives changes of slug and site address (RFC 4287 §4.2.6)."""
    return ULID.from_str(post.id).to_uuid().urn


def _changed_at(post: Post | Entry) -> datetime:
    """Return the later of the last edit and the publication, which may come after the edit."""
    return max(post.updated_at, post.published_at or post.updated_at)
