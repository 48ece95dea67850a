"""Races with erasures and merges that lost data once."""

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import pytest

from blog.accounts import erasure
from blog.accounts.merge import AccountMerge
from blog.clock import now
from blog.comments.model import Comment
from blog.comments.schemas import NewComment
from blog.comments.service import Comments
from blog.comments.transactions import creation
from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.keys import (
    JOBS,
    Key,
    comment_key,
    pending_comment_key,
    profile_key,
    stats_key,
)
from blog.dynamodb.resumable import OutOfTime
from blog.dynamodb.table import Range, Table
from blog.errors import Unavailable
from blog.identifiers import new_id
from blog.jobs.runner import run_jobs
from blog.people.write_access import require_closed
from blog.posts.model import Stats
from blog.reactions.service import Reactions
from blog.s3 import Bucket
from tests.support.consistency import faults, plain
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, json_body, problem
from tests.support.people import NAME, PeopleFixture, finish_jobs, finished, person_of
from tests.support.posts import TABLE, RacingTable
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR


def once_before(
    monkeypatch: pytest.MonkeyPatch, target: Any, step: str, act: Callable[[], Any]
) -> None:
    """Call `act` before the first call of a step."""
    real = getattr(target, step)
    acted: list[bool] = []

    def later(*arguments: Any) -> Any:
        if not acted:
            acted.append(True)
            act()
        return real(*arguments)

    monkeypatch.setattr(target, step, later)


def assert_gone(client: Any, sub: str) -> None:
    items = finished(client)
    assert faults(items) == []
    assert not [key for key, item in items.items() if sub in json.dumps(item, default=str)]


def erase_account(people: PeopleFixture, content: str, sub: str = ALICE) -> None:
    people.send("account-delete-me", sub, query={"content": content})


