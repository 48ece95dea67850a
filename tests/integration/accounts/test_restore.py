"""Restoring a damaged table from its copy, without undoing later decisions."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.accounts.merge import AccountMerge
from blog.accounts.requests import AccountRequests
from blog.admin.__main__ import main
from blog.admin.restore import RestorePlan, Restoring
from blog.dynamodb.actions import Item
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.s3 import Bucket
from devserver.aws.dynamodb import make_table
from scripts.release import restore
from tests.support.consistency import Items, faults, plain
from tests.support.engines import DEPLOYMENT, IS_MOTO
from tests.support.handlers import AUTHOR_PART
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.people import KEY, PeopleFixture, finish_jobs, finished, person_of
from tests.support.posts import BUCKET, TABLE, stored
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR

COPY = "Copy"
ENVIRONMENT = {"TABLE_NAME": TABLE, "MEDIA_BUCKET": BUCKET, "AUTHOR_ID_KEY": KEY}


@pytest.fixture
def people(people: PeopleFixture, table: Table, bucket: Bucket) -> PeopleFixture:
    finish_jobs(table, bucket)
    return people


@pytest.fixture
def copied(people: PeopleFixture, client: Any) -> Iterator[Items]:
    """Copy the table, and return the copy's items."""
    make_table(client, COPY, dict(DEPLOYMENT.tables[TABLE]))
    for item in stored(client).values():
        client.put_item(TableName=COPY, Item=item)
    yield plain(client)
    client.delete_table(TableName=COPY)


@pytest.fixture
def restoring(table: Table, client: Any, bucket: Bucket) -> Restoring:
    return Restoring(table, Table(client, COPY), bucket, KEY)


def spoil(people: PeopleFixture, client: Any) -> None:
    """Damage the table as a bug might, and add changes that users made meanwhile."""
    for key, item in stored(client).items():
        if key[0] == f"POST#{people.published_post}":
            client.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    people.send("posts-edit", BOB, post_id=people.bobs_post, body={"title": "Spoilt"})
    people.post(CAROL, "New")
    people.send("posts-delete", CAROL, post_id=people.carols_post)


def test_a_restored_table_equals_its_copy(
    people: PeopleFixture, copied: Items, client: Any, restoring: Restoring
) -> None:
    spoil(people, client)
    found = restoring.plan()
    assert found.lost > 5
    assert found.changed > 2
    assert found.new > 5
    restoring.apply()
    assert plain(client) == copied
    assert restoring.plan() == RestorePlan()


def decide(people: PeopleFixture, table: Table, bucket: Bucket) -> None:
    """Decide after the copy: Alice is erased, Bob's post is hidden, and Carol is banned and her
    profile cleared."""
    people.send("account-delete-me", ALICE)
    finish_jobs(table, bucket)
    reason = {"reason": "An advertisement."}
    people.send("moderation-hide", MODERATOR, post_id=people.bobs_post, body=reason)
    parts = {AUTHOR_PART: person_of(CAROL).author_id}
    people.send("moderation-ban", MODERATOR, parts=parts, body=reason)
    people.send("moderation-clear-profile", MODERATOR, parts=parts, body=reason)


def assert_as_decided(people: PeopleFixture, client: Any) -> Items:
    """Assert that the decisions hold, and that only the record of Alice's erasure is left of
    her."""
    items = plain(client)
    assert faults(items) == []
    assert [key for key, item in items.items() if ALICE in f"{key} {item}"] == []
    left = [key for key in items if person_of(ALICE).author_id in key[0]]
    assert {key[1] for key in left} <= {"ERASURE", "STATS"}
    assert items[f"POST#{people.bobs_post}", "POST"]["moderation"]["reason"] == "An advertisement."
    of_carol = items[f"AUTHOR#{person_of(CAROL).author_id}", "BAN"]
    assert of_carol["reason"] == of_carol["cleared_reason"] == "An advertisement."
    return items


@pytest.mark.usefixtures("copied")
def test_an_erased_person_stays_erased(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket,
    restoring: Restoring,
) -> None:  # fmt: skip
    decide(people, table, bucket)
    spoil_others(people)
    found = restoring.plan()
    assert (found.erased, found.hidden, found.banned, found.merged) == (1, 1, 1, 0)
    assert found.cleared == 1
    restoring.apply()
    items = assert_as_decided(people, client)
    assert items[f"POST#{people.bobs_post}", "POST"]["title"] == "Bob's"
    restoring.apply()
    assert assert_as_decided(people, client).keys() == items.keys()


