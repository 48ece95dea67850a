"""Comments: who may write them, who can read them, and that their counts are exact."""

from typing import Any

import pytest

from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from tests.support.consistency import faults, plain
from tests.support.handlers import Call, header, json_body, problem
from tests.support.posts import NO_BUCKET, stored
from tests.support.samples import ALICE, BOB, CAROL

SAMPLE = "01JDC0000000000000000000C0"


@pytest.fixture
def post_id(call: Call) -> str:
    """Create a published post of Alice, and return its id."""
    body = {"title": "T", "status": "published"}
    return str(json_body(call("posts-create", body=body))["id"])


def comment(call: Call, post_id: str, sub: str = BOB, **body: Any) -> dict[str, Any]:
    response = call("comments-create", post_id=post_id, sub=sub, body={"body": "Hello"} | body)
    assert response["statusCode"] == 201, response
    made: dict[str, Any] = json_body(response)
    return made


def on(call: Call, post_id: str, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json_body(
        call("public-list-comments", post_id=post_id, query=query)
    )["items"]
    return rows


def count(call: Call, post_id: str) -> int:
    return int(json_body(call("public-get-post", post_id=post_id))["comment_count"])


def delete(call: Call, post_id: str, made: dict[str, Any], **more: Any) -> int:
    response = call("comments-delete", post_id=post_id, parts={SAMPLE: made["id"]}, **more)
    return int(response["statusCode"])


def test_a_comment_is_rendered_listed_and_counted(call: Call, post_id: str) -> None:
    response = call(
        "comments-create", post_id=post_id, sub=BOB, body={"body": "# Not <b>\n\n*well* ![x](y)"}
    )
    made = json_body(response)
    assert header(response, "Location").endswith(f"/{made['id']}")
    assert header(response, "ETag").startswith('"1-')
    assert "<h1>" not in made["body_html"]
    assert "<img" not in made["body_html"]
    assert "<em>well</em>" in made["body_html"]
    assert (made["post_id"], made["parent_id"], made["version"]) == (post_id, None, 1)
    reply = comment(call, post_id, ALICE, parent_id=made["id"])
    assert on(call, post_id) == [made, reply]
    assert count(call, post_id) == 2
    assert BOB not in call("public-list-comments", post_id=post_id)["body"]


def test_comments_page_oldest_first(call: Call, post_id: str) -> None:
    made = [comment(call, post_id)["id"] for _ in range(5)]
    first = json_body(call("public-list-comments", post_id=post_id, query={"limit": "2"}))
    query = {"limit": "2", "cursor": first["next_cursor"]}
    second = json_body(call("public-list-comments", post_id=post_id, query=query))
    assert [row["id"] for row in first["items"] + second["items"]] == made[:4]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"body": ""}, "body"),
        ({"body": " \n"}, "body"),
        ({"body": "x" * 5001}, "body"),
        ({"body": "\x00"}, "body"),
        ({"body": "[x]: https://a.b"}, "body"),
        ({"body": "&#8203;"}, "body"),
        ({}, "body"),
        ({"body": "x", "author": "y"}, "author"),
        ({"body": "x", "parent_id": SAMPLE}, "parent_id"),
        ({"body": "x", "parent_id": "no id"}, "parent_id"),
    ],
)
def test_an_invalid_comment_is_422_and_names_the_field(
    call: Call, post_id: str, body: dict[str, Any], field: str
) -> None:
    response = problem(call("comments-create", post_id=post_id, body=body), 422)
    assert [error["field"] for error in response["errors"]] == [field]


def test_an_edit_leaves_visible_text(call: Call, post_id: str) -> None:
    made = comment(call, post_id)
    parts, body = {SAMPLE: made["id"]}, {"body": "[](https://a.b)"}
    edit = {"post_id": post_id, "sub": BOB, "parts": parts}
    response = problem(call("comments-edit", body=body, **edit), 422)
    assert [error["field"] for error in response["errors"]] == ["body"]
    assert on(call, post_id) == [made]
    assert call("comments-edit", body={"body": "\U0001f44d"}, **edit)["statusCode"] == 200


def test_replies_have_one_level(call: Call, post_id: str) -> None:
    reply = comment(call, post_id, parent_id=comment(call, post_id)["id"])
    body = {"body": "x", "parent_id": reply["id"]}
    problem(call("comments-create", post_id=post_id, body=body), 422)


def test_a_closed_or_private_post_takes_no_comments(call: Call, post_id: str) -> None:
    call("posts-edit", post_id=post_id, body={"comments": "closed"})
    problem(call("comments-create", post_id=post_id, sub=BOB), 403)
    call("posts-edit", post_id=post_id, body={"status": "draft", "comments": "open"})
    for sub in (ALICE, BOB):
        problem(call("comments-create", post_id=post_id, sub=sub), 404)
    problem(call("public-list-comments", post_id=post_id), 404)


