"""Profiles: a change is visible everywhere at once, and private data is never shown."""

from collections.abc import Callable
from typing import Any

import pytest

from blog.clock import now
from blog.dynamodb import recent_items
from blog.dynamodb.actions import TransactionContended
from blog.dynamodb.recent_items import REMEMBERED
from blog.dynamodb.table import Table
from blog.errors import NotFound, WriteContended
from blog.people.person import NEUTRAL_NAME
from blog.people.profiles import Profiles
from blog.people.schemas import ProfileChanges
from tests.support.handlers import AUTHOR_PART, Call, header, json_body, problem
from tests.support.posts import TABLE, Blog, create, edit, person, stored
from tests.support.samples import ALICE, BOB


def test_an_account_without_a_profile_has_default_values(call: Call, client: Any) -> None:
    response = call(
        "account-get-me", authorizer={"permissions": "moderate:people moderate:content"}
    )
    me = json_body(response)
    assert header(response, "Cache-Control") == "private, no-store"
    assert me == {
        "sub": ALICE,
        "author_id": me["author_id"],
        "name": None,
        "bio": None,
        "picture": None,
        "website": None,
        "approves_first_comments": False,
        "profile_cleared": None,
        "permissions": ["moderate:content", "moderate:people"],
        "post_count": 0,
        "follower_count": 0,
        "following_count": 0,
        "limits": me["limits"],
    }
    assert stored(client) == {}, "nothing is written"


def test_the_first_patch_creates_the_profile_and_later_ones_change_only_their_fields(
    call: Call,
) -> None:
    first = call("account-edit-me")
    assert first["statusCode"] == 200
    assert json_body(first)["name"] == "Alice"
    second = json_body(
        call("account-edit-me", body={"bio": None, "picture": "https://a.example/p.png"})
    )
    assert (second["name"], second["bio"]) == ("Alice", None)
    assert second["picture"] == "https://a.example/p.png"
    assert (
        json_body(call("account-edit-me", body={})) == second == json_body(call("account-get-me"))
    )
    assert json_body(call("account-get-me", sub=BOB))["name"] is None


