"""Limits for an hour and user: each kind of write counts, in the item that decides write access."""

import importlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.keys import ban_key
from blog.dynamodb.table import Table
from blog.errors import TooManyRequests
from blog.limits import IN_WORDS, KINDS, PER_HOUR, Kind
from blog.people.rate_limits import RateLimits, hour_of
from blog.reactions.service import Reactions
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, header, json_body, problem
from tests.support.posts import Blog, RacingTable, create, person
from tests.support.samples import ALICE, BOB

AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
TWO = RateLimits(dict.fromkeys(KINDS, 2))


@pytest.fixture
def limited(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a caller of handlers with a limit of two for each kind."""
    limits = RateLimits(dict.fromkeys(KINDS, 2))
    for name, services in {
        "posts": ["posts"],
        "comments": ["comments", "reports"],
        "reactions": ["reactions"],
        "media": ["media"],
        "account": ["account_requests"],
    }.items():
        app = importlib.import_module(f"functions.{name}.app")
        for service in services:
            monkeypatch.setattr(getattr(app, service), "_limits", limits)
    monkeypatch.setattr(importlib.import_module("functions.account.app"), "limits", limits)
    return call


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Stop the clock of the services within an hour, so that no test meets the end of one."""
    stopped = datetime.now(UTC)
    for module in (
        "posts.service", "comments.service", "reactions.service", "moderation.reports",
        "media.service", "accounts.requests", "people.profiles",
    ):  # fmt: skip
        monkeypatch.setattr(f"blog.{module}.now", lambda: stopped)
    return stopped


class Setting:
    """A public post of Bob's with a comment of Alice's, and a draft of Alice's."""

    def __init__(self, call: Call, posts: Blog) -> None:
        self.bobs_post = create(posts, BOB, status="published").id
        self.own_post = create(posts, title="Own").id
        self.comment = json_body(call("comments-create", post_id=self.bobs_post))["id"]


def write(call: Call, setting: Setting, kind: Kind, number: int) -> Any:
    """Do something of this kind as Alice."""
    if kind == "reactions":
        call("reactions-unlike", post_id=setting.bobs_post)
    of_post = {"post_id": setting.bobs_post}
    of_comment = {**of_post, "parts": {COMMENT_PART: setting.comment}}
    body = {"body": str(number)}
    events: dict[Kind, tuple[str, dict[str, Any]]] = {
        "posts": ("posts-create", {"body": {"title": f"Post {number}"}}),
        "post_edits": ("posts-edit", {"post_id": setting.own_post, "body": body}),
        "comments": ("comments-create", of_post),
        "comment_edits": ("comments-edit", {**of_comment, "body": body}),
        "reactions": ("reactions-like", of_post),
        "uploads": ("media-create", {}),
        "reports": ("comments-report-comment", of_comment),
        "exports": ("account-create-export", {}),
    }
    event, arguments = events[kind]
    return call(event, **arguments)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"reports", "exports"}))
def test_the_third_write_of_an_hour_is_429(
    limited: Call, posts: Blog, kind: Kind, stopped: datetime
) -> None:
    setting = Setting(limited, posts)
    used = 1 if kind == "comments" else 0
    for number in range(2 - used):
        assert write(limited, setting, kind, number)["statusCode"] < 300
    left = json_body(limited("account-get-me"))["limits"]
    assert left[kind] == {"limit": 2, "left": 0}
    response = write(limited, setting, kind, 2)
    refused = problem(response, 429)
    assert (refused["limit"], refused["per_hour"]) == (kind, 2)
    assert IN_WORDS[kind] in refused["detail"]
    assert refused["resets_at"] == left["resets_at"]
    resets_at = datetime.fromisoformat(refused["resets_at"])
    seconds = (resets_at - stopped).total_seconds()
    assert int(header(response, "Retry-After")) == pytest.approx(seconds, abs=5)
    assert resets_at.minute == resets_at.second == 0


