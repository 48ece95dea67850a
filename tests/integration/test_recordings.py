"""Handlers accept events in the forms that API Gateway was recorded to send (tests/recordings)."""

import importlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.handlers import Call, json_body
from tests.support.samples import ROOT, LambdaContext, sample_event

RECORDED = {
    case["name"]: case
    for case in json.loads((ROOT / "tests" / "recordings" / "proxy-events.json").read_text())[
        "cases"
    ]
}


def handle(name: str, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Call the handler of a sample event after a change of the event."""
    event = sample_event(name)
    change(event)
    app = importlib.import_module(f"functions.{name.partition('-')[0]}.app")
    response: dict[str, Any] = app.handler(event, LambdaContext())
    return response


@pytest.mark.parametrize("tag", ["c#", "c++", "machine learning", "हिन्दी", "node.js"])
def test_a_path_is_encoded_as_recorded(call: Call, tag: str) -> None:
    sent = RECORDED["an encoded path"]["request"]["target"]
    assert RECORDED["an encoded path"]["event"]["path"] == sent
    call("posts-create", body={"title": "Tagged", "tags": [tag], "status": "published"})

    def change(event: dict[str, Any]) -> None:
        event["path"] = f"/tags/{quote(tag, safe='+')}/feed.json"
        event["pathParameters"] = {"tag": quote(tag, safe="+")}
        event["requestContext"]["path"] = f"/v1{event['path']}"

    response = handle("public-tag-feed-json", change)
    assert [one["title"] for one in json_body(response)["items"]] == ["Tagged"]


@pytest.mark.parametrize("change_case", [str.lower, str.upper, str.title, str.swapcase])
def test_header_names_have_any_case(call: Call, change_case: Callable[[str], str]) -> None:
    assert "test-header" in RECORDED["header names"]["event"]["headers"]

    def change(event: dict[str, Any]) -> None:
        event["headers"] = {change_case(name): value for name, value in event["headers"].items()}
        event["multiValueHeaders"] = {
            change_case(name): values for name, values in event["multiValueHeaders"].items()
        }

    assert handle("posts-create", change)["statusCode"] == 201
    assert handle("public-get-post", change)["statusCode"] == 404


def test_a_missing_body_is_null(call: Call) -> None:
    assert RECORDED["a slash at the end"]["request"].get("body") is None
    assert RECORDED["an encoded path"]["event"]["body"] is None
    response = handle("posts-create", lambda event: event.update(body=None))
    assert 400 <= response["statusCode"] < 500
    assert json_body(response)["detail"]


def test_a_repeated_parameter_is_refused_by_its_name(call: Call) -> None:
    """API Gateway passes the last value in one member, and all values in the other."""
    recorded = RECORDED["repeated parameters"]["event"]
    assert recorded["queryStringParameters"]["price"] == "30"
    assert recorded["multiValueQueryStringParameters"]["price"] == ["10", "20", "30"]

    def change(event: dict[str, Any]) -> None:
        event["queryStringParameters"] = {"limit": "30"}
        event["multiValueQueryStringParameters"] = {"limit": ["10", "20", "30"]}

    response = handle("public-list-posts", change)
    assert response["statusCode"] == 400
    assert "limit" in json_body(response)["detail"]


def test_a_slash_at_the_end_leads_to_the_same_route(call: Call) -> None:
    recorded = RECORDED["a slash at the end"]["event"]["path"]
    assert recorded.endswith("/")

    def change(event: dict[str, Any]) -> None:
        event["path"] += "/"
        event["requestContext"]["path"] += "/"

    assert handle("public-list-posts", change)["statusCode"] == 200
