"""What is asked beside what a page means: HEAD, and a browser's preflight."""

import re

import pytest

from tests.support.stack import ALLOWED_ORIGIN, DEPLOYMENT, Client

ROUTES = DEPLOYMENT.routes


def path(resource: str) -> str:
    """One that matches it."""
    return re.sub(r"\{\w+\}", "01JDC0000000000000000000P0", resource)


@pytest.mark.parametrize("resource", [one.resource for one in ROUTES if one.method == "HEAD"])
def test_head_answers_as_get_does_without_its_body(visitor: Client, resource: str) -> None:
    head, get = (visitor.send(method, path(resource)) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("resource", sorted({one.resource for one in ROUTES}))
def test_a_browser_may_ask_before_every_route(visitor: Client, resource: str) -> None:
    response = visitor.send("OPTIONS", path(resource))
    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    allowed = set(response.headers["Access-Control-Allow-Methods"].split(","))
    assert {one.method for one in ROUTES if one.resource == resource} <= allowed
