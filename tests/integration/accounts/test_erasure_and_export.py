"""Export and erasure of accounts: the export is complete, and an erasure leaves no personal
data."""

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
from tests.support.consistency import faults, plain, post_of, readable
from tests.support.handlers import AUTHOR_PART, Call, header, json_body, problem
from tests.support.people import BIO, NAME, PeopleFixture, finish_jobs, person_of
from tests.support.posts import BUCKET
from tests.support.samples import ALICE, BOB, MODERATOR

Erase = Callable[[str], None]


@pytest.fixture
def erase_account(call: Call, table: Table, bucket: Bucket) -> Erase:
    """Erase Alice's account and run all jobs."""

    def erase(content: str) -> None:
        response = call("account-delete-me", query={"content": content})
        assert response["statusCode"] == 202
        assert header(response, "Location") == "/v1/me/erasure"
        finish_jobs(table, bucket)

    return erase


def objects(bucket: Bucket) -> set[str]:
    return set(bucket.keys_under(""))


def assert_nothing_personal_is_left(client: Any, bucket: Bucket) -> None:
    """Read all items and all objects."""
    me = person_of(ALICE)
    for key, item in readable(plain(client)).items():
        text = json.dumps(item, default=str)
        for personal in (ALICE, ALICE.removeprefix("auth0|"), NAME, BIO, "@"):
            assert personal not in text, key
        if me.author_id in text:  # the id stays in a report, a ban, and the followers' known people
            mine = {(f"AUTHOR#{me.author_id}", kind) for kind in ("ERASURE", "BAN")}
            is_listed = key[0] in ("BANNED", "CLEARED")
            assert key in mine or is_listed or key[1] == f"KNOWN#{me.author_id}", key
    assert not [key for key in objects(bucket) if me.author_id in key]


def test_an_erased_account_leaves_no_data_and_the_others_stay_consistent(
    people: PeopleFixture, erase_account: Erase, call: Call, client: Any, bucket: Bucket
) -> None:
    erase_account("erase")
    assert_nothing_personal_is_left(client, bucket)
    items = plain(client)
    assert faults(items) == []
    posts = {key[0] for key in items if key[1] == "POST"}
    assert posts == {f"POST#{people.bobs_post}", f"POST#{people.carols_post}"}
    assert objects(bucket) == set()
    bob = json_body(call("account-get-me", sub=BOB))
    assert (bob["follower_count"], bob["following_count"]) == (1, 0)
    report = json_body(call("account-get-erasure"))
    assert (report["status"], report["content"]) == ("done", "erase")
    assert report["finished_at"] >= report["requested_at"]


def test_anonymised_published_content_stays_without_its_author(
    people: PeopleFixture, erase_account: Erase, call: Call, client: Any, bucket: Bucket
) -> None:
    before = json_body(call("public-get-post", post_id=people.published_post))
    erase_account("anonymise")
    assert_nothing_personal_is_left(client, bucket)
    items = plain(client)
    assert faults(items) == []
    posts = {key[0] for key in items if key[1] == "POST"}
    staying = (people.published_post, people.hidden_post, people.bobs_post, people.carols_post)
    assert posts == {f"POST#{one}" for one in staying}
    after = json_body(call("public-get-post", post_id=people.published_post))
    author = after["author"]
    assert (author["name"], author["picture"]) == ("Unnamed author", None)
    same = {"author", "comment_count"}
    assert {k: v for k, v in after.items() if k not in same} == {
        k: v for k, v in before.items() if k not in same
    }
    assert post_of(items, people.published_post).revisions == []
    assert not [key for key in items if key[1].startswith("REVISION")]
    response = call("public-get-post-by-slug", slug="kept")
    assert response["statusCode"] == 301, "former slugs redirect to it"
    for address in people.images[:2]:
        moved = call("public-get-media", parts={"/media/01JDC0000000000000000000M0": address})
        key = header(moved, "Location").split("?")[0].partition("/media/")[2]
        assert key.startswith(f"{author['id']}/"), "under the placeholder's id"
        found = bucket._client.get_object(Bucket=BUCKET, Key=f"media/{key}")
        assert found["Body"].read()[8:12] == b"WEBP"
    unused = call("public-get-media", parts={"/media/01JDC0000000000000000000M0": people.images[2]})
    problem(unused, 404)
    assert len(objects(bucket)) == 2
    comments = json_body(call("public-list-comments", post_id=people.bobs_post))["items"]
    mine = [one for one in comments if one.get("author", {}).get("id") == author["id"]]
    assert len(mine) == 2
    assert {one["author"]["name"] for one in mine} == {"Unnamed author"}
    assert call("public-get-author", parts={AUTHOR_PART: author["id"]})["statusCode"] == 200