@pytest.mark.parametrize("kind", ["posts", "post_edits"])
def test_nothing_is_rendered_for_a_user_who_is_over_the_limit(
    limited: Call, posts: Blog, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Setting(limited, posts)
    for number in range(3):
        write(limited, setting, kind, number)
    monkeypatch.setattr("blog.posts.editing.rendered", lambda body: pytest.fail("rendered"))
    problem(write(limited, setting, kind, 3), 429)


def test_every_kind_counts_on_its_own(limited: Call, posts: Blog) -> None:
    setting = Setting(limited, posts)
    for kind in KINDS:
        assert write(limited, setting, kind, 0)["statusCode"] < 300, kind
    left = json_body(limited("account-get-me"))["limits"]
    expected = dict.fromkeys(KINDS, 1) | {"comments": 0}  # the setting has a comment
    assert {kind: left[kind]["left"] for kind in KINDS} == expected
    # The second export is the same one, because it is still in preparation. So it does not count.
    assert write(limited, setting, "exports", 1)["statusCode"] == 202
    assert json_body(limited("account-get-me"))["limits"]["exports"]["left"] == 1


def test_following_counts_with_likes(limited: Call, posts: Blog) -> None:
    setting = Setting(limited, posts)
    author = {AUTHOR_PART: person(BOB).author_id}
    bob = json_body(limited("public-get-post", post_id=setting.bobs_post))["author"]["id"]
    for parts in (author, {AUTHOR_PART: bob}):
        limited("reactions-unfollow", parts=parts)
        limited("reactions-follow", parts=parts)
    assert json_body(limited("account-get-me"))["limits"]["reactions"]["left"] <= 1


def test_reports_of_authors_count_with_other_reports(limited: Call, posts: Blog) -> None:
    setting = Setting(limited, posts)
    bob = json_body(limited("public-get-post", post_id=setting.bobs_post))["author"]["id"]
    for _ in range(2):  # the second is not stored, and counts nothing
        report = limited("comments-report-author", parts={AUTHOR_PART: bob})
        assert report["statusCode"] == 204
    assert json_body(limited("account-get-me"))["limits"]["reports"]["left"] == 1
    assert write(limited, setting, "reports", 0)["statusCode"] == 204
    refused = problem(limited("comments-report-post", post_id=setting.bobs_post), 429)
    assert refused["limit"] == "reports"
    other = json_body(limited("posts-create", sub=BOB, body={"title": "O", "status": "published"}))
    parts = {AUTHOR_PART: other["author"]["id"]}
    problem(limited("comments-report-author", parts=parts), 429)


def test_a_repeated_like_and_a_refused_write_count_nothing(limited: Call, posts: Blog) -> None:
    setting = Setting(limited, posts)
    for _ in range(3):
        assert limited("reactions-like", post_id=setting.bobs_post)["statusCode"] == 204
        problem(limited("reactions-like", post_id=setting.own_post), 404)
    assert json_body(limited("account-get-me"))["limits"]["reactions"]["left"] == 1


def test_a_retry_with_its_idempotency_key_is_answered_over_the_limit(limited: Call) -> None:
    first = [
        limited("posts-create", body={"title": str(n)}, headers={"Idempotency-Key": str(n)})
        for n in range(2)
    ]
    problem(limited("posts-create"), 429)
    again = limited("posts-create", body={"title": "1"}, headers={"Idempotency-Key": "1"})
    assert json_body(again)["id"] == json_body(first[1])["id"]


def test_deleting_and_taking_back_have_no_limit(limited: Call, posts: Blog) -> None:
    setting = Setting(limited, posts)
    for number in range(2):
        write(limited, setting, "reactions", number)
    problem(write(limited, setting, "reactions", 2), 429)
    for _ in range(3):
        assert limited("reactions-unlike", post_id=setting.bobs_post)["statusCode"] == 204
    parts = {COMMENT_PART: setting.comment}
    deleted = limited("comments-delete", post_id=setting.bobs_post, parts=parts)
    assert deleted["statusCode"] == 204
    assert limited("posts-delete", post_id=setting.own_post)["statusCode"] == 204


def like(table: Table, limits: RateLimits, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that likes a post as Alice at this time."""
    monkeypatch.setattr("blog.reactions.service.now", lambda: at)
    return lambda post_id: Reactions(table, limits).like(person(ALICE), post_id)


def counts(table: Table) -> dict[str, Any]:
    item = table.get(ban_key(person(ALICE).author_id)) or {}
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def test_a_new_hour_begins_again_and_drops_the_other_counts(
    posts: Blog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [create(posts, BOB, title=str(n), status="published").id for n in range(4)]
    limits = RateLimits(PER_HOUR | {"reactions": 2})
    create(Blog(table), ALICE, AT)
    for post_id in ids[:2]:
        like(table, limits, AT, monkeypatch)(post_id)
    with pytest.raises(TooManyRequests):
        like(table, limits, AT + timedelta(minutes=29), monkeypatch)(ids[2])
    assert counts(table) == {"hour": hour_of(AT), "posts": 1, "reactions": 2}
    like(table, limits, AT + timedelta(minutes=30), monkeypatch)(ids[2])
    assert counts(table) == {"hour": hour_of(AT) + 1, "reactions": 1}


def test_a_clock_that_is_behind_counts_in_the_stored_hour(
    posts: Blog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [create(posts, BOB, title=str(n), status="published").id for n in range(3)]
    limits = RateLimits(PER_HOUR | {"reactions": 2})
    ahead, behind = AT + timedelta(minutes=30), AT + timedelta(minutes=29)
    like(table, limits, ahead, monkeypatch)(ids[0])
    like(table, limits, behind, monkeypatch)(ids[1])
    with pytest.raises(TooManyRequests) as caught:
        like(table, limits, behind, monkeypatch)(ids[2])
    assert caught.value.members["resets_at"] == "2026-01-31T11:00:00.000Z"
    assert counts(table) == {"hour": hour_of(ahead), "reactions": 2}


def test_two_first_writes_of_an_hour_both_count(
    racing_table: RacingTable, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [create(Blog(table), BOB, title=str(n), status="published").id for n in range(2)]
    second = like(table, TWO, AT, monkeypatch)
    first = like(racing_table, TWO, AT, monkeypatch)
    racing_table.before_write = [lambda: None, lambda: second(ids[1])]
    first(ids[0])
    assert counts(table) == {"hour": hour_of(AT), "reactions": 2}


def test_who_is_over_a_limit_does_not_reach_the_table(
    limited: Call, posts: Blog, monkeypatch: pytest.MonkeyPatch, table: Table
) -> None:
    setting = Setting(limited, posts)
    for number in range(3):
        write(limited, setting, "uploads", number)
    calls: list[str] = []
    monkeypatch.setattr(table, "_call", lambda name, **_: calls.append(name))
    problem(limited("media-create"), 429)
    assert calls == []


def test_the_memory_of_who_is_over_a_limit_is_bounded(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.people.rate_limits.MAX_REMEMBERED", 3)
    limits = RateLimits(dict.fromkeys(KINDS, 1))
    for n in range(9):
        with pytest.raises(TooManyRequests):
            limits.count("posts", str(n), AT, {"hour": hour_of(AT), "posts": 1})
    assert len(limits._hours) == 3


def test_a_ban_and_its_end_keep_the_counts(call: Call, posts: Blog, table: Table) -> None:
    setting = Setting(call, posts)
    write(call, setting, "reactions", 0)
    me = json_body(call("account-get-me"))["author_id"]
    parts = {AUTHOR_PART: me}
    moderator = {"permissions": "moderate:people"}
    for event in ("moderation-ban", "moderation-unban"):
        assert call(event, sub="auth0|m", parts=parts, authorizer=moderator)["statusCode"] == 204
    item = table.get(ban_key(me)) or {}
    assert (item["reactions"], item["comments"]) == (1, 1)
    assert "expires_at" not in item


def test_a_banned_user_is_403_and_may_export(call: Call, posts: Blog) -> None:
    setting = Setting(call, posts)
    parts = {AUTHOR_PART: json_body(call("account-get-me"))["author_id"]}
    moderator = {"permissions": "moderate:people"}
    call("moderation-ban", sub="auth0|m", parts=parts, authorizer=moderator)
    for kind in KINDS:
        response = write(call, setting, kind, 0)
        assert response["statusCode"] == (202 if kind == "exports" else 403), kind


def test_a_limit_must_be_a_number_from_1() -> None:
    assert RateLimits.from_environment({}).per_hour == PER_HOUR
    assert RateLimits.from_environment({"POSTS_PER_HOUR": "7"}).per_hour == PER_HOUR | {"posts": 7}
    for text in ("", "0", "-1", "1.5", "many", "\uff11", "9" * 10):
        with pytest.raises(ValueError, match="POSTS_PER_HOUR"):
            RateLimits.from_environment({"POSTS_PER_HOUR": text})


def test_a_refusal_by_a_limit_is_a_metric(
    limited: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        limited("media-create")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["status"], line["refusal"], line["limit"]) == (429, "TooManyRequests", "uploads")
    assert line["RequestsOverLimit"] == 1
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "limit"]]
    assert directive["Metrics"] == [{"Name": "RequestsOverLimit", "Unit": "Count"}]
    assert ALICE not in json.dumps(line)
