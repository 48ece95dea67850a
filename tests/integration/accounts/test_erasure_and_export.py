"""Leaving: everything to take along, and nothing left behind, whatever happens on the way."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zipfile import ZipFile

import pytest
from samtranslator.yaml_helper import yaml_parse

from blog.accounts.export import _zipped
from blog.accounts.merge import AccountMerge
from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.s3 import Bucket
from tests.support.consistency import faults, plain, post_of
from tests.support.handlers import AUTHOR_PART, Call, document, header, problem
from tests.support.people import BIO, NAME, PNG, Neighbourhood, finish, named
from tests.support.posts import BUCKET
from tests.support.samples import ALICE, BOB, MODERATOR

Leave = Callable[[str], None]


@pytest.fixture
def leave(call: Call, table: Table, bucket: Bucket) -> Leave:
    """Alice goes, and all jobs are done."""

    def go(content: str) -> None:
        answer = call("account-delete-me", query={"content": content})
        assert answer["statusCode"] == 202
        assert header(answer, "Location") == "/v1/me/erasure"
        finish(table, bucket)

    return go


def objects(bucket: Bucket) -> set[str]:
    return set(bucket.keys_under(""))


def assert_nothing_personal_is_left(client: Any, bucket: Bucket) -> None:
    """By reading all of it."""
    me = named(ALICE)
    for key, item in plain(client).items():
        text = json.dumps(item, default=str)
        for personal in (ALICE, ALICE.removeprefix("auth0|"), NAME, BIO, "@"):
            assert personal not in text, key
        if me.author_id in text:  # which is kept with a report, a ban, and whom they knew
            mine = {(f"AUTHOR#{me.author_id}", kind) for kind in ("ERASURE", "BAN")}
            assert key in mine or key[0] == "BANNED" or key[1] == f"KNOWN#{me.author_id}", key
    assert not [key for key in objects(bucket) if me.author_id in key]


def test_erased_nothing_is_left_and_the_others_agree(
    world: Neighbourhood, leave: Leave, call: Call, client: Any, bucket: Bucket
) -> None:
    leave("erase")
    assert_nothing_personal_is_left(client, bucket)
    items = plain(client)
    assert faults(items) == []
    posts = {key[0] for key in items if key[1] == "POST"}
    assert posts == {f"POST#{world.bobs}", f"POST#{world.carols}"}
    assert objects(bucket) == set()
    bob = document(call("account-get-me", sub=BOB))
    assert (bob["follower_count"], bob["following_count"]) == (1, 0)
    report = document(call("account-get-erasure"))
    assert (report["status"], report["content"]) == ("done", "erase")
    assert report["finished_at"] >= report["requested_at"]


def test_anonymised_what_was_published_stays_and_is_nobodys(
    world: Neighbourhood, leave: Leave, call: Call, client: Any, bucket: Bucket
) -> None:
    before = document(call("public-get-post", post_id=world.kept))
    leave("anonymise")
    assert_nothing_personal_is_left(client, bucket)
    items = plain(client)
    assert faults(items) == []
    posts = {key[0] for key in items if key[1] == "POST"}
    staying = (world.kept, world.hidden, world.bobs, world.carols)
    assert posts == {f"POST#{one}" for one in staying}
    after = document(call("public-get-post", post_id=world.kept))
    author = after["author"]
    assert (author["name"], author["picture"]) == ("Unnamed author", None)
    same = {"author", "comment_count"}
    assert {k: v for k, v in after.items() if k not in same} == {
        k: v for k, v in before.items() if k not in same
    }
    assert post_of(items, world.kept).revisions == []
    assert not [key for key in items if key[1].startswith("REVISION")]
    answer = call("public-get-post-by-slug", slug="kept")
    assert answer["statusCode"] == 301, "former slugs lead there"
    for address in world.pictures[:2]:
        moved = call("public-get-media", parts={"/media/01JDC0000000000000000000M0": address})
        key = header(moved, "Location").split("?")[0].partition("/media/")[2]
        assert key.startswith(f"{author['id']}/"), "under nobody's id"
        found = bucket._client.get_object(Bucket=BUCKET, Key=f"media/{key}")
        assert found["Body"].read() == PNG
    unused = call(
        "public-get-media", parts={"/media/01JDC0000000000000000000M0": world.pictures[2]}
    )
    problem(unused, 404)
    assert len(objects(bucket)) == 2
    comments = document(call("public-list-comments", post_id=world.bobs))["items"]
    mine = [one for one in comments if one.get("author", {}).get("id") == author["id"]]
    assert len(mine) == 2
    assert {one["author"]["name"] for one in mine} == {"Unnamed author"}
    assert call("public-get-author", parts={AUTHOR_PART: author["id"]})["statusCode"] == 200


@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_a_ban_is_all_that_stays(
    world: Neighbourhood, leave: Leave, client: Any, bucket: Bucket, content: str
) -> None:
    call = world.call
    author_id = world.alice.author_id
    world.send(
        "moderation-ban", MODERATOR, parts={AUTHOR_PART: author_id}, body={"reason": "Enough."}
    )
    assert call("account-create-export")["statusCode"] == 202, "who is banned may take it along"
    leave(content)
    assert_nothing_personal_is_left(client, bucket)
    assert faults(plain(client)) == []
    left = {key[1] for key in plain(client) if key[0] == f"AUTHOR#{author_id}"}
    assert left == {"BAN", "ERASURE"}
    assert "banned" in problem(call("posts-create"), 403)["detail"]


def test_afterwards_the_same_sub_is_a_new_person(
    world: Neighbourhood, leave: Leave, call: Call, client: Any
) -> None:
    leave("erase")
    account = document(call("account-get-me"))
    assert (account["name"], account["post_count"], account["following_count"]) == (None, 0, 0)
    made = call("posts-create", body={"title": "Kept", "slug": "kept", "status": "published"})
    assert made["statusCode"] == 201
    assert document(call("posts-list-mine", query={}))["items"] == [
        {k: v for k, v in document(made).items() if k not in ("body", "body_html")}
    ]
    assert faults(plain(client)) == []


def test_until_it_is_done_they_write_nothing_and_delete_nothing_twice(
    world: Neighbourhood, call: Call, table: Table, bucket: Bucket
) -> None:
    asked = document(call("account-delete-me", query={"content": "anonymise"}))
    assert asked["status"] == "erasing"
    for event, more in (
        ("posts-create", {}),
        ("posts-edit", {"post_id": world.kept}),
        ("account-edit-me", {}),
        ("media-create", {}),
        ("comments-create", {"post_id": world.bobs}),
        ("account-create-export", {}),
    ):
        refused = problem(call(event, **more), 409)
        assert "being erased" in refused["detail"], event
    again = document(call("account-delete-me", query={"content": "erase"}))
    assert again == asked, "it goes on as it was begun"
    assert document(call("account-get-erasure")) == asked
    finish(table, bucket)
    assert document(call("account-get-erasure"))["status"] == "done"


@pytest.mark.parametrize("query", [{}, {"content": "everything"}, {"content": ""}])
def test_what_becomes_of_the_content_must_be_said(call: Call, query: dict[str, str]) -> None:
    assert "content" in problem(call("account-delete-me", query=query), 400)["detail"]
    assert document(call("account-get-erasure"))["status"] == "none"


def test_the_report_is_told_for_thirty_days(
    call: Call, leave: Leave, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave("erase")
    report = plain(client)[f"AUTHOR#{named(ALICE).author_id}", "ERASURE"]
    kept_for = timedelta(seconds=int(report["expires_at"])) - timedelta(
        seconds=datetime.now(UTC).timestamp()
    )
    assert timedelta(days=29, hours=23) < kept_for <= timedelta(days=30)
    later = datetime.now(UTC) + timedelta(days=30, seconds=1)
    monkeypatch.setattr("blog.accounts.requests.now", lambda: later)
    assert document(call("account-get-erasure")) == {
        "status": "none", "content": None, "requested_at": None, "finished_at": None,
    }  # fmt: skip


def exported(call: Call, table: Table, bucket: Bucket, sub: str = ALICE) -> dict[str, str]:
    """What is in the zip, by name."""
    assert document(call("account-create-export", sub=sub))["status"] == "preparing"
    assert document(call("account-get-export", sub=sub))["status"] == "preparing"
    finish(table, bucket)
    ready = document(call("account-get-export", sub=sub))
    assert ready["status"] == "ready"
    key = ready["url"].split("?")[0].partition("/exports/")[2]
    assert key.startswith(f"{named(sub).author_id}/")
    assert "X-Amz-Signature=" in ready["url"]
    expires_in = datetime.fromisoformat(ready["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < expires_in <= timedelta(minutes=15)
    content = bucket._client.get_object(Bucket=BUCKET, Key=f"exports/{key}")["Body"].read()
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name).decode(errors="surrogateescape") for name in names}


def test_the_export_holds_everything_of_ones_own_and_nothing_of_others(
    world: Neighbourhood, call: Call, table: Table, bucket: Bucket
) -> None:
    files = exported(call, table, bucket)
    pictures = {f"{address[1:]}.png" for address in world.pictures}
    assert files.keys() == pictures | {
        "posts/kept-third.md", "posts/hidden.md", "posts/draft.md", "posts/scheduled.md",
        "revisions/kept-third/1.md", "revisions/kept-third/2.md", "profile.json",
        "comments.json", "likes.json", "follows.json", "reports.json", "media.json",
    }  # fmt: skip
    _, front_matter, body = files["posts/kept-third.md"].split("---\n", 2)
    told = yaml_parse(front_matter)
    assert (told["title"], told["status"], told["tags"]) == ("Kept", "published", ["a", "b"])
    assert (told["like_count"], told["comment_count"]) == (2, 2)
    assert told["cover_image"] == world.pictures[0]
    assert told["former_slugs"] == ["kept-second", "kept"]
    assert body.strip() == document(call("posts-get-mine", post_id=world.kept))["body"]
    hidden = yaml_parse(files["posts/hidden.md"].split("---\n")[1])
    assert hidden["moderation"]["reason"] == "An advertisement."
    assert files["revisions/kept-third/1.md"].startswith('---\ntitle: "Kept"\n')
    assert {files[name] for name in pictures} == {PNG.decode(errors="surrogateescape")}
    profile = json.loads(files["profile.json"])
    assert (profile["name"], profile["bio"], profile["sub"]) == (NAME, BIO, ALICE)
    assert profile["following_count"] == 2
    comments = json.loads(files["comments.json"])
    assert {one["id"] for one in comments} >= {world.said, world.unapproved}
    assert len(comments) == 4
    assert {one["post_id"] for one in json.loads(files["likes.json"])} == {
        world.bobs,
        world.carols,
    }
    assert len(json.loads(files["follows.json"])) == 2
    (report,) = json.loads(files["reports.json"])
    assert (report["post_id"], report["reason"]) == (world.carols, "An advertisement.")
    assert BOB not in "".join(files.values())


def test_the_export_of_who_has_nothing_is_one(call: Call, table: Table, bucket: Bucket) -> None:
    newcomer = named("auth0|newcomer")
    files = exported(call, table, bucket, newcomer.sub)
    assert json.loads(files["profile.json"]) == newcomer._asdict()
    assert json.loads(files["comments.json"]) == []


def test_titles_that_are_no_yaml_survive_the_front_matter(
    call: Call, table: Table, bucket: Bucket
) -> None:
    title = "---: 'it' \"is\" # {x} \\ 🦉 \x85 \u2028"
    call("posts-create", body={"title": title, "slug": "odd", "body": "---\n"})
    files = exported(call, table, bucket)
    text = files["posts/odd.md"]
    assert yaml_parse(text.split("\n---\n")[0])["title"] == title


def test_an_export_is_made_once_at_a_time_and_expires(
    world: Neighbourhood, call: Call, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert document(call("account-get-export"))["status"] == "none"
    call("account-create-export")
    call("account-create-export")
    finish(table, bucket)
    assert len([key for key in objects(bucket) if key.startswith("exports/")]) == 1
    call("account-create-export")
    assert document(call("account-get-export"))["status"] == "preparing", "in place of the old one"
    finish(table, bucket)
    later = datetime.now(UTC) + timedelta(days=7, seconds=1)
    monkeypatch.setattr("blog.accounts.requests.now", lambda: later)
    assert document(call("account-get-export"))["status"] == "none"


def test_an_export_that_runs_out_of_time_leaves_nothing_and_is_made_by_the_next_run(
    world: Neighbourhood, call: Call, table: Table, bucket: Bucket
) -> None:
    call("account-create-export")
    before = objects(bucket)
    for looks in (2, 5, 9):
        left = iter([False] * looks)
        assert run_jobs(table, bucket, partial(next, left, True)) == (0, 1)
        assert objects(bucket) == before
    finish(table, bucket)
    assert document(call("account-get-export"))["status"] == "ready"


def test_an_export_is_read_piece_by_piece() -> None:
    """Whatever it holds, no more than a piece of it is held."""
    made: list[int] = []

    def content() -> Iterator[bytes]:
        for number in range(1000):
            made.append(number)
            yield bytes(100_000)

    pieces = _zipped(iter([("media/a.png", content())]))
    for number, piece in enumerate(pieces):
        assert len(piece) < 200_000
        assert len(made) <= number + 1
    assert len(made) == 1000


def test_so_many_exports_an_hour(call: Call, table: Table, bucket: Bucket) -> None:
    for _ in range(5):
        assert call("account-create-export")["statusCode"] == 202
        finish(table, bucket)
    assert int(header(call("account-create-export"), "Retry-After")) > 0


def test_a_job_that_another_run_is_at_is_left_to_it(
    world: Neighbourhood, call: Call, table: Table, bucket: Bucket
) -> None:
    finish(table, bucket)
    call("account-create-export")
    moment = datetime.now(UTC)
    others: list[tuple[int, int]] = []

    def is_out_of_time() -> bool:
        """Asked once before the job is begun, then before each thing that goes into it."""
        asked.append(True)
        if len(asked) == 2:
            others.append(run_jobs(table, bucket, moment=moment + timedelta(minutes=15)))
        return False

    asked: list[bool] = []
    assert run_jobs(table, bucket, is_out_of_time, moment) == (1, 0)
    assert others == [(0, 1)]
    call("account-create-export")
    with pytest.raises(KeyboardInterrupt):
        run_jobs(table, bucket, lambda: interrupted(asked), moment)
    for minutes, left in ((15, 1), (17, 0)):
        assert run_jobs(table, bucket, moment=moment + timedelta(minutes=minutes))[1] == left


def interrupted(asked: list[bool]) -> bool:
    """The function is killed at its second look at the clock."""
    if asked:
        asked.clear()
        return False
    raise KeyboardInterrupt


@pytest.mark.parametrize("process", ["erase", "anonymise", "export", "merge"])
def test_nothing_scans_every_read_is_consistent_and_no_transaction_is_too_large(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, process: str
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", record)
    if process == "merge":
        AccountMerge(table, bucket, named(ALICE), named("auth0|other")).apply()
    else:
        event = "account-create-export" if process == "export" else "account-delete-me"
        world.send(event, ALICE, query=None if process == "export" else {"content": process})
        finish(table, bucket)
    client.meta.events.unregister("provide-client-params.dynamodb", record)
    assert "Scan" not in {name for name, _ in calls}
    for name, params in calls:
        asked = params["RequestItems"].values() if name == "BatchGetItem" else [params]
        for one in asked if name in ("BatchGetItem", "GetItem", "Query") else []:
            assert one["ConsistentRead"] is True
            assert "FilterExpression" not in one
        assert len(params.get("TransactItems", [])) < 100
