"""The handlers, called with events in API Gateway's format."""

import base64
import importlib
import io
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.clock import to_rfc3339
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.http.request_log import logger
from devserver.lambda_.eventbridge import matches
from devserver.template.deployment import Deployment
from tests.support.handlers import Call, Response, header, json_body, problem
from tests.support.posts import TABLE, stored
from tests.support.samples import ALICE, BOB, ROOT, LambdaContext, sample_event


def test_a_created_post_has_a_location_and_an_entity_tag(call: Call) -> None:
    response = call("posts-create")
    created = json_body(response)
    assert response["statusCode"] == 201
    assert header(response, "Location") == f"/v1/posts/{created['id']}", "the stage is in the path"
    assert header(response, "ETag").startswith('"1-')
    assert header(response, "Cache-Control") == "private, no-store"
    assert header(response, "Access-Control-Expose-Headers").startswith("ETag, Location")
    assert set(created) == {
        "id", "slug", "title", "body", "body_html", "excerpt", "tags", "cover_image",
        "canonical_url", "status", "publish_at", "version", "reading_minutes", "comments", "author",
        "like_count", "comment_count", "created_at", "updated_at", "published_at",
    }  # fmt: skip
    assert ALICE not in response["body"]


def test_text_is_returned_unchanged(call: Call) -> None:
    sent = {"title": "हिन्दी 😀 \\ \" '", "body": "a\r\nb\tc\u2028d", "tags": ["हिन्दी"]}
    response = call("posts-create", body=sent)
    assert {name: json_body(response)[name] for name in sent} == sent
    assert "हिन्दी" in response["body"], "as UTF-8, not escaped"


def test_a_post_is_created_edited_published_and_deleted(call: Call, post: dict[str, Any]) -> None:
    post_id = post["id"]
    problem(call("public-get-post", post_id=post_id), 404)
    edited = call("posts-edit", post_id=post_id, headers={"If-Match": '"1"'})
    assert edited["statusCode"] == 200
    assert json_body(edited)["version"] == 2
    read = call("public-get-post", post_id=post_id)
    assert json_body(read)["title"] == "Hello, world"
    assert header(read, "Cache-Control") == "public, max-age=0, s-maxage=60"
    assert [row["id"] for row in json_body(call("public-list-posts"))["items"]] == [post_id]
    assert json_body(call("posts-get-mine", post_id=post_id)) == json_body(read)
    assert call("posts-delete", post_id=post_id)["statusCode"] == 204
    problem(call("public-get-post", post_id=post_id), 404)
    problem(call("posts-delete", post_id=post_id), 404)


def test_my_list_contains_my_drafts(call: Call, post: dict[str, Any]) -> None:
    page = json_body(call("posts-list-mine"))
    assert [row["id"] for row in page["items"]] == [post["id"]]
    assert page["items"][0]["published_at"] is None
    assert "body" not in page["items"][0]
    assert json_body(call("posts-list-mine", sub=BOB))["items"] == []


def test_another_user_gets_404_for_a_draft_and_403_for_a_public_post(
    call: Call, post: dict[str, Any]
) -> None:
    for name in ("posts-edit", "posts-delete", "posts-get-mine"):
        problem(call(name, post_id=post["id"], sub=BOB), 404)
    call("posts-edit", post_id=post["id"])
    for name in ("posts-edit", "posts-delete"):
        problem(call(name, post_id=post["id"], sub=BOB), 403)
    problem(call("posts-get-mine", post_id=post["id"], sub=BOB), 404)


def test_a_stale_if_match_gets_the_current_version(call: Call, post: dict[str, Any]) -> None:
    call("posts-edit", post_id=post["id"])
    refused = problem(call("posts-edit", post_id=post["id"], headers={"If-Match": '"1"'}), 412)
    assert refused["current_version"] == 2


def test_errors_are_checked_in_the_documented_order(call: Call, post: dict[str, Any]) -> None:
    """401, 413, 415, 400, 422, 404 and 403, 412: each request has all later errors too."""
    stale = {"If-Match": '"9"'}
    text = {**stale, "Content-Type": "text/plain"}
    expired = {"exp": str(int(time.time()) - 60)}
    large = "x" * 1_100_000

    def edit(**more: Any) -> Response:
        return call("posts-edit", post_id=post["id"], **{"sub": BOB, "headers": stale} | more)

    problem(edit(body=large, headers=text, authorizer=expired), 401)
    problem(edit(body=large, headers=text), 413)
    problem(edit(body="{", headers=text), 415)
    problem(edit(body="{"), 400)
    problem(edit(body={"title": ""}, headers={"If-Match": "9"}), 400)
    problem(edit(body={"title": ""}), 422)
    problem(edit(body={"title": "T"}), 404)
    problem(edit(body={"title": "T"}, sub=ALICE), 412)
    call("posts-edit", post_id=post["id"])
    problem(edit(body={"title": "T"}), 403)