def test_a_comment_that_becomes_pending_while_the_posts_change_owner_is_found(
    people: PeopleFixture,
    client: Any,
    table: Table,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newcomer = person_of("auth0|newcomer")
    erase_account(people, "anonymise")

    def add_pending_comment() -> None:
        """Add a comment that became pending before the profile was deleted."""
        stats = Stats.model_validate(table.get(stats_key(people.published_post)))
        comment = Comment(
            id=new_id(now()), post_id=people.published_post, owner=newcomer.sub, is_pending=True,
            author_id=newcomer.author_id, body="x", body_html="x", created_at=now(),
            updated_at=now(),
        )  # fmt: skip
        table.transact([*creation(comment, stats)])

    once_before(monkeypatch, erasure._Erasure, "posts", add_pending_comment)
    finish_jobs(table, bucket)
    assert_gone(client, ALICE)
    erase_account(people, "erase", newcomer.sub)
    finish_jobs(table, bucket)
    assert_gone(client, newcomer.sub)


class SkewedTable(Table):
    """A table that lets another writer act between the reads of two items.

    DynamoDB may behave so, because its batches are not snapshots.
    """

    def __init__(self, client: Any, apart: tuple[Key, Key], act: Callable[[], Any]) -> None:
        super().__init__(client, TABLE)
        self._apart = apart
        self._act: Callable[[], Any] | None = act

    def get_all(self, keys: Iterable[Key]) -> dict[Key, Item]:
        wanted = list(keys)
        first, second = self._apart
        if self._act is None or first not in wanted or second not in wanted:
            return super().get_all(wanted)
        act, self._act = self._act, None
        found = super().get_all(key for key in wanted if key != second)
        act()
        return found | super().get_all([second])


@pytest.mark.parametrize("process", ["erase", "merge"])
def test_a_comment_that_is_approved_between_two_reads_is_found(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket, process: str
) -> None:
    key_parts = people.carols_post, people.alices_pending_comment
    parts = {COMMENT_PART: people.alices_pending_comment}
    table = SkewedTable(
        client,
        (comment_key(*key_parts), pending_comment_key(*key_parts)),
        lambda: people.send("comments-approve", CAROL, post_id=people.carols_post, parts=parts),
    )
    if process == "merge":
        AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    else:
        erase_account(people, process)
        finish_jobs(table, bucket)
    assert_gone(client, ALICE)


def merge_before_the_write(client: Any, bucket: Bucket) -> RacingTable:
    """Return a table that merges Alice's account into Dave's between a read and the next write."""
    racing_table = RacingTable(client, TABLE)
    merge = AccountMerge(Table(client, TABLE), bucket, person_of(ALICE), person_of(DAVE))
    racing_table.before_write = [merge.apply]
    return racing_table


def test_a_new_comment_on_a_post_that_is_merged_before_the_write_is_pending_for_the_new_owner(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket
) -> None:
    comments = Comments(merge_before_the_write(client, bucket))
    new = NewComment(body="Hello")
    made = comments.create(people.published_post, new, writer=person_of("auth0|newcomer"))
    assert made.status == "pending", "the post's new owner must approve it"
    finish_jobs(table, bucket)
    assert_gone(client, ALICE)
    pending = people.send("comments-list-pending", DAVE)["items"]
    assert made.id in [one["id"] for one in pending]


def test_an_approval_of_a_comment_that_is_merged_before_the_write_succeeds(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket
) -> None:
    comments = Comments(merge_before_the_write(client, bucket))
    comments.approve(people.carols_post, people.alices_pending_comment, author=person_of(CAROL))
    assert_gone(client, ALICE)
    (listed,) = people.send("public-list-comments", CAROL, post_id=people.carols_post)["items"]
    assert listed["author"]["id"] == person_of(DAVE).author_id


def test_a_post_is_removed_while_a_merge_moves_its_comments(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket
) -> None:
    people.send("posts-delete", BOB, post_id=people.bobs_post)
    run_jobs(merge_before_the_write(client, bucket), bucket)
    finish_jobs(table, bucket)
    assert_gone(client, ALICE)


def test_a_post_is_deleted_while_an_erasure_deletes_its_comments(
    people: PeopleFixture,
    client: Any,
    table: Table,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    erase_account(people, "erase")
    once_before(
        monkeypatch, erasure._Erasure, "_comment",
        lambda: people.send("posts-delete", BOB, post_id=people.bobs_post),
    )  # fmt: skip
    run_jobs(table, bucket)
    assert json_body(people.call("account-get-erasure"))["status"] == "erasing", "not finished yet"
    finish_jobs(table, bucket)
    assert_gone(client, ALICE)


def test_an_erasure_removes_a_follow_that_a_merge_moves_before_its_position(
    people: PeopleFixture,
    client: Any,
    table: Table,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lowest = min(person_of(BOB).author_id, person_of(CAROL).author_id)
    subs = (f"auth0|{n}" for n in itertools.count())
    other = next(sub for sub in subs if person_of(sub).author_id < lowest)
    people.send("account-edit-me", other, body={"name": "O"})
    erase_account(people, "erase")
    merge = AccountMerge(Table(client, TABLE), bucket, person_of(BOB), person_of(other))
    once_before(monkeypatch, Reactions, "unfollow", merge.apply)
    finish_jobs(table, bucket)
    assert_gone(client, ALICE)


def test_an_account_cannot_be_erased_while_another_is_merged_into_it(
    people: PeopleFixture, client: Any, bucket: Bucket, call: Call
) -> None:
    details: list[str] = []

    def try_erasure() -> None:
        refused = call("account-delete-me", sub=DAVE, query={"content": "erase"})
        details.append(problem(refused, 409)["detail"])
        assert call("posts-create", sub=DAVE)["statusCode"] == 201, "it may still write"

    racing_table = RacingTable(client, TABLE)
    racing_table.before_write = [*[lambda: None] * 8, try_erasure]
    AccountMerge(racing_table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    assert "being merged" in details[0]
    assert_gone(client, ALICE)
    assert (f"AUTHOR#{person_of(DAVE).author_id}", "BAN") not in plain(client)
    assert call("account-delete-me", sub=DAVE)["statusCode"] == 202


def test_two_merges_at_once_leave_all_data_consistent(
    people: PeopleFixture, shared: Any, client: Any, table: Table, bucket: Bucket
) -> None:
    """Bob's account is merged while Alice's is. He comments on her posts and follows her."""
    for position in range(0, 60, 2):
        shared.snapshot.restore()
        alices = AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE))
        racing_table = RacingTable(client, TABLE)
        racing_table.before_write = [*[lambda: None] * position, alices.apply]
        bobs = AccountMerge(racing_table, bucket, person_of(BOB), person_of("auth0|bob-again"))
        try:
            bobs.apply()
        except OutOfTime:  # the next run handles the rows that her merge added
            bobs.apply()
        if not racing_table.before_write:
            assert_gone(client, ALICE)
            assert_gone(client, BOB)
    assert racing_table.before_write, "the last position is after the end"


def test_a_ban_during_a_merge_applies_to_the_new_account(
    people: PeopleFixture, client: Any, bucket: Bucket, call: Call
) -> None:
    def ban() -> None:
        parts = {AUTHOR_PART: person_of(ALICE).author_id}
        people.send("moderation-ban", MODERATOR, parts=parts, body={"reason": "Enough."})

    racing_table = RacingTable(client, TABLE)
    racing_table.before_write = [*[lambda: None] * 12, ban]
    AccountMerge(racing_table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    assert not racing_table.before_write
    assert_gone(client, ALICE)
    assert "banned" in problem(call("posts-create", sub=DAVE), 403)["detail"]


class ActingTable(Table):
    """A table where another writer acts before the first transaction that writes a key."""

    def __init__(self, client: Any, key: Key, act: Callable[[], Any]) -> None:
        super().__init__(client, TABLE)
        self._key = key
        self.act: Callable[[], Any] | None = act

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        if self.act is not None and self._key in [action.key for action in actions]:
            act, self.act = self.act, None
            act()
        super().transact(actions, token)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("cleared", [ALICE, DAVE])
def test_a_clearing_before_a_merge_moves_the_profile_applies_to_the_new_account(
    people: PeopleFixture, client: Any, bucket: Bucket, call: Call, cleared: str, *, ends: bool
) -> None:
    parts = {AUTHOR_PART: person_of(cleared).author_id}

    def clear() -> None:
        people.send("moderation-clear-profile", MODERATOR, parts=parts)
        if ends:
            people.send("moderation-end-clearing", MODERATOR, parts=parts)

    acting_table = ActingTable(client, profile_key(person_of(ALICE).author_id), clear)
    AccountMerge(acting_table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    assert acting_table.act is None
    assert_gone(client, ALICE)
    account = json_body(call("account-get-me", sub=DAVE))
    if (cleared, ends) == (DAVE, True):
        assert account["name"] == NAME, "it came after the clearing"
    else:
        assert (account["name"], account["bio"], account["picture"]) == (None, None, None)
    assert (account["profile_cleared"] is None) == ends


@pytest.mark.parametrize("event", ["moderation-ban", "moderation-clear-profile"])
def test_a_decision_at_any_time_of_a_merge_applies_to_the_new_account(
    people: PeopleFixture, shared: Any, client: Any, bucket: Bucket, event: str
) -> None:
    parts = {AUTHOR_PART: person_of(ALICE).author_id}

    def merge(before_write: list[Callable[[], Any]]) -> RacingTable:
        shared.snapshot.restore()
        racing_table = RacingTable(client, TABLE)
        racing_table.before_write = before_write
        AccountMerge(racing_table, bucket, person_of(ALICE), person_of(DAVE)).apply()
        return racing_table

    count = 100 - len(merge([lambda: None] * 100).before_write)
    assert count > 25
    for position in {*range(0, count, 6), count - 2, count - 1}:
        decide = partial(people.send, event, MODERATOR, parts=parts)
        assert not merge([*[lambda: None] * position, decide]).before_write
        assert_gone(client, ALICE)
        new = plain(client)[f"AUTHOR#{person_of(DAVE).author_id}", "BAN"]
        assert {"banned_at", "cleared_at"} & new.keys(), position


class SlowTable(Table):
    """A table that lists the jobs, then lets other runs finish them and add new ones."""

    act: Callable[[], Any] | None = None

    def query(self, wanted: Range, limit: int) -> list[Item]:
        found = super().query(wanted, limit)
        if wanted.partition == JOBS and self.act is not None:
            act, self.act = self.act, None
            act()
        return found


def test_a_job_runs_with_its_current_content_and_not_as_it_was_listed(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket, call: Call
) -> None:
    erase_account(people, "anonymise")
    slow_table = SlowTable(client, TABLE)

    def others() -> None:
        finish_jobs(table, bucket)
        assert json_body(call("account-get-erasure"))["status"] == "done"
        people.post(ALICE, "Second")
        erase_account(people, "erase")

    slow_table.act = others
    run_jobs(slow_table, bucket)
    finish_jobs(table, bucket)
    titles = {item["title"] for key, item in plain(client).items() if key[1] == "POST"}
    assert "Kept" in titles
    assert "Second" not in titles


def test_an_export_that_is_requested_again_is_made_in_the_same_run(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket, call: Call
) -> None:
    people.send("account-create-export", ALICE)
    slow_table = SlowTable(client, TABLE)

    def others() -> None:
        finish_jobs(table, bucket)
        people.send("account-create-export", ALICE)

    slow_table.act = others
    run_jobs(slow_table, bucket)
    finish_jobs(table, bucket)
    assert json_body(call("account-get-export"))["status"] == "ready"


def test_an_export_that_fails_too_often_is_dropped_and_can_be_requested_again(
    people: PeopleFixture,
    table: Table,
    bucket: Bucket,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people.send("account-create-export", ALICE)
    with monkeypatch.context() as patched:

        def fails(*_: Any) -> None:
            raise OSError

        patched.setattr(Bucket, "upload", fails)
        for _ in range(5):
            assert run_jobs(table, bucket) == (0, {"EXPORT": 1})
    assert json_body(call("account-get-export"))["status"] == "preparing"
    finish_jobs(table, bucket)
    assert json_body(call("account-get-export"))["status"] == "none"
    people.send("account-create-export", ALICE)
    finish_jobs(table, bucket)
    assert json_body(call("account-get-export"))["status"] == "ready"


def test_revisions_are_deleted_when_the_erasure_is_done(
    people: PeopleFixture, client: Any, table: Table, bucket: Bucket
) -> None:
    writer = "auth0|writer"
    post_id = people.post(writer, "Rewritten")
    people.send("posts-edit", writer, post_id=post_id, body={"body": "second"})
    erase_account(people, "erase", writer)
    run_jobs(table, bucket)
    assert json_body(people.call("account-get-erasure", sub=writer))["status"] == "done"
    assert not [key for key in plain(client) if key[0] == f"POST#{post_id}"]


def test_a_late_write_of_an_erasure_does_not_change_a_new_account(
    people: PeopleFixture, table: Table, bucket: Bucket, call: Call
) -> None:
    """An abandoned request may reach DynamoDB long after the end of the erasure."""
    sent: list[list[Action]] = []
    write = table.write

    def record(actions: Sequence[Action]) -> None:
        sent.append([*actions])
        write(actions)

    erase_account(people, "erase")
    table.write = record  # type: ignore[method-assign] # records the actions
    finish_jobs(table, bucket)
    people.send("account-edit-me", ALICE, body={"name": "Alice again"})
    people.post(ALICE, "Again")
    people.send("account-create-export", ALICE)
    before = plain(table._client)
    late = [actions for actions in sent if actions[0] == require_closed(person_of(ALICE).author_id)]
    assert len(late) >= 4
    for actions in late:
        with pytest.raises(ConditionRefused):
            table.transact(actions)
    assert plain(table._client) == before


def test_an_outage_at_its_start_does_not_leave_a_job_leased(
    people: PeopleFixture, table: Table, bucket: Bucket, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.send("account-create-export", ALICE)

    def unavailable(_: Key) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(table, "get", unavailable)  # the call after the lease
        assert run_jobs(table, bucket) == (0, {"EXPORT": 1})
    assert run_jobs(table, bucket) == (1, {})
    assert json_body(call("account-get-export"))["status"] == "ready"
