"""Where a path of the site leads: the rules of CloudFront in template.yaml, for the local stack.

`BEHAVIOURS` are the distribution's, and `target` also does what its function SitePaths does with
the paths that they leave. tests/template/test_site_paths.py runs that function and compares.
"""

import re
from enum import Enum
from fnmatch import fnmatchcase
from typing import NamedTuple


class Kind(Enum):
    """The kinds of paths, by the server of each. Most values are origins of CloudFront."""

    API = "api"  # with the stage, which the local stack does not have
    IMAGES = "images"
    FILES = "app"
    ROUTE = "a route of the API that is not a page"
    PAGE = "a page of the API"


# In patterns of CloudFront, `*` also stands for slashes. The first one that matches decides.
BEHAVIOURS = (
    ("/v1/*", Kind.API),
    ("/media/*/*/*", Kind.IMAGES),
    ("/media/*", Kind.ROUTE),
    ("/assets/*", Kind.FILES),
    ("/icon.*", Kind.FILES),
    ("/favicon.ico", Kind.FILES),
    ("/preview.png", Kind.FILES),
)
PAGES = "/pages"
NOT_FOUND = f"{PAGES}/not-found"
CURSOR = "cursor"  # the parameter that pages know

_FEED = re.compile(r"(/(authors|tags)/[^/]+)?/feed\.(atom|json)|/sitemap\.xml")
_SLASH = r"(/|\\|%2f|%5c)"
# Two slashes, or a segment of one or two dots, in any spelling.
_AMBIGUOUS = re.compile(rf"{_SLASH}({_SLASH}|(\.|%2e){{1,2}}({_SLASH}|\Z))", re.IGNORECASE)


class Target(NamedTuple):
    """The kind of a request's path, with the path and the query that its server gets."""

    kind: Kind
    path: str
    query: str = ""


def target(path: str, query: str = "") -> Target:
    """Return what serves a path and a query, both percent-encoded as they were sent.

    A path with empty or dot segments has no page. CloudFront selects a behaviour by the path
    without them, and passes the path on as it is. So no origin has anything there.
    """
    if _AMBIGUOUS.search(path):
        return Target(Kind.PAGE, NOT_FOUND)
    for pattern, kind in BEHAVIOURS:
        if fnmatchcase(path, pattern):
            return Target(kind, path, query)
    if _FEED.fullmatch(path):
        return Target(Kind.ROUTE, path, query)
    return Target(Kind.PAGE, PAGES if path == "/" else PAGES + path, _of_page(query))


def _of_page(query: str) -> str:
    """Return what a page gets of a query: the first cursor. Links often have other parameters."""
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if name == CURSOR:
            return f"{CURSOR}={value}"
    return ""
