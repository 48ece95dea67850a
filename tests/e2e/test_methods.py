"""The methods HEAD and OPTIONS, for every route."""

import re

import pytest

from tests.support.stack import ALLOWED_ORIGIN, DEPLOYMENT, Client

ROUTES = DEPLOYMENT.routes


def path(resource: str) -> str:
    """Return a path that matches the resource."""
    return re.sub(r"\{\w+\+?\}", "01JDC0000000000000000000P0", resource)


@pytest.mark.parametrize("resource", [one.resource for one in ROUTES if one.method == "HEAD"])
def test_head_returns_the_headers_of_get_without_the_body(visitor: Client, resource: str) -> None:
    head, get = (visitor.send(method, path(resource)) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("resource", sorted({one.resource for one in ROUTES}))
def test_every_route_accepts_a_preflight(visitor: Client, resource: str) -> None:
    response = visitor.send("OPTIONS", path(resource))
    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    allowed = set(response.headers["Access-Control-Allow-Methods"].split(","))
    assert {one.method for one in ROUTES if one.resource == resource} <= allowed
