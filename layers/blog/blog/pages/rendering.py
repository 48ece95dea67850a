"""Renders pages with Jinja. Every value is escaped, except HTML that the API has sanitised."""

import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from blog.clock import to_rfc3339
from blog.identifiers import media_id_of
from blog.pages import text
from blog.pages.app_files import AppFiles
from blog.pages.head import Head, Json, as_json, site_image
from blog.pages.theme import theme_path
from blog.settings import Site

# Code points that a valid document cannot have: controls, and those that are no characters.
_INVALID = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(f"{chr(end - 1)}{chr(end)}" for end in range(0xFFFF, 0x110000, 0x10000))
    + "]"
)
# Bytes in UTF-8 without which there is none of them: the search takes half a millisecond.
_HARMLESS = bytes({*b"\t\n\f\r", *range(0x20, 0x100)} - {0x7F, 0xC2, 0xEF, *range(0xF0, 0xF5)})
_H1 = re.compile(r"<(/?)h1(?=[ >])")


def rendered(
    name: str, head: Head, site: Site, app: AppFiles, page_data: str = "", **values: Any
) -> str:
    """Return a page as HTML. `page_data` is JSON for the app, escaped by `text.in_script`."""
    template = _environment().get_template(f"{name}.html")
    html = template.render(
        head=head,
        site=site,
        app=app,
        image=head.image or site_image(site),
        theme_path=theme_path(site),
        page_data=Markup(page_data),  # noqa: S704 - escaped by in_script
        **values,
    )
    return _valid(html)


def _valid(html: str) -> str:
    """Replace what a valid document cannot have (HTML standard, 13.2.3.5)."""
    is_harmless = not html.encode().translate(None, _HARMLESS)
    return html if is_harmless else _INVALID.sub("\ufffd", html)


def _text(html: str) -> Markup:
    """Return sanitised HTML of a text. A page has one `h1`, which is its title."""
    return Markup(_H1.sub(r"<\1h2", html))  # noqa: S704 - sanitised when it was written


def _image(address: str, width: int) -> str:
    """Return the address of a cover; of this site's own, the file with this width or more."""
    return f"{address}?w={width}" if media_id_of(address) else address


def _json_ld(data: Json) -> Markup:
    return Markup(text.in_script(as_json(data)))  # noqa: S704 - escaped by in_script


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("blog.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "component": text.component,
        "count": text.count,
        "date": text.date,
        "image": _image,
        "is_own": lambda address: media_id_of(address) is not None,
        "json_ld": _json_ld,
        "rfc3339": to_rfc3339,
        "text": _text,
    }
    return environment