@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_only_a_ban_stays_after_an_erasure(
    people: PeopleFixture, erase_account: Erase, client: Any, bucket: Bucket, content: str
) -> None:
    call = people.call
    author_id = people.alice.author_id
    people.send(
        "moderation-ban", MODERATOR, parts={AUTHOR_PART: author_id}, body={"reason": "Enough."}
    )
    assert call("account-create-export")["statusCode"] == 202, "a banned person may export"
    erase_account(content)
    assert_nothing_personal_is_left(client, bucket)
    assert faults(plain(client)) == []
    left = {key[1] for key in plain(client) if key[0] == f"AUTHOR#{author_id}"}
    assert left == {"BAN", "ERASURE"}
    assert "banned" in problem(call("posts-create"), 403)["detail"]


@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_a_cleared_profile_stays_cleared_after_an_erasure(
    people: PeopleFixture, erase_account: Erase, client: Any, bucket: Bucket, content: str
) -> None:
    call, parts = people.call, {AUTHOR_PART: people.alice.author_id}
    people.send("moderation-clear-profile", MODERATOR, parts=parts, body={"reason": "Enough."})
    erase_account(content)
    assert_nothing_personal_is_left(client, bucket)
    assert faults(plain(client)) == []
    left = {key[1] for key in plain(client) if key[0] == f"AUTHOR#{people.alice.author_id}"}
    assert left == {"BAN", "ERASURE"}
    assert json_body(call("account-get-me"))["profile_cleared"]["reason"] == "Enough."
    assert "cleared" in problem(call("account-edit-me", body={"name": NAME}), 403)["detail"]
    people.send("moderation-end-clearing", MODERATOR, parts=parts)
    people.send("account-edit-me", ALICE, body={"name": NAME})


def test_an_erasure_removes_the_users_reports_and_keeps_reports_of_the_user(
    people: PeopleFixture, erase_account: Erase, client: Any
) -> None:
    alice, bob = people.alice.author_id, person_of(BOB).author_id
    people.send("comments-report-author", ALICE, parts={AUTHOR_PART: bob})
    people.send("comments-report-author", BOB, parts={AUTHOR_PART: alice})
    assert len(people.send("moderation-list-reports", MODERATOR)["items"]) == 3
    erase_account("erase")
    (row,) = people.send("moderation-list-reports", MODERATOR)["items"]
    assert (row["author"]["id"], row["reported"]["id"]) == (bob, alice)
    assert row["reported"]["name"] == "Unnamed author"
    assert faults(plain(client)) == []


def test_after_an_erasure_the_same_sub_is_a_new_person(
    people: PeopleFixture, erase_account: Erase, call: Call, client: Any
) -> None:
    erase_account("erase")
    account = json_body(call("account-get-me"))
    assert (account["name"], account["post_count"], account["following_count"]) == (None, 0, 0)
    made = call("posts-create", body={"title": "Kept", "slug": "kept", "status": "published"})
    assert made["statusCode"] == 201
    assert json_body(call("posts-list-mine", query={}))["items"] == [
        {k: v for k, v in json_body(made).items() if k not in ("body", "body_html")}
    ]
    assert faults(plain(client)) == []


def test_during_an_erasure_the_account_can_neither_write_nor_start_another_one(
    people: PeopleFixture, call: Call, table: Table, bucket: Bucket
) -> None:
    checks = json_body(call("account-delete-me", query={"content": "anonymise"}))
    assert checks["status"] == "erasing"
    for event, more in (
        ("posts-create", {}),
        ("posts-edit", {"post_id": people.published_post}),
        ("account-edit-me", {}),
        ("media-create", {}),
        ("comments-create", {"post_id": people.bobs_post}),
        ("account-create-export", {}),
    ):
        refused = problem(call(event, **more), 409)
        assert "being erased" in refused["detail"], event
    again = json_body(call("account-delete-me", query={"content": "erase"}))
    assert again == checks, "the first choice stays"
    assert json_body(call("account-get-erasure")) == checks
    finish_jobs(table, bucket)
    assert json_body(call("account-get-erasure"))["status"] == "done"


@pytest.mark.parametrize("query", [{}, {"content": "everything"}, {"content": ""}])
def test_an_erasure_without_a_valid_choice_for_the_content_is_400(
    call: Call, query: dict[str, str]
) -> None:
    assert "content" in problem(call("account-delete-me", query=query), 400)["detail"]
    assert json_body(call("account-get-erasure"))["status"] == "none"


