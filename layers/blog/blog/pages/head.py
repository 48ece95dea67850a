"""The head of a page: what search engines and previews of links read.

Sources: ogp.me for Open Graph, schema.org for JSON-LD, and the HTML standard for links.
"""

import json
from dataclasses import dataclass
from typing import Any

from blog.clock import to_rfc3339
from blog.media.model import MediaItem
from blog.pages.text import component
from blog.people.schemas import PublicProfile
from blog.posts.schemas import PostDetail
from blog.settings import Site

PREVIEW = "/preview.png"  # of the site, where a page has no image of its own
PREVIEW_SIZE = 1200, 630
IMAGE_WIDTH = 1200  # pixels that previews of links need

Json = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """An image with its full address and its size in pixels."""

    url: str
    width: int
    height: int
    alt: str = ""


@dataclass(frozen=True)
class Feed:
    """A feed of the page's list, in both formats; `path` is without the ending."""

    title: str
    path: str


@dataclass(frozen=True)
class Head:
    """The head of a page. `path` is its address on the site, which `canonical` may replace."""

    title: str
    path: str
    description: str = ""
    canonical: str = ""
    kind: str = "website"
    image: Image | None = None
    feeds: tuple[Feed, ...] = ()
    next: str = ""
    first: str = ""  # of a list whose later page this is
    is_indexed: bool = True
    properties: tuple[tuple[str, str], ...] = ()  # of Open Graph, besides those of every page
    data: tuple[Json, ...] = ()  # JSON-LD


def site_image(site: Site) -> Image:
    """Return the image of the site."""
    return Image(site.absolute(PREVIEW), *PREVIEW_SIZE, site.name)


def cover(site: Site, item: MediaItem | None) -> Image | None:
    """Return a post's cover, if it is an image of this site whose size is known."""
    if item is None or not item.is_rewritten or not item.width or not item.height:
        return None
    wide = [width for width in item.widths if width >= IMAGE_WIDTH]
    width = (wide or item.widths[-1:])[0]
    height = max(1, round(item.height * width / item.width))
    return Image(site.absolute(f"/media/{item.id}?w={IMAGE_WIDTH}"), width, height)


def head_of_post(site: Site, post: PostDetail, image: Image | None) -> Head:
    """Return the head of a post."""
    path = f"/posts/{post.slug}"
    author = {
        "@type": "Person",
        "name": post.author.name,
        "url": site.absolute(f"/authors/{post.author.id}"),
    }
    shown = image or site_image(site)
    posting: Json = {
        "@context": "https://schema.org",
        "@type": "BlogPosting",
        "headline": post.title[:110],
        "description": post.excerpt,
        "url": site.absolute(path),
        "mainEntityOfPage": post.canonical_url or site.absolute(path),
        "image": [shown.url],
        "author": author,
        "publisher": {"@type": "Organization", "name": site.name, "url": site.absolute("/")},
        "dateModified": to_rfc3339(post.updated_at),
        "keywords": post.tags,
        "commentCount": post.comment_count,
    }
    properties = [("article:modified_time", to_rfc3339(post.updated_at))]
    if post.published_at is not None:
        posting["datePublished"] = to_rfc3339(post.published_at)
        properties.insert(0, ("article:published_time", to_rfc3339(post.published_at)))
    properties += [("article:author", author["url"])]
    properties += [("article:tag", tag) for tag in post.tags]
    return Head(
        title=post.title,
        path=path,
        description=post.excerpt,
        canonical=post.canonical_url or "",
        kind="article",
        image=shown,
        properties=tuple(properties),
        feeds=(Feed(f"Posts by {post.author.name}", f"/authors/{post.author.id}/feed"),),
        data=(posting, breadcrumbs(site, ("Posts", "/"), (post.title, path))),
    )


def head_of_author(site: Site, author: PublicProfile) -> Head:
    """Return the head of an author's page."""
    path = f"/authors/{component(author.id)}"
    person: Json = {
        "@context": "https://schema.org",
        "@type": "ProfilePage",
        "mainEntity": {
            "@type": "Person",
            "name": author.name,
            "url": site.absolute(path),
            **({"description": author.bio} if author.bio else {}),
            **({"image": author.picture} if author.picture else {}),
            **({"sameAs": [author.website]} if author.website else {}),
        },
    }
    return Head(
        title=author.name,
        path=path,
        description=author.bio or f"Posts by {author.name} on {site.name}",
        kind="profile",
        feeds=(Feed(f"Posts by {author.name}", f"{path}/feed"),),
        data=(person, breadcrumbs(site, ("Posts", "/"), (author.name, path))),
    )


def head_of_tag(site: Site, tag: str) -> Head:
    """Return the head of a tag's page."""
    path = f"/tags/{component(tag)}"
    return Head(
        title=f"Posts tagged {tag}",
        path=path,
        description=f"Posts tagged {tag} on {site.name}",
        feeds=(Feed(f"Posts tagged {tag}", f"{path}/feed"),),
        data=(breadcrumbs(site, ("Tags", "/tags"), (tag, path)),),
    )


def head_of_tags(site: Site) -> Head:
    """Return the head of the list of tags."""
    return Head(
        title="Tags",
        path="/tags",
        description=f"The tags of all posts on {site.name}",
        data=(breadcrumbs(site, ("Posts", "/"), ("Tags", "/tags")),),
    )


def head_of_home(site: Site) -> Head:
    """Return the head of the first page."""
    blog: Json = {
        "@context": "https://schema.org",
        "@type": "Blog",
        "name": site.name,
        "url": site.absolute("/"),
        "inLanguage": site.language,
        **({"description": site.description} if site.description else {}),
    }
    return Head(title="", path="/", description=site.description, data=(blog,))


def breadcrumbs(site: Site, *steps: tuple[str, str]) -> Json:
    """Return the way to a page as JSON-LD."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": n, "name": name, "item": site.absolute(path)}
            for n, (name, path) in enumerate(steps, 1)
        ],
    }


def as_json(data: Json) -> str:
    """Return JSON-LD as JSON text."""
    return json.dumps(data, ensure_ascii=False)
