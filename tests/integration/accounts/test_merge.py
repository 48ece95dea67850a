"""Merges of two accounts: the new account gets all content of the old one, and all counts agree."""

import json
from typing import Any

import pytest

from blog.accounts import merge
from blog.accounts.merge import AccountMerge
from blog.admin.__main__ import main
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.s3 import Bucket
from tests.support.consistency import faults, plain, post_of
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, header, json_body, problem
from tests.support.people import KEY, NAME, PeopleFixture, finished, person_of
from tests.support.posts import BUCKET, TABLE
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR

NEW = person_of(DAVE)
ENVIRONMENT = {"TABLE_NAME": TABLE, "MEDIA_BUCKET": BUCKET, "AUTHOR_ID_KEY": KEY}


@pytest.fixture
def people(people: PeopleFixture) -> PeopleFixture:
    """Alice's account with all kinds of content, and her second account, Dave, with some of the
    same."""
    people.post(DAVE, "Dave's")
    people.comment(DAVE, people.bobs_post)
    for post_id in (people.bobs_post, people.published_post):
        people.send("reactions-like", DAVE, post_id=post_id)
    for one, other in ((DAVE, ALICE), (ALICE, DAVE), (DAVE, BOB), (BOB, DAVE)):
        people.send("reactions-follow", one, parts={AUTHOR_PART: person_of(other).author_id})
    return people


def run(*arguments: str) -> int:
    """Run the command with these arguments."""
    return main(["merge", *arguments], ENVIRONMENT)


