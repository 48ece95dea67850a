"""Moderation: only its owner sees a hidden post, and a ban is checked inside each write."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.actions import Action
from blog.dynamodb.cursors import cursor_after
from blog.dynamodb.keys import REPORTS, Key, ban_key, entry_sort_key, profile_key
from blog.dynamodb.listings import reported
from blog.dynamodb.table import Table
from blog.errors import Forbidden
from blog.moderation.moderators import Moderators
from blog.people.profiles import Profiles
from blog.people.schemas import ProfileChanges
from blog.people.write_access import block
from blog.posts.scheduling import publish_due
from tests.integration.test_scheduling import LATER
from tests.support import largest
from tests.support.bounds import Counter
from tests.support.consistency import faults, plain
from tests.support.handlers import AUTHOR_PART, Call, json_body, problem
from tests.support.posts import RacingTable, person, stored
from tests.support.samples import ALICE, BOB, MODERATOR

REASON = {"reason": "An advertisement."}
PICTURE = "https://example.com/picture.png"
PROFILE = {
    "name": "An Insult", "bio": "More of them.", "picture": PICTURE,
    "website": "https://example.com/", "approves_first_comments": True,
}  # fmt: skip
CLEARED = "A moderator has cleared your profile. You cannot set a name, a bio or a picture."


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
        ("moderation-list-authors", "moderate:content"),
        ("moderation-clear-profile", "moderate:content"),
        ("moderation-end-clearing", "moderate:content"),
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


def clear(call: Call, sub: str = ALICE, **more: Any) -> None:
    parts = {AUTHOR_PART: author_id_of(call, sub)}
    as_moderator(call, "moderation-clear-profile", parts=parts, **more)


def end_clearing(call: Call, sub: str = ALICE) -> None:
    as_moderator(call, "moderation-end-clearing", parts={AUTHOR_PART: author_id_of(call, sub)})


def test_a_cleared_profile_has_no_name_and_its_owner_sees_why(call: Call, client: Any) -> None:
    post = published(call)
    call("account-edit-me", body=PROFILE)
    clear(call)
    me = json_body(call("account-get-me"))
    assert (me["name"], me["bio"], me["picture"]) == (None, None, None)
    assert (me["website"], me["approves_first_comments"]) == (PROFILE["website"], True)
    assert me["profile_cleared"]["reason"] == "The name is an insult."
    shown = json_body(call("public-get-author", parts={AUTHOR_PART: me["author_id"]}))
    assert (shown["name"], shown["bio"], shown["picture"]) == ("Unnamed author", None, None)
    author = json_body(call("public-get-post", post_id=post["id"]))["author"]
    assert author == {"id": me["author_id"], "name": "Unnamed author", "picture": None}
    (row,) = as_moderator(call, "moderation-list-authors")["items"]
    assert row == {"author": author, **me["profile_cleared"]}
    assert faults(plain(client)) == []
    assert "profile_cleared" not in shown, "only the owner sees the reason"


@pytest.mark.parametrize("changes", [
    {"name": "Another"}, {"bio": "Another."}, {"picture": PICTURE},
    {"name": "Another", "website": None}, {"bio": None, "picture": PICTURE},
])  # fmt: skip
def test_a_cleared_profile_takes_no_new_name_bio_or_picture(
    call: Call, client: Any, changes: dict[str, Any]
) -> None:
    call("account-edit-me", body=PROFILE)
    clear(call)
    before = stored(client)
    assert problem(call("account-edit-me", body=changes), 403)["detail"] == CLEARED
    assert stored(client) == before, "all of it is refused"


@pytest.mark.parametrize("changes", [
    {"website": None}, {"website": "https://example.com/a"}, {"approves_first_comments": False},
    {"bio": None}, {"picture": ""}, {"bio": "", "picture": None, "website": None}, {},
])  # fmt: skip
def test_a_cleared_profile_takes_all_other_changes(
    call: Call, client: Any, changes: dict[str, Any]
) -> None:
    call("account-edit-me", body=PROFILE)
    clear(call)
    me = json_body(call("account-edit-me", body=changes))
    expected = {name: None if value == "" else value for name, value in changes.items()}
    assert {name: me[name] for name in changes} == expected
    assert me["profile_cleared"]["reason"] == "The name is an insult."
    assert faults(plain(client)) == []


def test_whoever_has_a_cleared_profile_may_write_posts_and_comments(call: Call) -> None:
    clear(call)
    post = published(call)
    for event in ("comments-create", "reactions-like", "comments-report-post"):
        assert call(event, post_id=post["id"])["statusCode"] < 300
    assert post["author"]["name"] == "Unnamed author"


def test_an_author_without_a_profile_can_be_cleared(call: Call, client: Any) -> None:
    author_id = author_id_of(call, BOB)
    clear(call, BOB)
    problem(call("public-get-author", parts={AUTHOR_PART: author_id}), 404)
    problem(call("reactions-follow", parts={AUTHOR_PART: author_id}), 404)
    assert (f"AUTHOR#{author_id}", "PROFILE") not in stored(client), "none is made"
    assert problem(call("account-edit-me", sub=BOB, body={"name": "Bob"}), 403)["detail"] == CLEARED
    (row,) = as_moderator(call, "moderation-list-authors")["items"]
    assert row["author"] == {"id": author_id, "name": "Unnamed author", "picture": None}
    end_clearing(call, BOB)
    assert json_body(call("account-edit-me", sub=BOB, body={"name": "Bob"}))["name"] == "Bob"


def test_a_clearing_ends_without_the_old_name(call: Call, client: Any) -> None:
    call("account-edit-me", body=PROFILE)
    clear(call)
    for _ in range(2):
        end_clearing(call)
    me = json_body(call("account-get-me"))
    assert (me["name"], me["profile_cleared"]) == (None, None)
    assert as_moderator(call, "moderation-list-authors")["items"] == []
    assert json_body(call("account-edit-me", body={"name": "Alice"}))["name"] == "Alice"
    assert faults(plain(client)) == []
    clear(call)
    assert json_body(call("account-get-me"))["name"] is None, "it can be cleared again"
    assert faults(plain(client)) == []


def test_a_repeated_clearing_updates_the_reason_and_keeps_the_time(call: Call, client: Any) -> None:
    clear(call)
    (first,) = as_moderator(call, "moderation-list-authors")["items"]
    clear(call, body={"reason": "Another."})
    (second,) = as_moderator(call, "moderation-list-authors")["items"]
    assert second == first | {"reason": "Another."}
    assert json_body(call("account-get-me"))["profile_cleared"] == {
        "reason": "Another.", "at": first["at"],
    }  # fmt: skip
    assert faults(plain(client)) == []


def test_cleared_authors_are_listed_latest_first_in_pages(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    subs = [f"auth0|{n}" for n in range(5)]
    for n, sub in enumerate(subs):
        monkeypatch.setattr("blog.moderation.moderators.now", lambda n=n: LATER.replace(second=n))
        clear(call, sub)
    listed, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = as_moderator(call, "moderation-list-authors", query=query)
        listed += [row["author"]["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == [author_id_of(call, sub) for sub in reversed(subs)]
    other = as_moderator(call, "moderation-list-authors", query={"limit": "2"})["next_cursor"]
    problem(call("moderation-list-people", sub=MODERATOR, query={"cursor": other}), 400)


@pytest.mark.parametrize("event", ["moderation-clear-profile", "moderation-end-clearing"])
def test_moderators_cannot_decide_about_their_own_profile_or_an_unknown_id(
    call: Call, client: Any, event: str
) -> None:
    me = author_id_of(call, MODERATOR)
    other = {"sub": "auth0|another", "authorizer": {"permissions": "moderate:people"}}
    call("moderation-clear-profile", parts={AUTHOR_PART: me}, **other)
    before = stored(client)
    problem(call(event, sub=MODERATOR, parts={AUTHOR_PART: me}), 422)
    for nobody in ("nobody", "A" * 26, "01JDC0000000000000000000P0"):
        problem(call(event, sub=MODERATOR, parts={AUTHOR_PART: nobody}), 404)
    assert stored(client) == before


@pytest.mark.parametrize("event", ["moderation-clear-profile", "moderation-end-clearing"])
@pytest.mark.parametrize("limit", ["ban", "erasure"])
def test_a_moderator_who_may_not_write_may_not_clear(
    call: Call, client: Any, event: str, limit: str
) -> None:
    call("account-edit-me", body=PROFILE)
    if event == "moderation-end-clearing":
        clear(call)
    parts = {AUTHOR_PART: author_id_of(call, ALICE)}
    if limit == "ban":
        other = {"sub": "auth0|another", "authorizer": {"permissions": "moderate:people"}}
        call("moderation-ban", parts={AUTHOR_PART: author_id_of(call, MODERATOR)}, **other)
    else:
        call("account-delete-me", sub=MODERATOR)
    before = stored(client)
    problem(call(event, sub=MODERATOR, parts=parts), 403 if limit == "ban" else 409)
    assert stored(client) == before


def test_a_ban_and_a_clearing_stand_beside_each_other(call: Call, client: Any) -> None:
    call("account-edit-me", body=PROFILE)
    author_id = author_id_of(call, ALICE)
    ban(call, author_id)
    clear(call)
    assert "banned" in problem(call("account-edit-me", body={"name": "A"}), 403)["detail"]
    (banned,) = as_moderator(call, "moderation-list-people")["items"]
    assert banned["reason"] == "Nothing but advertisements."
    as_moderator(call, "moderation-unban", parts={AUTHOR_PART: author_id})
    assert problem(call("account-edit-me", body={"name": "A"}), 403)["detail"] == CLEARED
    ban(call, author_id)
    end_clearing(call)
    assert "banned" in problem(call("account-edit-me", body={"name": "A"}), 403)["detail"]
    assert faults(plain(client)) == []


def test_a_clearing_before_the_write_of_a_name_refuses_it(
    table: Table, client: Any, racing_table: RacingTable
) -> None:
    racing_table.before_write = [lambda: clear_as_service(table)]
    with pytest.raises(Forbidden, match=CLEARED):
        Profiles(racing_table).edit(person(ALICE), ProfileChanges.model_validate(PROFILE))
    assert faults(plain(client)) == []


def clear_as_service(table: Table, reason: str = "An insult.") -> None:
    moderator = person(MODERATOR)
    Moderators(table).clear_profile(person(ALICE).author_id, reason, moderator=moderator)


def end_as_service(table: Table) -> None:
    Moderators(table).end_clearing(person(ALICE).author_id, moderator=person(MODERATOR))


def clear_and_end(table: Table) -> None:
    clear_as_service(table)
    end_as_service(table)


def edit_as_service(table: Table, **changes: Any) -> None:
    Profiles(table).edit(person(ALICE), ProfileChanges.model_validate(changes))


RACES: dict[str, Callable[[Table], Any]] = {
    "a new profile": lambda table: edit_as_service(table, **PROFILE),
    "another name": lambda table: edit_as_service(table, name="Another"),
    "a ban": lambda table: Moderators(table).ban(
        person(ALICE).author_id, "Enough.", moderator=person(MODERATOR)
    ),
    "another clearing": lambda table: clear_as_service(table, "Earlier."),
    "a clearing that ends": clear_and_end,
    "an erasure": lambda table: table.transact(
        [
            block(person(ALICE).author_id, "erasure"),
            Action(profile_key(person(ALICE).author_id)),
        ]
    ),
}


@pytest.mark.parametrize("has_profile", [False, True])
@pytest.mark.parametrize("race", RACES)
def test_a_clearing_succeeds_whatever_comes_before_its_write(
    table: Table, client: Any, racing_table: RacingTable, race: str, *, has_profile: bool
) -> None:
    if has_profile:
        edit_as_service(table, **PROFILE)
    racing_table.before_write = [lambda: RACES[race](table)]
    clear_as_service(racing_table)
    assert not racing_table.before_write
    (row,) = Moderators(table).cleared(limit=100, cursor=None).items
    assert (row.author.id, row.reason) == (person(ALICE).author_id, "An insult.")
    assert (table.get(ban_key(row.author.id)) or {})["cleared_reason"] == "An insult."
    assert faults(plain(client)) == []


@pytest.mark.parametrize("race", RACES)
def test_an_end_of_a_clearing_succeeds_whatever_comes_before_its_write(
    table: Table, client: Any, racing_table: RacingTable, race: str
) -> None:
    clear_as_service(table)

    def act() -> None:
        with suppress(Forbidden):  # of names
            RACES[race](table)

    racing_table.before_write = [act]
    end_as_service(racing_table)
    assert Moderators(table).cleared(limit=100, cursor=None).items == []
    assert "uncleared_at" in (table.get(ban_key(person(ALICE).author_id)) or {})
    assert faults(plain(client)) == []


@pytest.mark.parametrize("written", [False, True])
def test_a_clearing_whose_run_is_killed_at_its_write_is_all_or_nothing_and_can_be_repeated(
    table: Table, client: Any, racing_table: RacingTable, *, written: bool
) -> None:
    """Its one write either comes to the table or does not. Its end is the same."""

    class Killed(Exception):
        pass

    def kill() -> None:
        raise Killed

    edit_as_service(table, **PROFILE)
    for act in (clear_as_service, end_as_service):
        before = stored(client)
        if written:
            act(table)  # whose response nobody gets
        else:
            racing_table.before_write = [kill]
            with pytest.raises(Killed):
                act(racing_table)
            assert stored(client) == before
        assert faults(plain(client)) == []
        act(table)
        assert faults(plain(client)) == []
        is_cleared = "cleared_at" in (table.get(ban_key(person(ALICE).author_id)) or {})
        assert is_cleared == (act is clear_as_service)
