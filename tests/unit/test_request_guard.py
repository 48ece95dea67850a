"""The check before the resolver: an unacceptable request gets a clear 4xx."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.errors import BadRequest, ContentTooLarge, Problem, Unprocessable, UnsupportedMediaType
from blog.http.request_guard import MAX_DEPTH, MAX_REQUEST_BYTES, normalized_event
from tests.support.openapi_document import OPERATIONS


def event(body: str | None, *, method: str = "POST", **changes: Any) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "path": "/posts",
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "body": body,
        "isBase64Encoded": False,
    } | changes


def typed(content_type: str, method: str = "POST") -> dict[str, Any]:
    return event("{}", method=method, multiValueHeaders={"Content-Type": [content_type]})


def test_only_headers_that_routes_read_are_passed_on() -> None:
    read = {
        parameter["name"].lower()
        for operation in OPERATIONS.values()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    }
    names = ["Authorization", "Cookie", "Accept-Encoding", "CONTENT-TYPE", *map(str.title, read)]
    passed = normalized_event(
        event("{}", multiValueHeaders={name: ["application/json"] for name in names})
    )
    assert passed["headers"].keys() == passed["multiValueHeaders"].keys() == read


@pytest.mark.parametrize(
    ("path", "passed"),
    [
        ("/tags/c%23/feed.atom", "/tags/c%23/feed.atom"),  # as a REST API sends it
        ("/tags/c#/feed.atom", "/tags/c%23/feed.atom"),  # as `sam local` sends it
        ("/tags/machine learning", "/tags/machine%20learning"),
        ("/tags/%C3%A9", "/tags/%C3%A9"),
        ("/tags/é", "/tags/%C3%A9"),
        ("/tags/c++", "/tags/c++"),
        ("/posts/100%", "/posts/100%25"),
        ("/posts/%zz%2", "/posts/%25zz%252"),
        ("/posts/..%2f", "/posts/..%2f"),
    ],
)
def test_a_path_is_percent_encoded_once(path: str, passed: str) -> None:
    assert normalized_event(event(None, method="GET", path=path))["path"] == passed
    assert normalized_event(event(None, method="GET", path=passed))["path"] == passed


def test_a_json_object_is_accepted() -> None:
    assert normalized_event(event('{"title": "T"}'))["body"] == '{"title": "T"}'


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8",
     'application/json;charset="UTF-8"'],
)  # fmt: skip
def test_json_in_utf_8_is_accepted(content_type: str) -> None:
    assert normalized_event(typed(content_type))["body"] == "{}"


def test_a_merge_patch_is_accepted_only_for_patch() -> None:
    assert normalized_event(typed("application/merge-patch+json", "PATCH"))
    with pytest.raises(UnsupportedMediaType):
        normalized_event(typed("application/merge-patch+json", "POST"))


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/xml", "",
     "application/json; charset=utf-16", "application/jsonp"],
)  # fmt: skip
def test_other_media_types_are_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        normalized_event(typed(content_type))


def test_a_missing_content_type_counts_as_json() -> None:
    assert normalized_event(event("{}", multiValueHeaders=None))["body"] == "{}"


def test_size_is_checked_before_media_type_and_media_type_before_syntax() -> None:
    headers: Any = {"multiValueHeaders": {"content-type": ["text/plain"]}}
    with pytest.raises(ContentTooLarge):
        normalized_event(event("x" * (MAX_REQUEST_BYTES + 1), **headers))
    with pytest.raises(UnsupportedMediaType):
        normalized_event(event("{", **headers))


def test_the_size_is_checked_for_every_method() -> None:
    with pytest.raises(ContentTooLarge):
        normalized_event(event("x" * (MAX_REQUEST_BYTES + 1), method="DELETE"))
    assert normalized_event(event("ignored", method="DELETE"))["body"] is None


def test_a_body_of_one_mebibyte_is_accepted() -> None:
    body = json.dumps({"body": ""})
    assert normalized_event(event(body + " " * (MAX_REQUEST_BYTES - len(body))))
    multibyte = "é" * (MAX_REQUEST_BYTES // 2)
    with pytest.raises(ContentTooLarge):
        normalized_event(event(f'"{multibyte}"'))


@pytest.mark.parametrize(
    "body", ["{", "{'a': 1}", "nul", "{} {}", '{"a": NaN}', '{"a": Infinity}', "\ufeff{}", '"\n"']
)
def test_malformed_json_is_refused(body: str) -> None:
    with pytest.raises(BadRequest):
        normalized_event(event(body))


@pytest.mark.parametrize("body", ["[]", '[{"title": "T"}]', '"text"', "5", "null", "true"])
def test_json_that_is_not_an_object_is_refused(body: str) -> None:
    with pytest.raises(Unprocessable):
        normalized_event(event(body))


def test_broken_utf_8_is_refused() -> None:
    encoded = base64.b64encode(b'{"title": "\xff"}').decode()
    with pytest.raises(BadRequest, match="UTF-8"):
        normalized_event(event(encoded, isBase64Encoded=True))


def test_a_body_in_base64_is_decoded() -> None:
    encoded = base64.b64encode('{"title": "é"}'.encode()).decode()
    assert normalized_event(event(encoded, isBase64Encoded=True))["body"] == '{"title": "é"}'


@pytest.mark.parametrize("depth", [MAX_DEPTH, 1_000, 100_000])
def test_deep_json_is_refused(depth: int) -> None:
    with pytest.raises(BadRequest, match="deep"):
        normalized_event(event('{"a":' + "[" * depth + "]" * depth + "}"))


def test_json_at_the_depth_limit_is_accepted() -> None:
    depth = MAX_DEPTH - 1
    assert normalized_event(event('{"a":' + "[" * depth + "]" * depth + "}"))


def test_a_path_is_percent_encoded_again() -> None:
    assert (
        normalized_event(event(None, method="GET", path="/tags/c# é/x"))["path"]
        == "/tags/c%23%20%C3%A9/x"
    )


def test_head_is_resolved_as_get() -> None:
    assert normalized_event(event(None, method="HEAD"))["httpMethod"] == "GET"


def test_several_fields_of_one_header_become_a_list() -> None:
    headers = {"If-Match": ['"1"', '"2"'], "if-match": ['"3"']}
    result = normalized_event(event(None, method="DELETE", multiValueHeaders=headers))
    assert result["headers"]["if-match"] == '"1", "2", "3"'


@given(st.text(max_size=200))
def test_any_body_is_accepted_or_refused_with_a_problem(body: str) -> None:
    try:
        normalized_event(event(body))
    except Problem as e:
        assert 400 <= e.status < 500