def test_only_the_writer_edits_a_comment(call: Call, post_id: str) -> None:
    made = comment(call, post_id)
    parts = {SAMPLE: made["id"]}
    problem(call("comments-edit", post_id=post_id, parts=parts, sub=ALICE), 403)
    edited = call(
        "comments-edit", post_id=post_id, parts=parts, sub=BOB, headers={"If-Match": '"1"'}
    )
    assert json_body(edited)["version"] == 2
    assert on(call, post_id)[0]["body"] == "Well said, mostly."
    stale = call(
        "comments-edit", post_id=post_id, parts=parts, sub=BOB, headers={"If-Match": '"1"'}
    )
    assert problem(stale, 412)["current_version"] == 2


@pytest.mark.parametrize(
    ("sub", "permissions", "status"),
    [
        (BOB, "", 204),
        (ALICE, "", 204),
        (CAROL, "", 403),
        (CAROL, "moderate:people", 403),
        (CAROL, "moderate:content", 204),
    ],
)
def test_who_may_delete_a_comment(
    call: Call, post_id: str, sub: str, permissions: str, status: int
) -> None:
    made = comment(call, post_id)
    authorizer = {"permissions": permissions}
    assert delete(call, post_id, made, sub=sub, authorizer=authorizer) == status
    assert count(call, post_id) == len(on(call, post_id)) == (0 if status == 204 else 1)


def test_a_deleted_comment_with_replies_leaves_a_tombstone_until_they_are_gone(
    call: Call, client: Any, post_id: str
) -> None:
    parent = comment(call, post_id)
    reply = comment(call, post_id, ALICE, parent_id=parent["id"])
    assert delete(call, post_id, parent, sub=BOB) == 204
    assert on(call, post_id) == [{"id": parent["id"], "deleted": True}, reply]
    assert count(call, post_id) == 1
    assert delete(call, post_id, parent, sub=BOB) == 404
    body = {"body": "x", "parent_id": parent["id"]}
    problem(call("comments-create", post_id=post_id, body=body), 422)
    assert delete(call, post_id, reply, sub=ALICE) == 204
    assert on(call, post_id) == []
    assert run_jobs(Table(client, "BlogTable"), NO_BUCKET) == (1, {})
    assert not [key for key in stored(client) if "COMMENT#0" in key[1]]


def test_an_idempotency_key_creates_one_comment(call: Call, post_id: str) -> None:
    responses = [
        json_body(call("comments-create", post_id=post_id, headers={"Idempotency-Key": "k"}))
        for _ in range(2)
    ]
    assert responses[0] == responses[1]
    assert count(call, post_id) == 1
    other = call(
        "comments-create", post_id=post_id, headers={"Idempotency-Key": "k"}, body={"body": "x"}
    )
    problem(other, 422)


def test_the_61st_comment_of_an_hour_is_429(call: Call, post_id: str) -> None:
    made = [comment(call, post_id) for _ in range(60)]
    delete(call, post_id, made[0], sub=BOB)
    response = call("comments-create", post_id=post_id, sub=BOB)
    problem(response, 429)
    assert 0 < int(header(response, "Retry-After")) <= 3600
    comment(call, post_id, CAROL)
    assert count(call, post_id) == 60


def test_deleting_a_post_deletes_its_comments(call: Call, client: Any, post_id: str) -> None:
    parent = comment(call, post_id)
    for sub in (ALICE, BOB, CAROL) * 9:
        comment(call, post_id, sub, parent_id=parent["id"])
    delete(call, post_id, parent, sub=BOB)
    assert call("posts-delete", post_id=post_id)["statusCode"] == 204
    problem(call("comments-create", post_id=post_id), 404)
    _, left = run_jobs(Table(client, "BlogTable"), NO_BUCKET)
    assert left == {}
    items = stored(client)
    assert not [key for key in items if "COMMENT#0" in key[1] or key[0].startswith("POST#")]
    counts = [item["comment_count"]["N"] for item in items.values() if "comment_count" in item]
    assert counts == ["0"] * 3


class TestApproval:
    """The post's author approves the first comment of each writer."""

    @pytest.fixture(autouse=True)
    def _on(self, call: Call) -> None:
        call("account-edit-me", body={"approves_first_comments": True})

    def pending(self, call: Call) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json_body(call("comments-list-pending"))["items"]
        return rows

    def test_a_first_comment_is_pending_and_later_ones_are_published(
        self, call: Call, post_id: str
    ) -> None:
        made = comment(call, post_id)
        parts = {SAMPLE: made["id"]}
        assert made["status"] == "pending"
        assert (on(call, post_id), count(call, post_id)) == ([], 0)
        assert self.pending(call) == [made]
        problem(call("comments-approve", post_id=post_id, parts=parts, sub=BOB), 403)
        problem(call("comments-approve", post_id=post_id, parts=parts, sub=CAROL), 404)
        for _ in range(2):
            response = call("comments-approve", post_id=post_id, parts=parts)
            assert response["statusCode"] == 204
        assert on(call, post_id) == [made | {"status": "published"}]
        assert self.pending(call) == []
        assert comment(call, post_id)["status"] == "published"
        assert count(call, post_id) == 2

    def test_the_authors_own_comment_is_never_pending(self, call: Call, post_id: str) -> None:
        assert comment(call, post_id, ALICE)["status"] == "published"

    def test_a_declined_comment_is_deleted(self, call: Call, client: Any, post_id: str) -> None:
        made = comment(call, post_id)
        parts = {SAMPLE: made["id"]}
        assert call("comments-decline", post_id=post_id, parts=parts)["statusCode"] == 204
        problem(call("comments-decline", post_id=post_id, parts=parts), 404)
        assert self.pending(call) == []
        assert not [key for key in stored(client) if made["id"] in key[1]]
        assert comment(call, post_id)["status"] == "pending", "the writer is still unknown"

    def test_a_published_comment_cannot_be_declined(self, call: Call, post_id: str) -> None:
        made = comment(call, post_id, ALICE)
        problem(call("comments-decline", post_id=post_id, parts={SAMPLE: made["id"]}), 404)
        assert count(call, post_id) == 1

    def test_the_writer_edits_and_deletes_a_pending_comment(self, call: Call, post_id: str) -> None:
        made = comment(call, post_id)
        edited = call("comments-edit", post_id=post_id, parts={SAMPLE: made["id"]}, sub=BOB)
        assert json_body(edited)["status"] == "pending"
        assert delete(call, post_id, made, sub=CAROL) == 404
        assert delete(call, post_id, made, sub=BOB) == 204
        assert self.pending(call) == []
        assert count(call, post_id) == 0


