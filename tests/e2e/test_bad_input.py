"""Invalid input over HTTP: a clear 4xx, never a 5xx, and no change."""

from typing import Any

import pytest

from tests.support.stack import ALLOWED_ORIGIN, Client, Json, Stack, problem

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def post(alice: Client) -> Json:
    """Create a post that no invalid request may change."""
    return alice.create(title="Steady", body="text", status="published")


@pytest.fixture(autouse=True)
def _unchanged(visitor: Client, post: Json) -> Any:
    yield
    assert visitor.get(f"/posts/{post['id']}").json() == post


BODIES: list[tuple[int, bytes | str]] = [
    (400, b"{"),
    (400, b"nonsense"),
    (400, b'{"title": NaN}'),
    (400, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    (400, b""),
    (422, b"[]"),
    (422, b"null"),
    (422, b'"text"'),
    (422, b'{"title": 5}'),
    (422, b'{"title": null}'),
    (422, b'{"title": "T", "nonsense": true}'),
    (422, b'{"title": "T", "id": "01JDC0000000000000000000P0"}'),
    (422, b'{"title": "a\\u0000b"}'),
    (422, b'{"title": "\\ud800"}'),
    (422, b'{"title": "' + b"x" * 201 + b'"}'),
    (422, b'{"title": "T", "body": "' + b"x" * 262_145 + b'"}'),
    (422, b'{"title": "T", "tags": ["a/b"]}'),
    (413, b'{"title": "' + b"x" * 1_048_576 + b'"}'),
]


@pytest.mark.parametrize(("status", "body"), BODIES)
def test_an_invalid_body_is_refused(alice: Client, post: Json, status: int, body: bytes) -> None:
    newest = alice.get("/me/posts?limit=1").json()
    for method, path in (("POST", "/posts"), ("PATCH", f"/posts/{post['id']}")):
        refused = problem(alice.send(method, path, data=body, headers=JSON), status)
        if status == 422:
            assert refused["errors"]
    assert alice.get("/me/posts?limit=1").json() == newest


@pytest.mark.usefixtures("full_gateway")  # sam local itself responds with 502
def test_a_body_that_is_not_utf_8_is_400(stack: Stack, alice: Client) -> None:
    other = alice.create(title="Other")
    for method, path in (("POST", "/posts"), ("PATCH", f"/posts/{other['id']}")):
        response = alice.send(method, path, data=b'{"title": "\xff"}', headers=JSON)
        # AWS does not document whether API Gateway replaces such bytes by U+FFFD.
        if stack.log is None and response.ok:
            assert response.json()["title"] == "\ufffd"
        else:
            problem(response, 400)


@pytest.mark.usefixtures("full_gateway")
@pytest.mark.parametrize("size", [7_000_000, 11_000_000])
def test_a_body_too_large_for_a_function_is_413(alice: Client, size: int) -> None:
    problem(alice.send("POST", "/posts", data=b"x" * size, headers=JSON), 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_json_is_415(alice: Client, post: Json, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    problem(alice.send("POST", "/posts", data=b"title=T", headers=headers), 415)


def test_a_merge_patch_with_its_own_media_type_is_accepted(alice: Client) -> None:
    mine = alice.create(title="Patch me")
    headers = {"Content-Type": "application/merge-patch+json"}
    response = alice.send("PATCH", f"/posts/{mine['id']}", data=b'{"body": "x"}', headers=headers)
    assert response.status_code == 200


@pytest.mark.parametrize(
    "text", ["हिन्दी", "😀 family 👩‍👩‍👧", "e\u0301", "\u200fright to left", "a\tb\nc"]
)
def test_unusual_unicode_is_returned_unchanged(alice: Client, text: str) -> None:
    created = alice.create(title=text, body=text)
    assert (created["title"], created["body"]) == (text, text)


@pytest.mark.parametrize(
    "post_id",
    ["x", "01jdc0000000000000000000p0", "%00", "%F0%9F%A6%84", "c%23", "..%2f", "a" * 2_000],
)
def test_an_invalid_id_in_the_path_is_404(alice: Client, visitor: Client, post_id: str) -> None:
    for response in (
        visitor.get(f"/posts/{post_id}"),
        alice.get(f"/me/posts/{post_id}"),
        alice.edit(post_id, title="T"),
        alice.delete(post_id),
    ):
        assert response.status_code == 404, response.text


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=", "limit=1&limit=2", "cursor=", "cursor=x",
              "cursor=" + "A" * 40, "cursor=%00"],
)  # fmt: skip
def test_an_invalid_query_of_a_list_of_posts_is_400(
    alice: Client, visitor: Client, query: str
) -> None:
    problem(visitor.get(f"/posts?{query}"), 400)
    problem(alice.get(f"/me/posts?{query}"), 400)


def test_a_cursor_of_another_list_is_400(alice: Client, visitor: Client) -> None:
    for title in ("One", "Two"):
        alice.create(title=title)
    cursor = alice.get("/me/posts?limit=1").json()["next_cursor"]
    problem(visitor.get(f"/posts?cursor={cursor}"), 400)
    problem(alice.get(f"/me/posts?status=draft&cursor={cursor}"), 400)


@pytest.mark.parametrize("field", ["3", '"3', "W/", '"1" "2"'])
def test_a_malformed_if_match_is_400(alice: Client, post: Json, field: str) -> None:
    problem(alice.edit(post["id"], field, title="T"), 400)
    problem(alice.delete(post["id"], headers={"If-Match": field}), 400)


@pytest.mark.usefixtures("full_gateway")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("PUT", "/posts"), ("GET", "/"), ("GET", "/mine"), ("POST", "/health")],
)
def test_an_unknown_route_or_method_is_404(visitor: Client, method: str, path: str) -> None:
    problem(visitor.send(method, path), 404)


def test_a_preflight_allows_the_documented_headers_and_methods(visitor: Client) -> None:
    for path in ("/posts", "/posts/01JDC0000000000000000000P0", "/me/posts"):
        response = visitor.send("OPTIONS", path, headers={"Access-Control-Request-Method": "PATCH"})
        assert response.status_code == 200
        assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
        allowed = response.headers["Access-Control-Allow-Headers"].split(",")
        assert {"Authorization", "Content-Type", "If-Match", "If-None-Match"} <= set(allowed)
        assert "OPTIONS" in response.headers["Access-Control-Allow-Methods"]


def test_responses_expose_the_documented_headers(visitor: Client) -> None:
    exposed = visitor.get("/posts").headers["Access-Control-Expose-Headers"].split(", ")
    assert set(exposed) == {"ETag", "Location", "Retry-After", "WWW-Authenticate"}