def spoil_others(people: PeopleFixture) -> None:
    people.send("posts-edit", BOB, post_id=people.bobs_post, body={"title": "Spoilt"})


@pytest.mark.usefixtures("copied")
def test_an_erased_persons_content_is_never_restored_not_even_briefly(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket,
) -> None:  # fmt: skip
    decide(people, table, bucket)
    put: list[Item] = []

    class Watched(Table):
        def put_all(self, items: Any) -> None:
            put.extend(items)
            super().put_all(items)

    Restoring(Watched(client, TABLE), Table(client, COPY), bucket, KEY).apply()
    assert put
    assert not [item for item in put if ALICE in str(item)]


@pytest.mark.usefixtures("copied")
def test_a_merged_account_stays_merged(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket,
    restoring: Restoring,
) -> None:  # fmt: skip
    people.post(DAVE, "Dave's")
    AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    finish_jobs(table, bucket)
    assert restoring.plan().merged == 1
    restoring.apply()
    finish_jobs(table, bucket)
    items = plain(client)
    assert faults(items) == []
    assert items[f"POST#{people.published_post}", "POST"]["owner"] == DAVE
    assert [key for key in items if key[0] == f"USER#{ALICE}"] == []
    assert not [item for item in items.values() if item.get("title") == "Dave's"]


class FailingTable(Table):
    """A table that counts its writing calls over all instances, and lets one of them fail."""

    calls = 0
    fails_at = 0

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if "write" in operation:
            FailingTable.calls += 1
            if FailingTable.calls == FailingTable.fails_at:
                raise Unavailable
        return super()._call(operation, **parameters)


