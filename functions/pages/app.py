"""The site's pages as HTML, for readers, crawlers and previews of links.

The app takes over where JavaScript runs. The function's role cannot write.
"""

import blog.cold_start

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files as resources
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.deadline import deadline
from blog.dynamodb.table import Table
from blog.entity_tags import none_match
from blog.errors import InternalError, NotFound, Problem
from blog.http.headers import PRIVATE, PUBLIC, SECURITY_HEADERS
from blog.http.request_log import RequestLine
from blog.pages import files
from blog.pages.app_files import AppIndex
from blog.pages.theme import theme, theme_path
from blog.pages.views import Pages
from blog.s3 import Bucket
from blog.settings import PagesSettings

PREFIX = "/pages"
HTML, TEXT, CSS = "text/html", "text/plain", "text/css"
MANIFEST = "application/manifest+json"
# For the API's own address. CloudFront and the local stack send the app's policy instead.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:;"
    " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MESSAGES = {
    400: ("This address is not valid", "A part of it belongs to another list, or is cut off."),
    404: ("Page not found", "This page does not exist, or it is not published."),
    503: ("Not available at the moment", "Please try again in a few seconds."),
}
FAILED = ("Something went wrong", "This is a fault of the blog. Please try again later.")

settings = PagesSettings.from_environment(os.environ)
site = settings.site
table = Table.connect(settings.table_name).for_public()
app_index = AppIndex(
    Bucket(settings.site_bucket) if settings.site_bucket else None, settings.index_seconds
)
pages = Pages(table, settings.feed_shards, site, app_index)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the page at a path below /pages. Other query parameters than `cursor` are ignored."""
    line = RequestLine(event, context)
    with deadline.request_scope:
        try:
            response = _response(event)
        except Exception as e:  # noqa: BLE001 - readers get a page in any case
            response = _failure(e, _path(event), line)
    line.write(response["statusCode"])
    return response


def _response(event: dict[str, Any]) -> dict[str, Any]:
    path, tags = _path(event), _header(event, "if-none-match")
    if path in _FILES:
        content_type, content = _FILES[path]()
        return _document(content, content_type, tags)
    cursor = (event.get("queryStringParameters") or {}).get("cursor") or None
    page = pages.at(path, cursor)
    if page.location:
        return _proxy_response(page.status, "", {"Location": page.location})
    return _document(page.html, HTML, tags)


def _path(event: dict[str, Any]) -> str:
    """Return the path on the site."""
    path: str = event["path"]
    return path.removeprefix(PREFIX) or "/"


def _failure(error: Exception, path: str, line: RequestLine) -> dict[str, Any]:
    problem = error if isinstance(error, Problem) else InternalError()
    line.refuse(problem, error)
    page = pages.message(path, *MESSAGES.get(problem.status, FAILED), problem.status)
    headers = {"Content-Type": f"{HTML}; charset=utf-8", "Cache-Control": PRIVATE}
    return _proxy_response(page.status, page.html, headers | problem.headers)


def _document(content: str, content_type: str, if_none_match: str | None) -> dict[str, Any]:
    """Return a document with a strong entity tag over its bytes, or 304."""
    tag = f'"{hashlib.sha256(content.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Content-Type": f"{content_type}; charset=utf-8"}
    is_new = none_match(if_none_match, tag)
    return _proxy_response(200 if is_new else 304, content if is_new else "", headers)


def _proxy_response(status: int, body: str, headers: dict[str, str]) -> dict[str, Any]:
    always = {"Cache-Control": PUBLIC, "Content-Security-Policy": POLICY}
    values = {name: [value] for name, value in (always | headers).items()}
    return {
        "statusCode": status,
        "multiValueHeaders": values | SECURITY_HEADERS,
        "body": body,
        "isBase64Encoded": False,
    }


def _header(event: dict[str, Any], name: str) -> str | None:
    fields = (event.get("multiValueHeaders") or {}).items()
    values = [value for key, found in fields if key.lower() == name for value in found]
    return ", ".join(values) if values else None


def _security() -> tuple[str, str]:
    text = files.security(site, datetime.now(UTC))
    if text is None:
        raise NotFound("There is no contact.")
    return TEXT, text


@cache
def _style() -> str:
    return (resources("blog.pages") / "style.css").read_text()


_FILES: dict[str, Callable[[], tuple[str, str]]] = {
    "/robots.txt": lambda: (TEXT, files.robots(site)),
    "/site.webmanifest": lambda: (MANIFEST, files.manifest(site)),
    "/.well-known/security.txt": _security,
    "/style.css": lambda: (CSS, _style()),
    theme_path(site): lambda: (CSS, theme(site)),
}
blog.cold_start.end()
