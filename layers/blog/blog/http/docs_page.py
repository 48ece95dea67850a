"""The page at /docs: Swagger UI for /openapi.json, from the files that Powertools ships.

All assets come from the API's own address; the page's Content-Security-Policy allows no others.
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import aws_lambda_powertools

from blog.errors import NotFound

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Blog API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{folder}/swagger-ui.js"></script>
<script src="{folder}/start.js"></script>
</body>
</html>
"""
# The document's address is relative to this folder, so that it works with a stage in the path.
_START = """\
SwaggerUIBundle({
  url: new URL("../openapi.json", document.currentScript.src).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""


class Asset(NamedTuple):
    """A file that the page needs."""

    text: str
    media_type: str


def page(folder: str) -> str:
    """Return the page; `folder` is the path of its assets."""
    return _PAGE.format(folder=folder)


def asset(name: str) -> Asset:
    """Return the asset with this name; raise NotFound if there is none."""
    match name:
        case "start.js":
            return Asset(_START, "text/javascript")
        case "swagger-ui.js":
            return Asset(_file("swagger-ui-bundle.min.js"), "text/javascript")
        case "swagger-ui.css":
            return Asset(_file("swagger-ui.min.css"), "text/css")
        case _:
            raise NotFound("There is no such file.")


@cache
def _file(name: str) -> str:
    """Read a file of Swagger UI, without importing its package, which would load unused models."""
    powertools = Path(aws_lambda_powertools.__path__[0])
    return (powertools / "event_handler" / "openapi" / "swagger_ui" / name).read_text()


def with_server(document: str, folder: str) -> str:
    """Return the OpenAPI document with the server address `folder`, such as `/stage`."""
    return json.dumps(
        json.loads(document) | {"servers": [{"url": folder or "/"}]},
        ensure_ascii=False,
        separators=(",", ":"),
    )