def edited(call: Call, post_id: str, made: dict[str, Any], body: str, sub: str = BOB) -> Any:
    changes = {"body": {"body": body}, "parts": {SAMPLE: made["id"]}}
    return call("comments-edit", post_id=post_id, sub=sub, **changes)


def approved(call: Call, post_id: str) -> dict[str, Any]:
    """Return Bob's first comment, which Alice had to approve."""
    call("account-edit-me", body={"approves_first_comments": True})
    made = comment(call, post_id)
    assert made["status"] == "pending"
    call("comments-approve", post_id=post_id, parts={SAMPLE: made["id"]})
    return made


def test_an_edit_of_an_approved_first_comment_is_pending_again(
    call: Call, client: Any, post_id: str
) -> None:
    made = approved(call, post_id)
    second = comment(call, post_id)
    assert second["status"] == "published", "the author knows Bob now"
    after = json_body(edited(call, post_id, made, "Buy pills"))
    assert (after["status"], after["version"], after["body"]) == ("pending", 2, "Buy pills")
    assert on(call, post_id) == [second]
    assert count(call, post_id) == 1
    (waiting,) = json_body(call("comments-list-pending", query={"status": "pending"}))["items"]
    assert waiting == after
    # An edit of a comment that needed no approval needs none.
    assert json_body(edited(call, post_id, second, "Still here"))["status"] == "published"
    # A pending comment can be edited, and approved once more.
    assert json_body(edited(call, post_id, made, "Sorry"))["status"] == "pending"
    call("comments-approve", post_id=post_id, parts={SAMPLE: made["id"]})
    assert [row["body"] for row in on(call, post_id)] == ["Sorry", "Still here"]
    assert count(call, post_id) == 2
    assert json_body(edited(call, post_id, made, "Again"))["status"] == "pending"
    assert faults(plain(client)) == []


@pytest.mark.parametrize("end", ["approve", "decline", "delete", "the reply goes first"])
def test_an_approved_comment_with_replies_leaves_a_tombstone_while_it_is_pending(
    call: Call, client: Any, post_id: str, end: str
) -> None:
    made = approved(call, post_id)
    reply = comment(call, post_id, ALICE, parent_id=made["id"])
    assert json_body(edited(call, post_id, made, "Changed"))["status"] == "pending"
    assert on(call, post_id) == [{"id": made["id"], "deleted": True}, reply]
    problem(
        call("comments-create", post_id=post_id, body={"body": "x", "parent_id": made["id"]}), 422
    )
    parts = {SAMPLE: made["id"]}
    if end == "the reply goes first":
        assert delete(call, post_id, reply) == 204
        run_jobs(Table(client, "BlogTable"), NO_BUCKET)
        reply_is_left = False
    else:
        reply_is_left = True
    if end in ("decline", "delete"):
        sub = ALICE if end == "decline" else BOB
        assert call(f"comments-{end}", post_id=post_id, parts=parts, sub=sub)["statusCode"] == 204
        assert on(call, post_id) == [{"id": made["id"], "deleted": True}, reply]
        assert count(call, post_id) == 1
    else:
        assert call("comments-approve", post_id=post_id, parts=parts)["statusCode"] == 204
        shown = on(call, post_id)
        assert [row.get("body") for row in shown] == ["Changed"] + ["Hello"] * reply_is_left
        assert count(call, post_id) == 1 + reply_is_left
        assert shown[0]["author"] == made["author"]
    assert faults(plain(client)) == []


def test_nobody_edits_a_comment_where_comments_are_closed(call: Call, post_id: str) -> None:
    made = comment(call, post_id)
    call("posts-edit", post_id=post_id, body={"comments": "closed"})
    refused = problem(edited(call, post_id, made, "Changed"), 403)
    assert "closed" in refused["detail"]
    assert on(call, post_id) == [made]
    assert delete(call, post_id, made, sub=BOB) == 204
