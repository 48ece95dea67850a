"""The local stack's gateway treats requests and results as API Gateway did in recordings."""

import json
from typing import Any

import pytest

from devserver.apigateway.gateway import path_pattern
from devserver.apigateway.http import Request
from devserver.apigateway.proxy import (
    MalformedResponse,
    proxy_event,
    proxy_response,
    request_context,
)
from devserver.template.deployment import Route
from tests.support.samples import ROOT

RECORDINGS = ROOT / "tests" / "recordings"
ROUTE = Route("GET", "/{proxy+}", "Function", None, {})


def cases(name: str) -> list[Any]:
    recorded = json.loads((RECORDINGS / f"{name}.json").read_text())
    return [pytest.param(one, id=one["name"]) for one in recorded["cases"]]


def event_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return the event that the gateway sends for a request."""
    path, _, query = request["target"].partition("?")
    headers = {"host": "api.example.com", **request.get("headers", {})}
    scope = {
        "method": request["method"],
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    received = Request.from_scope(scope, request.get("body", "").encode())
    match = path_pattern(ROUTE.resource).fullmatch(received.path.rstrip("/"))
    assert match is not None
    context = request_context("stage", received, ROUTE)
    return proxy_event(received, ROUTE, match.groupdict(), context, None)


@pytest.mark.parametrize("case", cases("proxy-events"))
def test_a_function_receives_the_recorded_event(case: dict[str, Any]) -> None:
    event = event_of(case["request"])
    for member, value in case["event"].items():
        if isinstance(value, dict) and "eaders" in member:
            assert event[member].items() >= value.items()
        else:
            assert event[member] == value, member


@pytest.mark.parametrize("case", cases("proxy-results"))
def test_a_client_receives_the_recorded_response(case: dict[str, Any]) -> None:
    expected = case["response"]
    if expected["status"] == 502:
        with pytest.raises(MalformedResponse):
            proxy_response(json.dumps(case["result"]))
        return
    response = proxy_response(json.dumps(case["result"]))
    assert response.status == expected["status"]
    assert response.body.decode() == expected["body"]
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name.lower(), []).append(value)
    for name, value in expected.get("headers", {}).items():
        assert ", ".join(headers[name]) == value
