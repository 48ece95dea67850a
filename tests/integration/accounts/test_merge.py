"""Two accounts joined: what was the old one's is the new one's, and every count still agrees."""

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
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, document, header, problem
from tests.support.people import KEY, NAME, PNG, Neighbourhood, named
from tests.support.posts import BUCKET, TABLE
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR

NEW = named(DAVE)
ENVIRONMENT = {"TABLE_NAME": TABLE, "MEDIA_BUCKET": BUCKET, "AUTHOR_ID_KEY": KEY}


@pytest.fixture
def world(world: Neighbourhood) -> Neighbourhood:
    """Alice with everything, and Dave, who is Alice too, with some of the same."""
    world.post(DAVE, "Dave's")
    world.comment(DAVE, world.bobs)
    for post_id in (world.bobs, world.kept):
        world.send("reactions-like", DAVE, post_id=post_id)
    for one, other in ((DAVE, ALICE), (ALICE, DAVE), (DAVE, BOB), (BOB, DAVE)):
        world.send("reactions-follow", one, parts={AUTHOR_PART: named(other).author_id})
    return world


def run(*arguments: str) -> int:
    """The command, as it is typed."""
    return main(["merge", *arguments], ENVIRONMENT)


def test_a_dry_run_tells_and_changes_nothing(
    world: Neighbourhood, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = plain(client)
    assert run(ALICE, DAVE) == 0
    told = capsys.readouterr().out
    for line in (
        f"From {named(ALICE).author_id} to {NEW.author_id}:", "posts             4",
        "comments          4", "likes             2", "follows           3", "followers         3",
        "pictures          4", "waiting comments  1", "has profile       True",
        "is banned         False", "--apply",
    ):  # fmt: skip
        assert line in told
    assert plain(client) == before


def test_all_of_it_is_the_new_ones(
    world: Neighbourhood, call: Call, client: Any, bucket: Bucket
) -> None:
    liked = document(call("public-get-post", post_id=world.bobs))["like_count"]
    before = post_of(plain(client), world.kept)
    assert run(ALICE, DAVE, "--apply") == 0
    items = plain(client)
    assert faults(items) == []
    for key, item in items.items():
        assert ALICE not in json.dumps(item, default=str), key
    left = {key[1] for key in items if key[0] == f"AUTHOR#{named(ALICE).author_id}"}
    assert left == {"BAN", "MOVED"}
    mine = document(call("posts-list-mine", sub=DAVE, query={}))["items"]
    assert {post["title"] for post in mine} == {"Kept", "Hidden", "Draft", "Scheduled", "Dave's"}
    after = post_of(items, world.kept)
    assert after.version == before.version, "it disturbs no editor"
    assert after.revisions == before.revisions
    assert (
        call(
            "posts-get-revision", post_id=world.kept, sub=DAVE, parts={"revisions/2": "revisions/1"}
        )["statusCode"]
        == 200
    )
    assert call("posts-edit", post_id=world.kept, sub=DAVE)["statusCode"] == 200
    assert document(call("public-get-post", post_id=world.bobs))["like_count"] == liked - 1
    account = document(call("account-get-me", sub=DAVE))
    assert (account["name"], account["follower_count"], account["following_count"]) == (NAME, 2, 2)
    shown = document(call("public-get-post", post_id=world.kept))
    assert shown["author"] == {"id": NEW.author_id, "name": NAME, "picture": None}
    assert len(document(call("account-get-me", sub=CAROL))) > 0
    waiting = document(call("comments-list-waiting", sub=DAVE))["items"]
    assert [one["id"] for one in waiting] == [world.waiting]
    approve = {"post_id": world.kept, "parts": {COMMENT_PART: world.waiting}}
    assert call("comments-approve", sub=DAVE, **approve)["statusCode"] == 204
    carols = {"post_id": world.carols, "parts": {COMMENT_PART: world.unapproved}}
    assert call("comments-approve", sub=CAROL, **carols)["statusCode"] == 204
    assert faults(plain(client)) == []
    for address in world.pictures:
        moved = call("public-get-media", parts={"/media/01JDC0000000000000000000M0": address})
        name = header(moved, "Location").split("?")[0].partition("/media/")[2]
        assert name.startswith(f"{NEW.author_id}/")
        found = bucket._client.get_object(Bucket=BUCKET, Key=f"media/{name}")
        assert (found["Body"].read(), found["ContentType"]) == (PNG, "image/png")
    assert len(bucket.keys_under("")) == 3


def test_the_old_address_leads_to_the_new_one_and_the_old_account_writes_no_more(
    world: Neighbourhood, call: Call
) -> None:
    run(ALICE, DAVE, "--apply")
    old = {AUTHOR_PART: named(ALICE).author_id}
    for event, rest in (
        ("public-get-author", ""), ("public-author-feed-atom", "/feed.atom"),
        ("public-author-feed-json", "/feed.json"),
    ):  # fmt: skip
        answer = call(event, parts=old)
        assert answer["statusCode"] == 301, event
        assert header(answer, "Location") == f"/v1/authors/{NEW.author_id}{rest}"
    for event, more in (
        ("posts-create", {}),
        ("account-edit-me", {}),
        ("account-create-export", {}),
        ("account-delete-me", {}),
        ("reactions-like", {"post_id": world.bobs}),
    ):
        refused = problem(call(event, **more), 403)
        assert "joined to another" in refused["detail"]
    problem(call("reactions-follow", sub=CAROL, parts=old), 404)


def test_a_chain_of_merges_leads_to_its_end(world: Neighbourhood, call: Call) -> None:
    run(ALICE, DAVE, "--apply")
    assert run(DAVE, CAROL, "--apply") == 0
    answer = call("public-get-author", parts={AUTHOR_PART: named(ALICE).author_id})
    assert header(answer, "Location").endswith(f"/{named(CAROL).author_id}")


def test_the_new_accounts_own_profile_goes_before(world: Neighbourhood, call: Call) -> None:
    world.send("account-edit-me", DAVE, body={"name": "Dave"})
    run(ALICE, DAVE, "--apply")
    account = document(call("account-get-me", sub=DAVE))
    assert (account["name"], account["bio"]) == ("Dave", None)


@pytest.mark.parametrize("is_new_banned", [False, True])
def test_a_ban_goes_with_the_person(
    world: Neighbourhood, call: Call, client: Any, is_new_banned: bool
) -> None:
    for sub in (ALICE, DAVE) if is_new_banned else (ALICE,):
        parts = {AUTHOR_PART: named(sub).author_id}
        world.send("moderation-ban", MODERATOR, parts=parts, body={"reason": "Enough."})
    run(ALICE, DAVE, "--apply")
    assert "banned" in problem(call("posts-create", sub=DAVE), 403)["detail"]
    (banned,) = world.send("moderation-list-people", MODERATOR)["items"]
    assert (banned["author"]["id"], banned["reason"]) == (NEW.author_id, "Enough.")
    assert faults(plain(client)) == []


def test_it_may_be_run_again_and_moves_nothing_twice(
    world: Neighbourhood, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run(ALICE, DAVE, "--apply")
    after = plain(client)
    assert run(ALICE, DAVE, "--apply") == 0
    assert "posts             0" in capsys.readouterr().out
    assert plain(client) == after


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(*arguments, "--apply") == 1
    return capsys.readouterr().err


def test_what_cannot_be_joined_is_told_and_left_alone(
    world: Neighbourhood, call: Call, client: Any, capsys: pytest.CaptureFixture[str],
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
    assert "new account was itself joined" in refused(capsys, ALICE, DAVE)
    assert "joined to another one before" in refused(capsys, DAVE, CAROL)
    world.send("account-delete-me", CAROL)
    assert "new account is being erased" in refused(capsys, ALICE, CAROL)
    assert "old account is being erased" in refused(capsys, CAROL, ALICE)


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_a_missing_variable_is_named(missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    assert main(["merge", "a", "b"], environment) == 2
    assert missing in capsys.readouterr().err


def test_the_command_tells_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["merge", "a"], ENVIRONMENT)
    assert ended.value.code == 2
    assert "NEW" in capsys.readouterr().err


def test_a_table_that_is_away_is_told_and_the_rest_is_done_by_the_next_run(
    world: Neighbourhood, table: Table, client: Any, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with monkeypatch.context() as patched:

        def away(_merge: AccountMerge) -> None:
            raise Unavailable

        patched.setattr(AccountMerge, "_profile", away)
        assert "run the same again" in refused(capsys, ALICE, DAVE)
    assert run(ALICE, DAVE, "--apply") == 0
    assert faults(plain(client)) == []