def test_an_expired_token_with_a_cached_allow_is_401(call: Call) -> None:
    response = call("posts-list-mine", authorizer={"exp": str(int(time.time()) - 11)})
    refused = problem(response, 401)
    assert refused["error"] == "invalid_token"
    assert "expired" in refused["error_description"]
    assert header(response, "WWW-Authenticate") == 'Bearer error="invalid_token"'


def test_a_machine_can_read_but_needs_the_permission_to_write(call: Call) -> None:
    machine = "importer@clients"
    problem(call("posts-create", authorizer={"machine": "true"}), 403)
    assert call("posts-list-mine", sub=machine)["statusCode"] == 200
    response = call("posts-create", sub=machine)
    assert problem(response, 403)["error"] == "insufficient_scope"
    assert header(response, "WWW-Authenticate") == 'Bearer error="insufficient_scope"'
    permitted = {"permissions": "author:posts"}
    assert call("posts-create", sub=machine, authorizer=permitted)["statusCode"] == 201


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["title"]),
        ({"title": 5}, ["title"]),
        ({"title": "T", "tags": ["ok", "a/b"]}, ["tags.1"]),
        ({"title": "T", "ownr": 1, "id": "x"}, ["id", "ownr"]),
        ({"title": "a\x00b"}, ["title"]),
        ([], [""]),
    ],
)
def test_invalid_fields_are_named(call: Call, client: Any, body: Any, fields: list[str]) -> None:
    refused = problem(call("posts-create", body=body), 422)
    assert sorted(error["field"] for error in refused["errors"]) == fields
    assert all(error["message"] for error in refused["errors"])
    assert stored(client) == {}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"owner": "me"}, "Unknown field"),
        ({"publish_at": "2030-01-31T09:30:00"}, "Must have an offset, such as Z or +02:00"),
        ({"publish_at": "soon"}, "Must be a time such as 2026-01-31T09:30:00Z"),
        ({"publish_at": "2030-01-31"}, "Must have an offset, such as Z or +02:00"),
        ({"publish_at": 1}, "Must be a time such as 2026-01-31T09:30:00Z"),
        ({"publish_at": "9999-12-31T23:59:59-10:00"}, "Must be between the years 1 and 9999"),
    ],
)
def test_an_invalid_field_gets_a_helpful_message(
    call: Call, members: dict[str, Any], message: str
) -> None:
    refused = problem(call("posts-create", body={"title": "T"} | members), 422)
    assert [error["message"] for error in refused["errors"]] == [message]


def test_the_response_to_many_errors_is_bounded(call: Call) -> None:
    body = {"title": "T"} | {f"{n}{'x' * 200}": 1 for n in range(2_000)}
    response = call("posts-create", body=body)
    problem(response, 422)
    assert len(response["body"]) < 20_000


@pytest.mark.parametrize("body", ["", "{", "nul", '"\\', '{"title": "T"', "\x00"])
def test_malformed_json_is_400(call: Call, client: Any, body: str) -> None:
    problem(call("posts-create", body=body), 400)
    assert stored(client) == {}


def test_a_lone_surrogate_is_refused(call: Call) -> None:
    problem(call("posts-create", body='{"title": "\\ud800"}'), 422)
    problem(call("posts-create", body='{"title": "T", "\\ud800": 1}'), 422)


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "1.5"}, {"limit": ""},
     {"cursor": ""}, {"cursor": "mangled"}],
)  # fmt: skip
def test_an_invalid_limit_or_cursor_of_a_list_of_posts_is_400(
    call: Call, query: dict[str, str]
) -> None:
    problem(call("public-list-posts", query=query), 400)
    problem(call("posts-list-mine", query=query), 400)


def test_an_unknown_status_is_400(call: Call) -> None:
    problem(call("posts-list-mine", query={"status": "lost"}), 400)


