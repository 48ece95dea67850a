"""Moderation: only its owner sees a hidden post, and a ban is checked inside each write."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.cursors import cursor_after
from blog.dynamodb.keys import REPORTS, Key, entry_sort_key
from blog.dynamodb.listings import reported
from blog.dynamodb.table import Table
from blog.posts.scheduling import publish_due
from tests.integration.test_scheduling import LATER
from tests.support import largest
from tests.support.bounds import Counter
from tests.support.handlers import AUTHOR_PART, Call, json_body, problem
from tests.support.posts import RacingTable, stored
from tests.support.samples import ALICE, BOB, MODERATOR

REASON = {"reason": "An advertisement."}
PICTURE = "https://example.com/picture.png"


def published(call: Call, sub: str = ALICE, **members: Any) -> dict[str, Any]:
    body = {"title": "T", "status": "published", "tags": ["a"]} | members
    post: dict[str, Any] = json_body(call("posts-create", sub=sub, body=body))
    return post


def as_moderator(call: Call, event: str, **more: Any) -> Any:
    response = call(event, sub=MODERATOR, **more)
    assert response["statusCode"] < 300, response
    return json_body(response) if response["body"] else None


def author_id_of(call: Call, sub: str) -> str:
    return str(json_body(call("account-get-me", sub=sub))["author_id"])


def ban(call: Call, author_id: str) -> None:
    as_moderator(call, "moderation-ban", parts={AUTHOR_PART: author_id})


def test_only_the_owner_sees_a_hidden_post_and_the_reason(call: Call) -> None:
    post = published(call)
    post_id = post["id"]
    as_moderator(call, "moderation-hide", post_id=post_id)
    problem(call("public-get-post", post_id=post_id), 404)
    problem(call("public-get-post-by-slug", slug=post["slug"]), 404)
    problem(call("reactions-like", post_id=post_id, sub=BOB), 404)
    for query in ({}, {"tag": "a"}, {"author": post["author"]["id"]}):
        assert json_body(call("public-list-posts", query=query))["items"] == []
    assert json_body(call("public-list-tags"))["items"] == []
    mine = json_body(call("posts-get-mine", post_id=post_id))
    assert mine["moderation"]["reason"] == "An advertisement."
    assert mine["version"] == 1, "it does not count as an edit"
    (row,) = json_body(call("posts-list-mine", query={}))["items"]
    assert row["moderation"] == mine["moderation"]
    (row,) = as_moderator(call, "moderation-list-posts")["items"]
    assert (row["id"], row["moderation"]) == (post_id, mine["moderation"])


def test_the_owner_edits_and_deletes_a_hidden_post_but_does_not_unhide_it(call: Call) -> None:
    post_id = published(call)["id"]
    as_moderator(call, "moderation-hide", post_id=post_id)
    for status in ("draft", "published"):
        edited = call(
            "posts-edit", post_id=post_id, body={"status": status}, headers={"If-Match": "*"}
        )
        assert edited["statusCode"] == 200
        problem(call("public-get-post", post_id=post_id), 404)
    problem(call("moderation-unhide", post_id=post_id, authorizer={"permissions": ""}), 403)
    as_moderator(call, "moderation-unhide", post_id=post_id)
    public_post = json_body(call("public-get-post", post_id=post_id))
    assert "moderation" not in public_post
    assert as_moderator(call, "moderation-list-posts")["items"] == []
    as_moderator(call, "moderation-hide", post_id=post_id)
    assert call("posts-delete", post_id=post_id)["statusCode"] == 204
    assert as_moderator(call, "moderation-list-posts")["items"] == []


def test_a_moderator_cannot_hide_a_draft(call: Call) -> None:
    post_id = published(call, status="draft")["id"]
    problem(call("moderation-hide", post_id=post_id, sub=MODERATOR), 404)


@pytest.mark.parametrize(
    ("event", "permission"),
    [
        ("moderation-list-posts", "moderate:people"),
        ("moderation-list-reports", "moderate:people"),
        ("moderation-hide", "moderate:people"),
        ("moderation-unhide", "moderate:people"),
        ("moderation-list-people", "moderate:content"),
        ("moderation-ban", "moderate:content"),
        ("moderation-unban", "moderate:content"),
    ],
)
def test_each_route_needs_its_own_permission(call: Call, event: str, permission: str) -> None:
    for permissions in ("", permission):
        refused = problem(call(event, authorizer={"permissions": permissions}), 403)
        assert refused["error"] == "insufficient_scope"


def test_a_ban_blocks_every_write_except_deletions_until_it_is_lifted(call: Call) -> None:
    post, bobs = published(call), published(call, BOB)
    mine = json_body(call("comments-create", post_id=post["id"], sub=BOB))
    for event in ("reactions-like", "reactions-follow"):
        parts = {AUTHOR_PART: post["author"]["id"]}
        call(event, post_id=post["id"], parts=parts, sub=BOB)
    ban(call, bobs["author"]["id"])
    writes = [
        call("posts-create", sub=BOB),
        call("posts-edit", post_id=bobs["id"], sub=BOB, body={"title": "x"}),
        call("account-edit-me", sub=BOB),
        call("comments-create", post_id=post["id"], sub=BOB),
        call("comments-edit", post_id=post["id"], sub=BOB, parts={COMMENT: mine["id"]}),
        call("comments-report-post", post_id=post["id"], sub=BOB),
        call("comments-report-author", parts={AUTHOR_PART: post["author"]["id"]}, sub=BOB),
        call("reactions-like", post_id=bobs["id"], sub=BOB),
    ]
    for response in writes:
        assert problem(response, 403)["detail"] == "You are banned from writing here."
    assert call("posts-list-mine", sub=BOB, query={})["statusCode"] == 200, (
        "reading is still allowed"
    )
    assert call("public-get-post", post_id=bobs["id"])["statusCode"] == 200, "their content stays"
    for response in (
        call("comments-delete", post_id=post["id"], sub=BOB, parts={COMMENT: mine["id"]}),
        call("reactions-unlike", post_id=post["id"], sub=BOB),
        call("reactions-unfollow", parts={AUTHOR_PART: post["author"]["id"]}, sub=BOB),
        call("posts-delete", post_id=bobs["id"], sub=BOB),
    ):
        assert response["statusCode"] == 204, response
    (row,) = as_moderator(call, "moderation-list-people")["items"]
    assert (row["author"]["id"], row["reason"]) == (
        bobs["author"]["id"], "Nothing but advertisements.",
    )  # fmt: skip
    for _ in range(2):
        as_moderator(call, "moderation-unban", parts={AUTHOR_PART: bobs["author"]["id"]})
    assert as_moderator(call, "moderation-list-people")["items"] == []
    assert call("posts-create", sub=BOB)["statusCode"] == 201


COMMENT = "01JDC0000000000000000000C0"


@pytest.mark.parametrize("event", ["posts-create", "posts-edit", "comments-create"])
def test_a_ban_between_a_read_and_its_write_blocks_the_write(
    call: Call, client: Any, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    post = published(call)
    racing_table = RacingTable(client, "BlogTable")
    module = __import__(f"functions.{event.split('-', maxsplit=1)[0]}.app", fromlist=["app"])
    holder = getattr(module, event.split("-", maxsplit=1)[0])
    monkeypatch.setattr(holder, "_table", racing_table)
    racing_table.before_write = [lambda: ban(call, post["author"]["id"])]
    problem(call(event, post_id=post["id"]), 403)
    assert json_body(call("public-get-post", post_id=post["id"]))["version"] == 1
    assert json_body(call("public-list-comments", post_id=post["id"]))["items"] == []


def test_a_scheduled_post_of_a_banned_author_becomes_a_draft(call: Call, table: Table) -> None:
    body = {"title": "T", "status": "scheduled", "publish_at": "2099-01-01T00:00:00Z"}
    post = json_body(call("posts-create", body=body))
    ban(call, post["author"]["id"])
    assert publish_due(table, LATER.replace(year=2100)) == (0, 0)
    mine = json_body(call("posts-get-mine", post_id=post["id"]))
    assert (mine["status"], mine["publish_at"]) == ("draft", None)


def test_moderators_cannot_ban_themselves_or_an_unknown_id(call: Call) -> None:
    me = json_body(call("account-get-me", sub=MODERATOR))["author_id"]
    problem(call("moderation-ban", sub=MODERATOR, parts={AUTHOR_PART: me}), 422)
    problem(call("moderation-ban", sub=MODERATOR, parts={AUTHOR_PART: "nobody"}), 404)


def test_moderators_see_one_report_per_person(call: Call) -> None:
    post_id = published(call)["id"]
    made = json_body(call("comments-create", post_id=post_id, sub=BOB))
    parts = {COMMENT: made["id"]}
    for _ in range(2):
        assert call("comments-report-post", post_id=post_id, sub=BOB)["statusCode"] == 204
    assert call("comments-report-comment", post_id=post_id, parts=parts)["statusCode"] == 204
    rows = as_moderator(call, "moderation-list-reports")["items"]
    assert [(row["post_id"], row["comment_id"], row["reason"]) for row in rows] == [
        (post_id, made["id"], "An insult."),
        (post_id, None, "An advertisement."),
    ]
    problem(call("comments-report-comment", post_id=post_id), 404)
    problem(call("comments-report-post"), 404)


def report_author(call: Call, author_id: str, **more: Any) -> Any:
    return call("comments-report-author", parts={AUTHOR_PART: author_id}, **more)


def test_moderators_see_who_was_reported(call: Call) -> None:
    bobs = published(call, BOB)
    bob = call("account-edit-me", sub=BOB, body={"name": "Bob", "picture": PICTURE})
    author_id = json_body(bob)["author_id"]
    for _ in range(2):
        assert report_author(call, author_id)["statusCode"] == 204
    call("comments-report-post", post_id=bobs["id"])
    call("account-edit-me", body={"name": "Alice"})
    of_post, of_author = as_moderator(call, "moderation-list-reports")["items"]
    assert (of_post["post_id"], of_post["reported"]) == (bobs["id"], None)
    assert (of_author["post_id"], of_author["comment_id"]) == (None, None)
    assert of_author["reported"] == {"id": author_id, "name": "Bob", "picture": PICTURE}
    assert of_author["author"]["name"] == "Alice"
    assert of_author["reason"] == "Poses as somebody else."


@pytest.mark.parametrize("known_by", ["a profile", "a post", "a comment"])
def test_an_author_of_whom_anything_is_public_can_be_reported(call: Call, known_by: str) -> None:
    post, author_id = published(call), author_id_of(call, BOB)
    call("posts-create", sub=BOB, body={"title": "A draft"})
    problem(report_author(call, author_id), 404)
    if known_by == "a profile":
        call("account-edit-me", sub=BOB, body={"name": "Bob"})
    elif known_by == "a post":
        published(call, BOB)
    else:
        call("comments-create", post_id=post["id"], sub=BOB)
    assert report_author(call, author_id)["statusCode"] == 204


def test_an_unknown_author_and_the_users_themselves_cannot_be_reported(
    call: Call, client: Any
) -> None:
    author_id = published(call)["author"]["id"]
    before = stored(client)
    for nobody in ("nobody", "a" * 26, "A" * 26):
        problem(report_author(call, nobody), 404)
    refused = problem(report_author(call, author_id), 422)
    assert refused["errors"][0]["field"] == "author_id"
    problem(report_author(call, "a" * 26, body={"reason": ""}), 422)
    problem(report_author(call, "a" * 26, body={}), 422)
    assert stored(client) == before


def test_a_repeated_ban_updates_the_reason_and_keeps_the_time(call: Call, client: Any) -> None:
    author = published(call)["author"]["id"]
    ban(call, author)
    (first,) = as_moderator(call, "moderation-list-people")["items"]
    parts = {AUTHOR_PART: author}
    as_moderator(call, "moderation-ban", parts=parts, body={"reason": "Another."})
    assert as_moderator(call, "moderation-list-people")["items"] == [first | {"reason": "Another."}]
    as_moderator(call, "moderation-unban", parts=parts)
    assert not [key for key in stored(client) if key[0] == "BANNED"]


def test_expired_reports_are_neither_listed_nor_read(call: Call, client: Any, table: Table) -> None:
    """DynamoDB removes expired items days later, so there may be many."""
    now = datetime.now(UTC)
    rows = []
    for days in [1, *[90 + n / 24 for n in range(1, 250)]]:
        row = largest.report(0, now - timedelta(days=days))
        key = Key(REPORTS, entry_sort_key(now - timedelta(days=days), row["id"]))
        rows.append(largest.item(key, row))
    table.put_all(rows)
    pages: list[dict[str, Any]] = []
    cost = Counter(client).of(
        lambda: pages.append(as_moderator(call, "moderation-list-reports", query={"limit": "100"}))
    )
    assert [[one["id"] for one in page["items"]] for page in pages] == [[rows[0]["id"]]]
    assert cost.queries == 1
    (page,) = pages
    assert page["next_cursor"] is None
    expired = cursor_after(reported(now), rows[-1]["sk"])
    query = {"limit": "100", "cursor": expired}
    assert as_moderator(call, "moderation-list-reports", query=query)["items"] == []