def test_the_erasure_report_is_available_for_thirty_days(
    call: Call, erase_account: Erase, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase_account("erase")
    report = plain(client)[f"AUTHOR#{person_of(ALICE).author_id}", "ERASURE"]
    retention = timedelta(seconds=int(report["expires_at"])) - timedelta(
        seconds=datetime.now(UTC).timestamp()
    )
    assert timedelta(days=29, hours=23) < retention <= timedelta(days=30)
    later = datetime.now(UTC) + timedelta(days=30, seconds=1)
    monkeypatch.setattr("blog.accounts.requests.now", lambda: later)
    assert json_body(call("account-get-erasure")) == {
        "status": "none", "content": None, "requested_at": None, "finished_at": None,
    }  # fmt: skip


def exported(call: Call, table: Table, bucket: Bucket, sub: str = ALICE) -> dict[str, str]:
    """Request an export, run the jobs, and return the files of the zip by name."""
    assert json_body(call("account-create-export", sub=sub))["status"] == "preparing"
    assert json_body(call("account-get-export", sub=sub))["status"] == "preparing"
    finish_jobs(table, bucket)
    ready = json_body(call("account-get-export", sub=sub))
    assert ready["status"] == "ready"
    key = ready["url"].split("?")[0].partition("/exports/")[2]
    assert key.startswith(f"{person_of(sub).author_id}/")
    assert "X-Amz-Signature=" in ready["url"]
    expires_in = datetime.fromisoformat(ready["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < expires_in <= timedelta(minutes=15)
    content = bucket._client.get_object(Bucket=BUCKET, Key=f"exports/{key}")["Body"].read()
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name).decode(errors="surrogateescape") for name in names}


def test_an_export_holds_all_content_of_its_owner_and_none_of_others(
    people: PeopleFixture, call: Call, table: Table, bucket: Bucket
) -> None:
    people.send("comments-report-author", ALICE, parts={AUTHOR_PART: person_of(BOB).author_id})
    files = exported(call, table, bucket)
    images = {f"{address[1:]}.webp" for address in people.images}
    assert files.keys() == images | {
        "posts/kept-third.md", "posts/hidden.md", "posts/draft.md", "posts/scheduled.md",
        "revisions/kept-third/1.md", "revisions/kept-third/2.md", "profile.json",
        "comments.json", "likes.json", "follows.json", "reports.json", "media.json", "README.txt",
    }  # fmt: skip
    _, front_matter, body = files["posts/kept-third.md"].split("---\n", 2)
    front = yaml_parse(front_matter)
    assert (front["title"], front["status"], front["tags"]) == ("Kept", "published", ["a", "b"])
    assert (front["like_count"], front["comment_count"]) == (2, 2)
    assert front["cover_image"] == people.images[0]
    assert front["former_slugs"] == ["kept-second", "kept"]
    assert body.strip() == json_body(call("posts-get-mine", post_id=people.published_post))["body"]
    hidden = yaml_parse(files["posts/hidden.md"].split("---\n")[1])
    assert hidden["moderation"]["reason"] == "An advertisement."
    assert (front["date"], front["draft"]) == (front["published_at"], False)
    assert (hidden["status"], hidden["draft"]) == ("published", False)
    assert "\ndraft: true\npublished: false\n" in files["posts/draft.md"]
    revision = files["revisions/kept-third/1.md"]
    assert revision.startswith('---\ntitle: "Kept"\ncreated_at: 20')
    assert "\ndraft: true\npublished: false\n" in revision
    assert "media/ID.webp" in files["README.txt"]
    assert {files[name][8:12] for name in images} == {"WEBP"}
    profile = json.loads(files["profile.json"])
    assert (profile["name"], profile["bio"], profile["sub"]) == (NAME, BIO, ALICE)
    assert profile["following_count"] == 2
    comments = json.loads(files["comments.json"])
    assert {one["id"] for one in comments} >= {people.alices_comment, people.alices_pending_comment}
    assert len(comments) == 4
    assert {one["post_id"] for one in json.loads(files["likes.json"])} == {
        people.bobs_post,
        people.carols_post,
    }
    assert len(json.loads(files["follows.json"])) == 2
    of_post, of_author = sorted(
        json.loads(files["reports.json"]), key=lambda one: one["created_at"]
    )
    assert (of_post["post_id"], of_post["reason"]) == (people.carols_post, "An advertisement.")
    assert of_post["reported_author_id"] is None
    assert (of_author["post_id"], of_author["reason"]) == (None, "Poses as somebody else.")
    assert of_author["reported_author_id"] == person_of(BOB).author_id
    assert BOB not in "".join(files.values())


def test_an_account_without_content_can_be_exported(
    call: Call, table: Table, bucket: Bucket
) -> None:
    newcomer = person_of("auth0|newcomer")
    files = exported(call, table, bucket, newcomer.sub)
    assert json.loads(files["profile.json"]) == newcomer._asdict()
    assert json.loads(files["comments.json"]) == []


def test_titles_with_yaml_syntax_survive_the_front_matter(
    call: Call, table: Table, bucket: Bucket
) -> None:
    title = "---: 'it' \"is\" # {x} \\ 🦉 \x85 \u2028"
    call("posts-create", body={"title": title, "slug": "odd", "body": "---\n"})
    files = exported(call, table, bucket)
    text = files["posts/odd.md"]
    assert yaml_parse(text.split("\n---\n")[0])["title"] == title


def test_only_one_export_is_made_at_a_time_and_it_expires(
    people: PeopleFixture, call: Call, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json_body(call("account-get-export"))["status"] == "none"
    call("account-create-export")
    call("account-create-export")
    finish_jobs(table, bucket)
    assert len([key for key in objects(bucket) if key.startswith("exports/")]) == 1
    call("account-create-export")
    assert json_body(call("account-get-export"))["status"] == "preparing", "it replaces the old one"
    finish_jobs(table, bucket)
    later = datetime.now(UTC) + timedelta(days=7, seconds=1)
    monkeypatch.setattr("blog.accounts.requests.now", lambda: later)
    assert json_body(call("account-get-export"))["status"] == "none"


def test_an_export_that_runs_out_of_time_stores_nothing_and_the_next_run_makes_it(
    people: PeopleFixture, call: Call, table: Table, bucket: Bucket
) -> None:
    call("account-create-export")
    before = objects(bucket)
    for checks in (2, 5, 9):
        left = iter([False] * checks)
        assert run_jobs(table, bucket, partial(next, left, True)) == (0, {"EXPORT": 1})
        assert objects(bucket) == before
    finish_jobs(table, bucket)
    assert json_body(call("account-get-export"))["status"] == "ready"


def test_an_export_is_streamed_in_pieces() -> None:
    """Only one piece of the export is in memory at a time."""
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


def test_exports_are_limited_per_hour(call: Call, table: Table, bucket: Bucket) -> None:
    for _ in range(5):
        assert call("account-create-export")["statusCode"] == 202
        finish_jobs(table, bucket)
    assert int(header(call("account-create-export"), "Retry-After")) > 0


def test_a_job_with_a_lease_is_left_to_its_run(
    people: PeopleFixture, call: Call, table: Table, bucket: Bucket
) -> None:
    finish_jobs(table, bucket)
    call("account-create-export")
    start = datetime.now(UTC)
    others: list[tuple[int, dict[str, int]]] = []

    def is_out_of_time() -> bool:
        """Count the checks: two before the job starts, then one before each file of the export."""
        checks.append(True)
        if len(checks) == 3:
            others.append(run_jobs(table, bucket, at=start + timedelta(minutes=15)))
        return False

    checks: list[bool] = []
    assert run_jobs(table, bucket, is_out_of_time, start) == (1, {})
    assert others == [(0, {"EXPORT": 1})]
    call("account-create-export")
    checks.clear()
    with pytest.raises(KeyboardInterrupt):
        run_jobs(table, bucket, lambda: interrupted(checks), start)
    for minutes, left in ((15, {"EXPORT": 1}), (17, {})):
        assert run_jobs(table, bucket, at=start + timedelta(minutes=minutes))[1] == left


def interrupted(checks: list[bool]) -> bool:
    """Kill the function at its third look at the clock, after the start of the job."""
    checks.append(True)
    if len(checks) < 3:
        return False
    raise KeyboardInterrupt


@pytest.mark.parametrize("process", ["erase", "anonymise", "export", "merge"])
def test_no_call_scans_every_read_is_consistent_and_no_transaction_is_too_large(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket, process: str
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", record)
    if process == "merge":
        AccountMerge(table, bucket, person_of(ALICE), person_of("auth0|other")).apply()
    else:
        event = "account-create-export" if process == "export" else "account-delete-me"
        people.send(event, ALICE, query=None if process == "export" else {"content": process})
        finish_jobs(table, bucket)
    client.meta.events.unregister("provide-client-params.dynamodb", record)
    assert "Scan" not in {name for name, _ in calls}
    for name, params in calls:
        checks = params["RequestItems"].values() if name == "BatchGetItem" else [params]
        for one in checks if name in ("BatchGetItem", "GetItem", "Query") else []:
            assert one["ConsistentRead"] is True
            assert "FilterExpression" not in one
        assert len(params.get("TransactItems", [])) < 100


@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_an_erasure_takes_the_records_of_known_commenters_with_it(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket, content: str
) -> None:
    """Else an author who comes back would know commenters from before, and they the author."""
    alice = people.alice

    def records() -> list[tuple[str, str]]:
        names = {alice.sub, alice.author_id}
        return [
            key
            for key in plain(client)
            if "KNOWN#" in key[1] and names & {key[0].partition("#")[2], key[1].partition("#")[2]}
        ]

    assert len(records()) >= 4
    people.send("account-delete-me", alice.sub, query={"content": content})
    finish_jobs(table, bucket)
    assert records() == []