@pytest.mark.parametrize(
    "post_id",
    ["x", "01jdc0000000000000000000p0", "81JDC0000000000000000000P0", "01JDC0000000000000000000U0",
     "c# é", "..", "%00", "a" * 5_000, "01JDC0000000000000000000P0\n", "\x00", "🦄"],
)  # fmt: skip
def test_an_id_that_is_no_ulid_is_404(call: Call, post_id: str) -> None:
    problem(call("public-get-post", post_id=post_id), 404)
    problem(call("posts-edit", post_id=post_id), 404)
    problem(call("posts-delete", post_id=post_id), 404)
    problem(call("posts-get-mine", post_id=post_id), 404)


@pytest.mark.parametrize("field", ["", "3", '"3', '"1", x'])
def test_a_malformed_if_match_is_400(call: Call, post: dict[str, Any], field: str) -> None:
    problem(call("posts-edit", post_id=post["id"], headers={"If-Match": field}), 400)
    problem(call("posts-delete", post_id=post["id"], headers={"If-Match": field}), 400)


def test_if_match_star_for_an_unknown_post_is_404(call: Call) -> None:
    problem(call("posts-edit", headers={"If-Match": "*"}), 404)


def test_if_none_match_with_the_current_tag_is_304(call: Call, post: dict[str, Any]) -> None:
    tag = header(call("posts-edit", post_id=post["id"]), "ETag")
    response = call("public-get-post", post_id=post["id"], headers={"If-None-Match": tag})
    assert response["statusCode"] == 304
    assert not response["body"]
    assert header(response, "ETag") == tag
    stale = call("public-get-post", post_id=post["id"], headers={"If-None-Match": '"1-x"'})
    assert stale["statusCode"] == 200


def test_a_former_slug_redirects_to_the_current_one(call: Call, post: dict[str, Any]) -> None:
    problem(call("public-get-post-by-slug"), 404)
    call("posts-edit", post_id=post["id"])
    assert json_body(call("public-get-post-by-slug"))["id"] == post["id"]
    call("posts-edit", post_id=post["id"], body={"slug": "moved"})
    moved = call("public-get-post-by-slug")
    assert moved["statusCode"] == 301
    assert header(moved, "Location") == "/v1/posts/by-slug/moved", "the stage is in the path"
    assert json_body(call("public-get-post-by-slug", slug="moved"))["id"] == post["id"]
    for slug in ("no-such", "No Slug", "c#", "..", "\x00"):
        problem(call("public-get-post-by-slug", slug=slug), 404)


def test_only_one_filter_is_allowed(call: Call, post: dict[str, Any]) -> None:
    call("posts-edit", post_id=post["id"])
    author = post["author"]["id"]
    for query in ({"tag": "HELLO"}, {"author": author}):
        rows = json_body(call("public-list-posts", query=query))["items"]
        assert [row["id"] for row in rows] == [post["id"]]
    for query in ({"tag": "unknown"}, {"tag": "a/b"}, {"author": "unknown"}, {"tag": ""}):
        assert json_body(call("public-list-posts", query=query)) == {
            "items": [],
            "next_cursor": None,
        }
    problem(call("public-list-posts", query={"tag": "hello", "author": author}), 400)
    problem(call("public-list-posts", query={"tag": "x" * 201}), 400)


def test_a_repeated_creation_is_201_again(call: Call) -> None:
    key = {"Idempotency-Key": "3f8c2f0a"}
    first, again = (call("posts-create", headers=key) for _ in range(2))
    assert again["statusCode"] == 201
    assert json_body(again) == json_body(first)
    assert header(again, "Location") == header(first, "Location")
    other = problem(call("posts-create", headers=key, body={"title": "Other"}), 422)
    assert other["errors"][0]["field"] == "Idempotency-Key"
    for odd in ("", "a b", "é", "x" * 256):
        problem(call("posts-create", headers={"Idempotency-Key": odd}), 400)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/merge-patch+json", "application/x-www-form-urlencoded",
     "multipart/form-data; boundary=x", "application/json"],
)  # fmt: skip
@pytest.mark.parametrize("event", ["posts-create", "posts-edit", "account-edit-me"])
def test_a_missing_body_is_400_with_any_content_type(
    call: Call, event: str, content_type: str
) -> None:
    refused = problem(call(event, body="", headers={"Content-Type": content_type}), 400)
    assert refused["detail"].startswith("The request has no body")