def test_a_new_name_appears_in_posts_at_once_and_in_public_lists_after_seconds(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [now()]
    monkeypatch.setattr(recent_items, "now", lambda: clock[0])
    post = json_body(call("posts-create", body={"title": "T", "status": "published"}))
    assert post["author"]["name"] == NEUTRAL_NAME
    call("public-list-posts", query={})
    for name in ("Alice", "Alice & <b>Bob</b>", "आलिस"):
        me = json_body(call("account-edit-me", body={"name": name}))
        assert me["author_id"] == post["author"]["id"]
        public_profile = {"id": me["author_id"], "name": name, "picture": None}
        assert json_body(call("public-get-post", post_id=post["id"]))["author"] == public_profile
        assert json_body(call("posts-get-mine", post_id=post["id"]))["author"] == public_profile
        (row,) = json_body(call("posts-list-mine", query={}))["items"]
        assert row["author"] == public_profile
        (row,) = json_body(call("public-list-posts", query={}))["items"]
        assert row["author"]["name"] != name, "it is remembered"
        clock[0] += REMEMBERED
        (row,) = json_body(call("public-list-posts", query={}))["items"]
        assert row["author"] == public_profile
        (item,) = json_body(call("public-feed-json"))["items"]
        assert item["authors"][0]["name"] == name
        edited = json_body(call("posts-edit", post_id=post["id"], body={}))
        assert edited["author"] == public_profile


def test_an_author_has_counts(call: Call, posts: Blog) -> None:
    def author(author_id: str) -> dict[str, Any]:
        return call("public-get-author", parts={AUTHOR_PART: author_id})

    made = [
        json_body(call("posts-create", body={"title": f"{n}", "status": "published"})) for n in "ab"
    ]
    author_id = made[0]["author"]["id"]
    response = author(author_id)
    assert header(response, "Cache-Control") == "public, max-age=0, s-maxage=60"
    expected = {
        "id": author_id,
        "name": NEUTRAL_NAME,
        "bio": None,
        "picture": None,
        "website": None,
    }
    counts = {"post_count": 2, "follower_count": 0}
    assert json_body(response) == expected | counts
    call("posts-edit", post_id=made[0]["id"], body={"status": "draft"})
    assert json_body(author(author_id))["post_count"] == 1
    call("posts-delete", post_id=made[1]["id"])
    problem(author(author_id), 404)
    call("account-edit-me", body={"name": "Alice", "bio": "Writes."})
    assert json_body(author(author_id)) == expected | {
        "name": "Alice", "bio": "Writes.", "post_count": 0, "follower_count": 0,
    }  # fmt: skip
    assert ALICE not in author(author_id)["body"]


@pytest.mark.parametrize("author_id", ["a" * 26, "A" * 26, "x", "हिन्दी", "a" * 3000, "..", "%00"])
def test_an_unknown_author_is_404(call: Call, author_id: str) -> None:
    problem(call("public-get-author", parts={AUTHOR_PART: author_id}), 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "alice@example.com"}, "name"),
        ({"name": "Alice (alice@localhost)"}, "name"),
        ({"name": "\u200b"}, "name"),
        ({"name": "bob\uff20example.com"}, "name"),
        ({"name": "Moderator"}, "name"),
        ({"name": "Blog.example.com"}, "name"),
        ({"name": "Serverless blog"}, "name"),
        ({"name": "SERVERLESS-BLOG"}, "name"),
        ({"name": "\uff33erverless \uff22log"}, "name"),
        ({"bio": "x" * 501}, "bio"),
        ({"bio": "\u202e"}, "bio"),
        ({"bio": "\x1b"}, "bio"),
        ({"picture": "http://a.example/p.png"}, "picture"),
        ({"picture": "javascript:alert(1)"}, "picture"),
        ({"website": "data:text/html,x"}, "website"),
        ({"website": "a.example"}, "website"),
        ({"sub": BOB}, "sub"),
        ({"author_id": "a" * 26}, "author_id"),
        ({"email": "a@b.example"}, "email"),
        ({"permissions": ["moderate:people"]}, "permissions"),
        ({"post_count": 9}, "post_count"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_stored(
    call: Call, client: Any, changes: dict[str, Any], field: str
) -> None:
    refused = problem(call("account-edit-me", body={"website": "https://a.example"} | changes), 422)
    assert [error["field"] for error in refused["errors"]] == [field]
    assert stored(client) == {}


def test_a_name_may_contain_an_at_sign(call: Call) -> None:
    for name in ("Alice @ Home", "@alice", "Jo (@jo)", "O'Brien", "Ünïcödé"):
        assert json_body(call("account-edit-me", body={"name": name}))["name"] == name


def test_a_stored_name_stays_until_it_is_edited(call: Call, client: Any) -> None:
    post = json_body(call("posts-create", body={"title": "T", "status": "published"}))
    old = {"pk": f"AUTHOR#{post['author']['id']}", "sk": "PROFILE", "name": "Mod\u202eerator"}
    client.put_item(TableName=TABLE, Item={key: {"S": value} for key, value in old.items()})
    edited = json_body(call("account-edit-me", body={"bio": "Writes."}))
    assert (edited["name"], edited["bio"]) == (old["name"], "Writes.")
    assert json_body(call("public-get-post", post_id=post["id"]))["author"]["name"] == old["name"]
    problem(call("account-edit-me", body={"name": old["name"]}), 422)


def test_a_machine_has_no_profile_unless_it_may_write(call: Call) -> None:
    machine = "importer@clients"
    assert json_body(call("account-get-me", sub=machine))["sub"] == machine
    problem(call("account-edit-me", sub=machine), 403)
    writes = {"permissions": "author:posts"}
    assert call("account-edit-me", sub=machine, authorizer=writes)["statusCode"] == 200


def test_a_token_without_a_sub_is_401(call: Call) -> None:
    for name in ("account-get-me", "account-edit-me"):
        problem(call(name, sub=""), 401)


def test_two_edits_of_different_fields_at_once_are_both_stored(table: Table) -> None:
    """Each edit writes only the fields that it changes, so neither order loses one."""
    profiles, alice = Profiles(table), person(ALICE)
    transact = table.transact
    others: list[Callable[[], None]] = [
        lambda: profiles.edit(alice, ProfileChanges.model_validate({"bio": "theirs"}))
    ]

    def edit_first(actions: Any, token: str | None = None) -> None:
        if others:
            others.pop()()
        transact(actions, token)

    table.transact = edit_first  # type: ignore[method-assign] # another edit is faster
    profiles.edit(alice, ProfileChanges.model_validate({"website": "https://ours.example"}))
    profiles.edit(alice, ProfileChanges.model_validate({"name": "A"}))
    public_profile = profiles.public(alice.author_id)
    assert (public_profile.name, public_profile.bio, public_profile.website) == (
        "A",
        "theirs",
        "https://ours.example/",
    )


def test_a_contended_edit_is_retried_a_limited_number_of_times(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles, alice = Profiles(table), person(ALICE)
    transact = table.transact
    tries = iter([True, True, False])

    def contended(actions: Any, token: str | None = None) -> None:
        if next(tries, True):
            raise TransactionContended
        transact(actions, token)

    monkeypatch.setattr(table, "transact", contended)
    profiles.edit(alice, ProfileChanges.model_validate({"name": "A"}))
    assert profiles.public(alice.author_id).name == "A"
    with pytest.raises(WriteContended):
        profiles.edit(alice, ProfileChanges.model_validate({"name": "B"}))


def test_post_counts_follow_every_change_of_visibility(posts: Blog, table: Table) -> None:
    profiles, author_id = Profiles(table), person(ALICE).author_id
    with pytest.raises(NotFound):
        profiles.public(author_id)
    post = create(posts, status="published")
    edit(posts, post, title="Another", tags=["a"])
    create(posts, title="Draft")
    create(posts, BOB, status="published")
    assert profiles.public(author_id).post_count == 1
    edit(posts, post, status="draft")
    edit(posts, post, status="published")
    assert profiles.public(author_id).post_count == 1


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_text_clears_a_field_as_null_does(call: Call, empty: str | None) -> None:
    address = "https://example.com/a"
    call("account-edit-me", body={"bio": "B", "picture": address, "website": address})
    cleared = {"bio": empty, "picture": empty, "website": empty}
    me = json_body(call("account-edit-me", body=cleared))
    assert (me["bio"], me["picture"], me["website"]) == (None, None, None)
