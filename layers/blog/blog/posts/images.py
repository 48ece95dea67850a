"""Adds to HTML what a browser needs to show the site's own images: their sizes and their colour.

So the text does not move when an image arrives, and a phone gets a small file. An image that is not
ready, or that is gone, stays a plain `img` with its alternative text.
"""

import re
from collections.abc import Iterable, Mapping

from pydantic_core import to_json

from blog.dynamodb.actions import Item
from blog.dynamodb.keys import Key, media_key
from blog.identifiers import media_path
from blog.media.model import MediaItem
from blog.posts.markup import MAX_HTML

DEFAULT_WIDTH = 960  # of the file in `src`, for browsers and feed readers without srcset
# A browser that lays out a lazy image knows its size. Others take the width of the app's text.
SIZES = "auto, (min-width: 44rem) 42rem, 100vw"

# Sanitised HTML has no other form of a tag, and no `<` elsewhere.
_IMAGE = re.compile(
    r'<img src="/media/([0-7][0-9A-HJKMNP-TV-Z]{25})(?:\?[^"]*)?"((?: [a-z-]+="[^"]*")*)>'
)
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')


def images_among(
    items: Mapping[Key, Item | None], media_ids: Iterable[str]
) -> dict[str, MediaItem]:
    """Return the images that are ready, by their ids, from items that include them."""
    stored = (items.get(media_key(media_id)) for media_id in media_ids)
    found = [MediaItem.of(item) for item in stored if item is not None]
    return {image.id: image for image in found if image.is_rewritten}


def with_images(html: str, images: Mapping[str, MediaItem]) -> str:
    """Return sanitised HTML with the sizes and colours of these images.

    HTML that would be longer than MAX_HTML stays as it is.
    """
    if not images:
        return html

    def tag(found: re.Match[str]) -> str:
        image = images.get(found[1])
        given = {one[1]: one[2] for one in _ATTRIBUTE.finditer(found[2])}
        return found[0] if image is None else _tag(image, given)

    shown = _IMAGE.sub(tag, html)
    return shown if len(to_json(shown)) <= MAX_HTML else html


def _tag(image: MediaItem, given: dict[str, str]) -> str:
    """Write the tag of an image with these other attributes, whose values are escaped already."""
    width, height, sizes = _size(image, given)
    address = f"{media_path(image.id)}?w="
    near = next((one for one in image.widths if one >= DEFAULT_WIDTH), image.widths[-1])
    texts = {name: text for name, text in given.items() if name in ("alt", "title")}
    attributes = {
        "src": f"{address}{near}",
        **texts,
        "width": str(width),
        "height": str(height),
        "srcset": ", ".join(f"{address}{one} {one}w" for one in image.widths),
        "sizes": sizes,
        "loading": "lazy",
        "decoding": "async",
        "data-color": image.color or "",
    }
    return "<img" + "".join(f' {name}="{value}"' for name, value in attributes.items()) + ">"


def _size(image: MediaItem, given: dict[str, str]) -> tuple[int, int, str]:
    """Return the width and height to show an image in, and how wide it is laid out.

    An author may have given one of them, or both.
    """
    full_width, full_height = image.width or 1, image.height or 1
    width, height = (int(given[name]) if given.get(name) else None for name in ("width", "height"))
    if width is None and height is None:
        return full_width, full_height, SIZES
    if width is None:
        width = round((height or 0) * full_width / full_height)
    if height is None:
        height = round(width * full_height / full_width)
    return width, height, f"{width}px"