def test_a_dry_run_prints_the_plan_and_changes_nothing(
    people: PeopleFixture, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = plain(client)
    assert run(ALICE, DAVE) == 0
    output = capsys.readouterr().out
    for line in (
        f"From {person_of(ALICE).author_id} to {NEW.author_id}:", "posts             4",
        "comments          4", "likes             2", "follows           3", "followers         3",
        "images            4", "pending comments  1", "has profile       True",
        "is banned         False", "is cleared        False", "--apply",
    ):  # fmt: skip
        assert line in output
    assert plain(client) == before


def test_the_new_account_gets_all_content_of_the_old_one(
    people: PeopleFixture, call: Call, client: Any, bucket: Bucket
) -> None:
    liked = json_body(call("public-get-post", post_id=people.bobs_post))["like_count"]
    before = post_of(plain(client), people.published_post)
    assert run(ALICE, DAVE, "--apply") == 0
    items = finished(client)
    assert faults(items) == []
    for key, item in items.items():
        assert ALICE not in json.dumps(item, default=str), key
    left = {key[1] for key in items if key[0] == f"AUTHOR#{person_of(ALICE).author_id}"}
    assert left == {"BAN", "MOVED"}
    mine = json_body(call("posts-list-mine", sub=DAVE, query={}))["items"]
    assert {post["title"] for post in mine} == {"Kept", "Hidden", "Draft", "Scheduled", "Dave's"}
    after = post_of(items, people.published_post)
    assert after.version == before.version, "open editors keep working"
    assert after.revisions == before.revisions
    assert (
        call(
            "posts-get-revision",
            post_id=people.published_post,
            sub=DAVE,
            parts={"revisions/2": "revisions/1"},
        )["statusCode"]
        == 200
    )
    assert call("posts-edit", post_id=people.published_post, sub=DAVE)["statusCode"] == 200
    assert json_body(call("public-get-post", post_id=people.bobs_post))["like_count"] == liked - 1
    account = json_body(call("account-get-me", sub=DAVE))
    assert (account["name"], account["follower_count"], account["following_count"]) == (NAME, 2, 2)
    author_view = json_body(call("public-get-post", post_id=people.published_post))
    assert author_view["author"] == {"id": NEW.author_id, "name": NAME, "picture": None}
    assert len(json_body(call("account-get-me", sub=CAROL))) > 0
    pending = json_body(call("comments-list-pending", sub=DAVE))["items"]
    assert [one["id"] for one in pending] == [people.pending_comment]
    approve = {"post_id": people.published_post, "parts": {COMMENT_PART: people.pending_comment}}
    assert call("comments-approve", sub=DAVE, **approve)["statusCode"] == 204
    carols = {"post_id": people.carols_post, "parts": {COMMENT_PART: people.alices_pending_comment}}
    assert call("comments-approve", sub=CAROL, **carols)["statusCode"] == 204
    assert faults(finished(client)) == []
    for address in people.images:
        moved = call("public-get-media", parts={"/media/01JDC0000000000000000000M0": address})
        name = header(moved, "Location").split("?")[0].partition("/media/")[2]
        assert name.startswith(f"{NEW.author_id}/")
        found = bucket._client.get_object(Bucket=BUCKET, Key=f"media/{name}")
        assert (found["Body"].read()[8:12], found["ContentType"]) == (b"WEBP", "image/webp")
    assert len(bucket.keys_under("")) == 3


def test_the_old_author_redirects_to_the_new_one_and_the_old_account_can_no_longer_write(
    people: PeopleFixture, call: Call
) -> None:
    run(ALICE, DAVE, "--apply")
    old = {AUTHOR_PART: person_of(ALICE).author_id}
    for event, rest in (
        ("public-get-author", ""), ("public-author-feed-atom", "/feed.atom"),
        ("public-author-feed-json", "/feed.json"),
    ):  # fmt: skip
        response = call(event, parts=old)
        assert response["statusCode"] == 301, event
        assert header(response, "Location") == f"/v1/authors/{NEW.author_id}{rest}"
    for event, more in (
        ("posts-create", {}),
        ("account-edit-me", {}),
        ("account-create-export", {}),
        ("account-delete-me", {}),
        ("reactions-like", {"post_id": people.bobs_post}),
    ):
        refused = problem(call(event, **more), 403)
        assert "merged into another" in refused["detail"]
    problem(call("reactions-follow", sub=CAROL, parts=old), 404)


def test_an_author_merged_twice_redirects_to_the_last_account(
    people: PeopleFixture, call: Call
) -> None:
    run(ALICE, DAVE, "--apply")
    assert run(DAVE, CAROL, "--apply") == 0
    response = call("public-get-author", parts={AUTHOR_PART: person_of(ALICE).author_id})
    assert header(response, "Location").endswith(f"/{person_of(CAROL).author_id}")


def test_the_new_account_keeps_its_own_profile(people: PeopleFixture, call: Call) -> None:
    people.send("account-edit-me", DAVE, body={"name": "Dave"})
    run(ALICE, DAVE, "--apply")
    account = json_body(call("account-get-me", sub=DAVE))
    assert (account["name"], account["bio"]) == ("Dave", None)


@pytest.mark.parametrize("is_new_banned", [False, True])
def test_a_ban_moves_to_the_new_account(
    people: PeopleFixture, call: Call, client: Any, is_new_banned: bool
) -> None:
    for sub in (ALICE, DAVE) if is_new_banned else (ALICE,):
        parts = {AUTHOR_PART: person_of(sub).author_id}
        people.send("moderation-ban", MODERATOR, parts=parts, body={"reason": "Enough."})
    run(ALICE, DAVE, "--apply")
    assert "banned" in problem(call("posts-create", sub=DAVE), 403)["detail"]
    (banned,) = people.send("moderation-list-people", MODERATOR)["items"]
    assert (banned["author"]["id"], banned["reason"]) == (NEW.author_id, "Enough.")
    assert faults(finished(client)) == []


def clear(people: PeopleFixture, sub: str, reason: str = "An insult.") -> None:
    parts = {AUTHOR_PART: person_of(sub).author_id}
    people.send("moderation-clear-profile", MODERATOR, parts=parts, body={"reason": reason})


@pytest.mark.parametrize("is_new_named", [False, True])
@pytest.mark.parametrize("cleared", [(ALICE,), (ALICE, DAVE), (DAVE,)])
def test_a_clearing_moves_to_the_new_account_and_no_name_comes_back(
    people: PeopleFixture, call: Call, client: Any, cleared: tuple[str, ...], *, is_new_named: bool
) -> None:
    people.send("account-edit-me", ALICE, body={"website": "https://example.com/"})
    if is_new_named:
        people.send("account-edit-me", DAVE, body={"name": "Dave", "bio": "Two.", "picture": None})
    for sub in cleared:
        clear(people, sub)
    assert run(ALICE, DAVE) == 0
    assert run(ALICE, DAVE, "--apply") == 0
    account = json_body(call("account-get-me", sub=DAVE))
    assert (account["name"], account["bio"], account["picture"]) == (None, None, None)
    assert account["profile_cleared"]["reason"] == "An insult."
    assert account["approves_first_comments"] != is_new_named, "the rest moves, if there was none"
    refused = problem(call("account-edit-me", sub=DAVE, body={"name": "Dave"}), 403)
    assert "cleared" in refused["detail"]
    (row,) = people.send("moderation-list-authors", MODERATOR)["items"]
    assert (row["author"]["id"], row["reason"]) == (NEW.author_id, "An insult.")
    assert faults(finished(client)) == []
    parts = {AUTHOR_PART: NEW.author_id}
    people.send("moderation-end-clearing", MODERATOR, parts=parts)
    people.send("account-edit-me", DAVE, body={"name": "Dave"})


def test_a_merge_after_the_end_of_a_clearing_moves_the_new_name(
    people: PeopleFixture, call: Call, client: Any
) -> None:
    for sub in (ALICE, DAVE):
        clear(people, sub)
        parts = {AUTHOR_PART: person_of(sub).author_id}
        people.send("moderation-end-clearing", MODERATOR, parts=parts)
    people.send("account-edit-me", ALICE, body={"name": NAME})
    assert run(ALICE, DAVE, "--apply") == 0
    account = json_body(call("account-get-me", sub=DAVE))
    assert (account["name"], account["profile_cleared"]) == (NAME, None)
    assert faults(finished(client)) == []


def test_a_merge_can_be_repeated_and_moves_nothing_twice(
    people: PeopleFixture, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run(ALICE, DAVE, "--apply")
    after = plain(client)
    assert run(ALICE, DAVE, "--apply") == 0
    assert "posts             0" in capsys.readouterr().out
    assert plain(client) == after


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments, "--apply") == 1
    return capsys.readouterr().err


def test_impossible_merges_are_refused_and_change_nothing(
    people: PeopleFixture, call: Call, client: Any, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before = plain(client)
    assert "the same" in refused(capsys, ALICE, ALICE)
    assert "has nothing" in refused(capsys, "auth0|mistyped", DAVE)
    with monkeypatch.context() as patched:
        patched.setattr(merge, "MAX_FOLLOWS", 1)
        assert "follow 2 authors" in refused(capsys, ALICE, DAVE)
    assert plain(client) == before
    run(DAVE, BOB, "--apply")
    assert "new account was itself merged" in refused(capsys, ALICE, DAVE)
    assert "merged into another one before" in refused(capsys, DAVE, CAROL)
    people.send("account-delete-me", CAROL)
    assert "new account is being erased" in refused(capsys, ALICE, CAROL)
    assert "old account is being erased" in refused(capsys, CAROL, ALICE)


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_a_missing_variable_is_named(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    assert main(["merge", "a", "b"], environment) == 2
    assert missing in capsys.readouterr().err


def test_the_command_prints_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["merge", "a"], ENVIRONMENT)
    assert ended.value.code == 2
    assert "NEW" in capsys.readouterr().err


def test_an_outage_is_reported_and_the_next_run_finishes_the_merge(
    people: PeopleFixture, table: Table, client: Any, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as patched:

        def unavailable(_merge: AccountMerge) -> None:
            raise Unavailable

        patched.setattr(AccountMerge, "_profile", unavailable)
        assert "run the same again" in refused(capsys, ALICE, DAVE)
    assert run(ALICE, DAVE, "--apply") == 0
    assert faults(finished(client)) == []