def test_head_returns_what_get_returns_and_the_gateway_drops_the_body(
    call: Call, post: dict[str, Any]
) -> None:
    call("posts-edit", post_id=post["id"])
    read = call("public-get-post", post_id=post["id"])
    asked = call("public-get-post", post_id=post["id"], method="HEAD")
    assert asked == read
    assert call("public-health", method="HEAD")["statusCode"] == 200
    assert call("public-list-posts", method="HEAD")["statusCode"] == 200


def test_a_preview_shows_the_published_form_and_stores_nothing(call: Call, client: Any) -> None:
    body = "# *Hi*\n\n<b>there</b> [x](javascript:alert(1)) https://a.example"
    before = stored(client)
    response = call("posts-preview", body={"body": body})
    assert stored(client) == before
    preview = json_body(response)
    assert header(response, "Cache-Control") == "private, no-store"
    post = json_body(call("posts-create", body={"title": "T", "body": body, "status": "published"}))
    assert preview == {name: post[name] for name in ("body_html", "excerpt", "reading_minutes")}
    assert json_body(call("posts-preview", sub="machine@clients", body={"body": "x"}))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "body"),
        ({"body": None}, 422, "body"),
        ({"body": "x", "title": "T"}, 422, "title"),
        ({"body": "x" * 262_145}, 422, "body"),
        ({"body": "[](a)" * 20_000}, 422, "body"),
        ("{", 400, None),
        ("", 400, None),
    ],
)
def test_a_preview_of_an_invalid_post_is_refused(
    call: Call, body: Any, status: int, field: str | None
) -> None:
    refused = problem(call("posts-preview", body=body), status)
    if field:
        assert refused["errors"][0]["field"] == field


def test_a_list_row_contains_the_author_and_the_counters(call: Call, client: Any) -> None:
    made = json_body(call("posts-create", body={"title": "T", "status": "published"}))
    assert made["author"] == {"id": made["author"]["id"], "name": "Unnamed author", "picture": None}
    assert (made["like_count"], made["comment_count"], made["comments"]) == (0, 0, "open")
    profile = {"pk": f"AUTHOR#{made['author']['id']}", "sk": "PROFILE", "name": "Alice"}
    client.put_item(TableName=TABLE, Item={name: {"S": text} for name, text in profile.items()})
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"POST#{made['id']}"}, "sk": {"S": "STATS"}},
        UpdateExpression="ADD like_count :n, comment_count :n",
        ExpressionAttributeValues={":n": {"N": "3"}},
    )
    (row,) = json_body(call("public-list-posts"))["items"]
    assert (row["author"]["name"], row["like_count"], row["comment_count"]) == ("Alice", 3, 3)
    read = call("public-get-post", post_id=made["id"])
    assert json_body(read) == row | {"body": "", "body_html": ""}
    edited = call(
        "posts-edit", post_id=made["id"], body={}, headers={"If-Match": header(read, "ETag")}
    )
    assert json_body(edited)["like_count"] == 3, (
        "an edit keeps the counters, and counting disturbs no edit"
    )


def test_closed_comments_and_draft_status_are_stored_beside_the_counters(
    call: Call, client: Any
) -> None:
    made = json_body(call("posts-create", body={"title": "T", "comments": "closed"}))

    def state() -> tuple[bool, str]:
        item = stored(client)[f"POST#{made['id']}", "STATS"]
        return item["is_public"]["BOOL"], item["comments"]["S"]

    assert state() == (False, "closed")
    call("posts-edit", post_id=made["id"], body={"status": "published"})
    assert state() == (True, "closed")
    call("posts-edit", post_id=made["id"], body={"comments": "open"})
    assert state() == (True, "open")
    call("posts-edit", post_id=made["id"], body={"status": "draft"})
    assert state() == (False, "open")


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "events").glob("*.json")))
def test_every_sample_event_belongs_to_a_route_or_rule_of_the_template(
    deployment: Deployment, name: str
) -> None:
    event = sample_event(name)
    if event.get("detail-type") == "Scheduled Event":
        rule = event["resources"][0]
        assert any(schedule.function in rule for schedule in deployment.schedules)
    elif "detail-type" in event:
        bucket = event["detail"]["bucket"]
        assert bucket["name"] in event["resources"][0]
        bucket["name"] = "MediaBucket"
        assert any(matches(one.pattern, event) for one in deployment.subscriptions)
    else:
        routes = {(route.method, route.resource) for route in deployment.routes}
        assert (event["httpMethod"], event["resource"]) in routes