@pytest.mark.usefixtures("copied")
def test_an_interrupted_restore_continues(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Interrupted at some of its writing calls, among them the first and the last."""
    decide(people, table, bucket)
    spoil_others(people)
    before = {name: stored(client, name) for name in (TABLE, COPY)}
    calls = 0

    def run(fails_at: int) -> None:
        nonlocal calls
        monkeypatch.setattr(FailingTable, "calls", 0)
        monkeypatch.setattr(FailingTable, "fails_at", fails_at)
        Restoring(FailingTable(client, TABLE), FailingTable(client, COPY), bucket, KEY).apply()
        calls = FailingTable.calls
        finish_jobs(table, bucket)

    run(0)
    count = len(assert_as_decided(people, client))
    for fails_at in {1, *range(calls, 1, -(calls // (7 if IS_LONG else 3)))}:
        for name, items in before.items():
            restore_items(client, name, items)
        with suppress(Unavailable, OutOfTime):  # the release of a lease may fail
            run(fails_at)
        run(0)
        assert len(assert_as_decided(people, client)) == count, f"ended at {fails_at} of {calls}"


def restore_items(client: Any, name: str, items: dict[tuple[str, str], Item]) -> None:
    """Restore the content of a table."""
    for key, item in stored(client, name).items():
        if key not in items:
            client.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
    for item in items.values():
        client.put_item(TableName=name, Item=item)


def test_an_erased_person_with_only_a_profile_is_erased_again(
    copied: Items, table: Table, client: Any, bucket: Bucket, restoring: Restoring
) -> None:
    key = {"pk": f"AUTHOR#{person_of(DAVE).author_id}", "sk": "PROFILE"}
    item = {name: {"S": value} for name, value in (key | {"name": "Dave"}).items()}
    client.put_item(TableName=COPY, Item=item)
    AccountRequests(table, bucket).begin_erasure(person_of(DAVE), "erase")
    finish_jobs(table, bucket)
    restoring.apply()
    assert (key["pk"], "PROFILE") not in plain(client)
    assert plain(client)[key["pk"], "ERASURE"]["status"] == "done"


@pytest.mark.usefixtures("copied")
def test_a_chain_of_merges_is_applied_once(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket, restoring: Restoring
) -> None:
    for old, new in ((ALICE, DAVE), (DAVE, "auth0|erin")):
        AccountMerge(table, bucket, person_of(old), person_of(new)).apply()
    finish_jobs(table, bucket)
    restoring._decide()
    restoring.apply()
    items = finished(client)
    assert faults(items) == []
    assert items[f"POST#{people.published_post}", "POST"]["owner"] == "auth0|erin"


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("writes_again", [False, True])
def test_lost_bans_are_restored(
    people: PeopleFixture, client: Any, restoring: Restoring, *, writes_again: bool
) -> None:
    parts, reason = {AUTHOR_PART: person_of(CAROL).author_id}, {"reason": "An advertisement."}
    people.send("moderation-ban", MODERATOR, parts=parts, body=reason)
    for item in stored(client).values():
        client.put_item(TableName=COPY, Item=item)
        if item["sk"]["S"] == "BAN":
            client.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    if writes_again:  # which makes a new item, for the count
        people.post(CAROL, "Back")
    restoring.apply()
    assert (
        plain(client)[f"AUTHOR#{person_of(CAROL).author_id}", "BAN"]["reason"] == reason["reason"]
    )


@pytest.mark.usefixtures("copied")
def test_a_ban_that_was_ended_after_the_copy_stays_ended(
    people: PeopleFixture, client: Any, restoring: Restoring
) -> None:
    parts, reason = {AUTHOR_PART: person_of(CAROL).author_id}, {"reason": "An advertisement."}
    people.send("moderation-ban", MODERATOR, parts=parts, body=reason)
    for item in stored(client).values():
        client.put_item(TableName=COPY, Item=item)
    people.send("moderation-unban", MODERATOR, parts=parts)
    restoring.apply()
    ban = plain(client)[f"AUTHOR#{person_of(CAROL).author_id}", "BAN"]
    assert "banned_at" not in ban
    people.post(CAROL, "Back")


DECISIONS = {
    "a ban": ("moderation-ban", "moderation-unban", "banned_at", "reason"),
    "a clearing": (
        "moderation-clear-profile", "moderation-end-clearing", "cleared_at", "cleared_reason"
    ),
}  # fmt: skip


class Decider:
    """Moderators who decide about Carol, in one of two ways, and what is stored of it."""

    def __init__(self, people: PeopleFixture, client: Any, kind: str) -> None:
        self.begin, self.end_event, self.at, self.reason = DECISIONS[kind]
        self._people = people
        self._client = client

    def decide(self, reason: str, sub: str = CAROL) -> None:
        parts = {AUTHOR_PART: person_of(sub).author_id}
        self._people.send(self.begin, MODERATOR, parts=parts, body={"reason": reason})

    def end(self, sub: str = CAROL) -> None:
        parts = {AUTHOR_PART: person_of(sub).author_id}
        self._people.send(self.end_event, MODERATOR, parts=parts)

    def item(self, sub: str = CAROL) -> Item:
        return plain(self._client).get((f"AUTHOR#{person_of(sub).author_id}", "BAN"), {})


@pytest.fixture(params=DECISIONS)
def decider(request: pytest.FixtureRequest, people: PeopleFixture, client: Any) -> Decider:
    return Decider(people, client, request.param)


def copy_again(client: Any) -> None:
    """Make the copy equal to the table as it is now."""
    restore_items(client, COPY, stored(client))


def name_of(client: Any, sub: str) -> str | None:
    profile = plain(client).get((f"AUTHOR#{person_of(sub).author_id}", "PROFILE"), {})
    name: str | None = profile.get("name")
    return name


@pytest.mark.usefixtures("copied")
def test_a_newer_decision_stays_with_its_reason(
    client: Any, restoring: Restoring, decider: Decider
) -> None:
    decider.decide("First.")
    restoring.apply()
    assert decider.item()[decider.reason] == "First."
    copy_again(client)
    decider.decide("Second.")
    found = restoring.plan()
    assert found.banned + found.cleared == 1
    restoring.apply()
    assert decider.item()[decider.reason] == "Second."
    assert faults(plain(client)) == []


@pytest.mark.usefixtures("copied")
def test_a_newer_end_of_a_decision_stays(
    people: PeopleFixture, client: Any, restoring: Restoring, decider: Decider
) -> None:
    decider.decide("Enough.")
    copy_again(client)
    decider.end()
    restoring.apply()
    assert decider.at not in decider.item()
    assert faults(plain(client)) == []
    people.send("account-edit-me", CAROL, body={"name": "Carol"})


@pytest.mark.usefixtures("copied")
def test_a_lost_decision_is_restored(
    people: PeopleFixture, client: Any, restoring: Restoring, decider: Decider
) -> None:
    decider.decide("Enough.")
    copy_again(client)
    for key in [
        key for key in stored(client) if key[1] == "BAN" or key[0] in ("BANNED", "CLEARED")
    ]:
        client.delete_item(TableName=TABLE, Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
    people.post(CAROL, "Back")  # which makes a new item, for the count
    restoring.apply()
    assert decider.item()[decider.reason] == "Enough."
    assert faults(plain(client)) == []


@pytest.mark.usefixtures("copied")
def test_what_was_cleared_since_does_not_come_back_after_the_end_of_the_clearing(
    people: PeopleFixture, client: Any, restoring: Restoring
) -> None:
    decider = Decider(people, client, "a clearing")
    assert name_of(client, CAROL) == "C", "the copy has it"
    decider.decide("An insult.")
    decider.end()
    assert restoring.plan().cleared == 1
    restoring.apply()
    assert name_of(client, CAROL) is None
    assert "cleared_at" not in decider.item()
    assert faults(plain(client)) == []
    restoring.apply()
    assert name_of(client, CAROL) is None


@pytest.mark.usefixtures("copied")
def test_a_name_that_was_set_after_the_end_of_a_clearing_is_restored(
    people: PeopleFixture, client: Any, restoring: Restoring
) -> None:
    decider = Decider(people, client, "a clearing")
    decider.decide("An insult.")
    decider.end()
    people.send("account-edit-me", CAROL, body={"name": "Carol"})
    copy_again(client)
    people.send("account-edit-me", CAROL, body={"name": "Spoilt"})
    assert restoring.plan().cleared == 0
    restoring.apply()
    assert name_of(client, CAROL) == "Carol"


@pytest.mark.usefixtures("copied")
def test_a_ban_and_a_clearing_of_the_same_user_both_stay(
    people: PeopleFixture, client: Any, restoring: Restoring
) -> None:
    for kind in DECISIONS:
        Decider(people, client, kind).decide("Enough.")
    found = restoring.plan()
    assert (found.banned, found.cleared) == (1, 1)
    restoring.apply()
    item = Decider(people, client, "a ban").item()
    assert (item["reason"], item["cleared_reason"]) == ("Enough.", "Enough.")
    assert name_of(client, CAROL) is None
    assert faults(plain(client)) == []


@pytest.mark.usefixtures("copied")
def test_an_end_of_a_decision_before_an_erasure_stays(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket, decider: Decider
) -> None:
    decider.decide("Enough.")
    copy_again(client)
    decider.end()
    people.send("account-delete-me", CAROL)
    finish_jobs(table, bucket)
    Restoring(table, Table(client, COPY), bucket, KEY).apply()
    assert decider.at not in decider.item()
    assert faults(plain(client)) == []
    people.send("account-edit-me", CAROL, body={"name": "Carol"})


@pytest.mark.usefixtures("copied")
def test_an_end_of_a_decision_before_a_merge_into_the_account_stays(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket, decider: Decider
) -> None:
    decider.decide("Enough.")
    copy_again(client)
    decider.end()
    AccountMerge(table, bucket, person_of(ALICE), person_of(CAROL)).apply()
    finish_jobs(table, bucket)
    Restoring(table, Table(client, COPY), bucket, KEY).apply()
    finish_jobs(table, bucket)
    assert decider.at not in decider.item()
    assert faults(plain(client)) == []
    people.send("account-edit-me", CAROL, body={"name": "Carol"})


# What happens since the copy, in which Alice and not Dave has a name.
HISTORIES = {
    "clear old, merge": ["clear old", "merge"],
    "merge, clear new": ["merge", "clear new"],
    "clear new, merge": ["clear new", "merge"],
    "clear old, end, merge": ["clear old", "end old", "merge"],
    "merge, clear new, end": ["merge", "clear new", "end new"],
    "clear new, merge, end": ["clear new", "merge", "end new"],
    "clear old, merge, end": ["clear old", "merge", "end new"],
}


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("history", HISTORIES)
def test_what_was_cleared_before_or_after_a_merge_does_not_come_back(
    people: PeopleFixture, table: Table, client: Any, bucket: Bucket, history: str
) -> None:
    decider = Decider(people, client, "a clearing")
    subs = {"old": ALICE, "new": DAVE}
    for step in HISTORIES[history]:
        what, _, which = step.partition(" ")
        if what == "merge":
            AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE)).apply()
            finish_jobs(table, bucket)
        elif what == "clear":
            decider.decide("An insult.", subs[which])
        else:
            decider.end(subs[which])
    is_cleared = "cleared_at" in decider.item(DAVE)
    assert (name_of(client, DAVE), is_cleared) == (None, "end" not in history)
    for _ in range(2):
        Restoring(table, Table(client, COPY), bucket, KEY).apply()
        finish_jobs(table, bucket)
        assert name_of(client, DAVE) is None
        assert ("cleared_at" in decider.item(DAVE)) == is_cleared
        assert faults(plain(client)) == []


def test_another_author_id_key_is_refused(
    copied: Items, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    client.delete_item(TableName=TABLE, Key={"pk": {"S": "TAGS"}, "sk": {"S": "TAG#a"}})
    before = plain(client)
    environment = ENVIRONMENT | {"AUTHOR_ID_KEY": "another stage's key, of 32 characters"}
    assert main(["restore", COPY, "--apply"], environment) == 2
    assert "AUTHOR_ID_KEY" in capsys.readouterr().err
    assert plain(client) == before


def test_expired_items_are_no_difference(copied: Items, client: Any, restoring: Restoring) -> None:
    row = {"pk": {"S": "USER#x"}, "sk": {"S": "IDEMPOTENCY#x"}, "expires_at": {"N": "1"}}
    client.put_item(TableName=COPY, Item=row)
    assert restoring.plan() == RestorePlan()


def test_the_command_only_compares_unless_apply_is_given(
    people: PeopleFixture, copied: Items, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(people, client)
    before = plain(client)
    assert main(["restore", COPY], ENVIRONMENT) == 0
    assert plain(client) == before
    assert "With --apply" in capsys.readouterr().out
    assert main(["restore", COPY, "--apply"], ENVIRONMENT) == 0
    assert plain(client) == copied


def test_a_table_cannot_be_restored_from_itself(
    client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["restore", TABLE, "--apply"], ENVIRONMENT) == 2
    assert "itself" in capsys.readouterr().err


@pytest.fixture
def stage(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Provide a stage with this table, on an engine that makes backups."""
    if not IS_MOTO:
        pytest.skip("the engine has no point-in-time recovery")
    outputs = {"TableName": TABLE, "MediaBucketName": BUCKET}
    output = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
    monkeypatch.setattr(restore, "deployed", lambda stage: {"Outputs": output})
    monkeypatch.setattr("sys.argv", ["restore", "staging"])
    monkeypatch.delenv("AT", raising=False)
    yield client
    for name in client.list_tables()["TableNames"]:
        if name != TABLE:
            client.delete_table(TableName=name)


def test_a_drill_restores_and_checks_a_copy_and_deletes_it(
    people: PeopleFixture, stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before = plain(stage)
    assert restore.main(poll_seconds=0) == 0
    output = capsys.readouterr().out
    posts = sum(key[1] == "POST" for key in before)
    assert f"has {len(before)} items, including {posts} posts. All posts can be read" in output
    assert "0 items were deleted, 0 changed and 0 created" in output
    assert "Deleted " in output
    assert stage.list_tables()["TableNames"] == [TABLE]
    assert plain(stage) == before


def test_a_drill_reports_an_unreadable_post(
    people: PeopleFixture, stage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.put_item(TableName=TABLE, Item={"pk": {"S": "POST#1"}, "sk": {"S": "POST"}})
    assert restore.main(poll_seconds=0) == 1
    assert "POST#1 cannot be read" in capsys.readouterr().err
    assert stage.list_tables()["TableNames"] == [TABLE]


def test_a_point_in_time_is_restored_to_a_new_table_and_the_next_command_is_printed(
    people: PeopleFixture, stage: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    at_time = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setenv("AT", f"{at_time:%Y-%m-%dT%H:%M:%SZ}")
    assert restore.main(poll_seconds=0) == 0
    copy = f"{TABLE}-{at_time:%Y%m%dT%H%M%S}"
    assert set(stage.list_tables()["TableNames"]) == {TABLE, copy}
    output = capsys.readouterr().out
    assert f"TABLE_NAME={TABLE} MEDIA_BUCKET={BUCKET}" in output
    assert f"blog.admin restore {copy}" in output


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("2001-01-31T09:30:00Z", "in the last 25 days"),
        ("2999-01-31T09:30:00Z", "in the last 25 days"),
        ("yesterday", "not 'yesterday'"),
    ],
)
def test_an_impossible_point_in_time_is_refused(
    stage: Any, monkeypatch: pytest.MonkeyPatch, at: str, why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("AT", at)
    assert restore.main(poll_seconds=0) == 1
    assert why in capsys.readouterr().err
    assert stage.list_tables()["TableNames"] == [TABLE]