def test_every_route_has_a_sample_event(deployment: Deployment) -> None:
    sampled = {
        (event.get("httpMethod"), event.get("resource"))
        for event in (sample_event(path.stem) for path in (ROOT / "events").glob("*.json"))
    }
    routes = {(one.method, one.resource) for one in deployment.routes}
    assert {one for one in routes if one[0] not in ("HEAD", "OPTIONS")} <= sampled


def test_broken_utf_8_is_400(call: Call) -> None:
    event = sample_event("posts-create")
    event["body"] = base64.b64encode(b'{"title": "\xff"}').decode()
    event["isBase64Encoded"] = True
    app = importlib.import_module("functions.posts.app")
    problem(app.handler(event, LambdaContext()), 400)


def test_the_publisher_publishes_due_posts(
    call: Call, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    body = {"title": "Later", "status": "scheduled", "publish_at": soon.isoformat()}
    post = json_body(call("posts-create", body=body))
    assert post["publish_at"] == to_rfc3339(soon)
    publisher = importlib.import_module("functions.publisher.app")
    monkeypatch.setattr(publisher, "table", Table(client, "BlogTable"))
    event = sample_event("publisher-schedule")
    assert publisher.handler(event, LambdaContext()) == {"published": 0, "failed": 0}
    problem(call("public-get-post", post_id=post["id"]), 404)
    monkeypatch.setattr(publisher, "now", lambda: soon)
    assert publisher.handler(event, LambdaContext()) == {"published": 1, "failed": 0}
    after = json_body(call("public-get-post", post_id=post["id"]))
    assert (after["published_at"], after["publish_at"]) == (to_rfc3339(soon), None)
    past = {"status": "scheduled", "publish_at": "2020-01-01T00:00:00Z"}
    refused = problem(call("posts-edit", post_id=post["id"], body=past), 422)
    assert refused["errors"][0]["field"] == "publish_at"


def test_health_uses_no_database(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    app = importlib.import_module("functions.public.app")
    monkeypatch.setattr(app.post_queries, "_table", None)
    assert json_body(call("public-health")) == {"status": "ok"}


def _fail(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    return fail


def test_a_database_outage_is_503_with_retry_after(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Table, "get_all", _fail(Unavailable()))
    response = call("public-get-post")
    problem(response, 503)
    assert header(response, "Retry-After") == "5"


def test_the_line_of_a_throttled_request_has_dynamodbs_reasons(
    call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "TableReadKeyRangeThroughputExceeded"
    monkeypatch.setattr(Table, "get_all", _fail(Unavailable([reason])))
    assert reason not in str(problem(call("public-get-post"), 503))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["throttled"] == reason


def test_a_bug_is_a_fixed_500_and_its_log_has_no_message_text(
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    faults: io.StringIO,
) -> None:
    monkeypatch.setattr(Table, "get_all", _fail(RuntimeError("alice@example.com")))
    refused = problem(call("public-get-post"), 500)
    assert "alice" not in str(refused)
    logged = (faults.getvalue(), capsys.readouterr().out)
    assert "alice@" not in str(logged)
    fault, request = map(json.loads, logged)
    assert (fault["level"], fault["error"]) == ("ERROR", "RuntimeError")
    assert any("get_post" in where for where in fault["where"])
    assert (request["status"], request["refusal"]) == (500, "InternalError")
    for name in ("correlation_id", "function_request_id", "service"):
        assert fault[name] == request[name]


def test_each_request_logs_one_line_with_the_request_id_and_no_personal_data(
    call: Call, capsys: pytest.CaptureFixture[str], faults: io.StringIO
) -> None:
    problem(call("posts-edit", body={"title": "secret title"}), 404)
    assert faults.getvalue() == ""
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert logged["correlation_id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    assert (logged["method"], logged["route"]) == ("PATCH", "/posts/{post_id}")
    assert (logged["status"], logged["refusal"]) == (404, "NotFound")
    assert ALICE not in line
    assert "secret title" not in line


def test_requests_are_not_logged_at_log_level_error(
    call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.setLevel("ERROR")  # as POWERTOOLS_LOG_LEVEL does
    try:
        json_body(call("public-health"))
    finally:
        logger.setLevel("INFO")
    assert capsys.readouterr().out == ""
