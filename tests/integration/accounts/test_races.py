"""Races that were lost once: between two reads of an erasure, or while another one runs."""

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
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
from blog.dynamodb.keys import JOBS, Key, comment_key, pending_comment_key, stats_key
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
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, document, problem
from tests.support.people import Neighbourhood, finish, named
from tests.support.posts import TABLE, Interfering
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR


def once_before(
    monkeypatch: pytest.MonkeyPatch, of: Any, step: str, act: Callable[[], Any]
) -> None:
    """Let somebody act before the first call of a step."""
    real = getattr(of, step)
    acted: list[bool] = []

    def later(*arguments: Any) -> Any:
        if not acted:
            acted.append(True)
            act()
        return real(*arguments)

    monkeypatch.setattr(of, step, later)


def assert_gone(client: Any, sub: str) -> None:
    items = plain(client)
    assert faults(items) == []
    assert not [key for key, item in items.items() if sub in json.dumps(item, default=str)]


def leave(world: Neighbourhood, content: str, sub: str = ALICE) -> None:
    world.send("account-delete-me", sub, query={"content": content})


def test_a_comment_that_comes_to_wait_while_the_posts_move(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer = named("auth0|newcomer")
    leave(world, "anonymise")

    def comes() -> None:
        """Its writer was told to wait before the profile was gone."""
        stats = Stats.model_validate(table.get(stats_key(world.kept)))
        comment = Comment(
            id=new_id(now()), post_id=world.kept, owner=newcomer.sub, is_pending=True,
            author_id=newcomer.author_id, body="x", body_html="x", created_at=now(),
            updated_at=now(),
        )  # fmt: skip
        table.transact([*creation(comment, stats)])

    once_before(monkeypatch, erasure._Erasure, "posts", comes)
    finish(table, bucket)
    assert_gone(client, ALICE)
    leave(world, "erase", newcomer.sub)
    finish(table, bucket)
    assert_gone(client, newcomer.sub)


class Skewed(Table):
    """Reads two items one after the other, and lets somebody write in between: as DynamoDB may,
    whose batches are no snapshots."""

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
def test_a_comment_that_is_approved_between_two_reads_is_not_missed(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, process: str
) -> None:
    where = world.carols, world.unapproved
    parts = {COMMENT_PART: world.unapproved}
    table = Skewed(
        client,
        (comment_key(*where), pending_comment_key(*where)),
        lambda: world.send("comments-approve", CAROL, post_id=world.carols, parts=parts),
    )
    if process == "merge":
        AccountMerge(table, bucket, named(ALICE), named(DAVE)).apply()
    else:
        leave(world, process)
        finish(table, bucket)
    assert_gone(client, ALICE)


def merge_before_the_write(client: Any, bucket: Bucket) -> Interfering:
    """A table on which somebody has read, and before they write Alice is joined to Dave."""
    rival = Interfering(client, TABLE)
    merge = AccountMerge(Table(client, TABLE), bucket, named(ALICE), named(DAVE))
    rival.before_write = [merge.apply]
    return rival


def test_a_comment_on_a_post_that_moves_before_it_is_written(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket
) -> None:
    comments = Comments(merge_before_the_write(client, bucket))
    new = NewComment(body="Hello")
    made = comments.create(world.kept, new, writer=named("auth0|newcomer"))
    assert made.status == "pending", "it waits for whose post it is now"
    finish(table, bucket)
    assert_gone(client, ALICE)
    waiting = world.send("comments-list-waiting", DAVE)["items"]
    assert made.id in [one["id"] for one in waiting]


def test_a_comment_that_moves_before_its_approval_is_written(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket
) -> None:
    comments = Comments(merge_before_the_write(client, bucket))
    comments.approve(world.carols, world.unapproved, author=named(CAROL))
    assert_gone(client, ALICE)
    (shown,) = world.send("public-list-comments", CAROL, post_id=world.carols)["items"]
    assert shown["author"]["id"] == named(DAVE).author_id


def test_comments_that_move_while_the_post_above_them_is_removed(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket
) -> None:
    world.send("posts-delete", BOB, post_id=world.bobs)
    run_jobs(merge_before_the_write(client, bucket), bucket)
    finish(table, bucket)
    assert_gone(client, ALICE)


def test_a_post_that_goes_while_the_comments_under_it_do(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(world, "erase")
    once_before(
        monkeypatch, erasure._Erasure, "_comment",
        lambda: world.send("posts-delete", BOB, post_id=world.bobs),
    )  # fmt: skip
    run_jobs(table, bucket)
    assert document(world.call("account-get-erasure"))["status"] == "erasing", "not done yet"
    finish(table, bucket)
    assert_gone(client, ALICE)


def test_a_merge_that_moves_whom_they_follow_to_a_place_read_before(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowest = min(named(BOB).author_id, named(CAROL).author_id)
    subs = (f"auth0|{n}" for n in itertools.count())
    other = next(sub for sub in subs if named(sub).author_id < lowest)
    world.send("account-edit-me", other, body={"name": "O"})
    leave(world, "erase")
    merge = AccountMerge(Table(client, TABLE), bucket, named(BOB), named(other))
    once_before(monkeypatch, Reactions, "unfollow", merge.apply)
    finish(table, bucket)
    assert_gone(client, ALICE)


def test_who_is_joined_to_cannot_leave_until_that_is_done(
    world: Neighbourhood, client: Any, bucket: Bucket, call: Call
) -> None:
    told: list[str] = []

    def goes() -> None:
        refused = call("account-delete-me", sub=DAVE, query={"content": "erase"})
        told.append(problem(refused, 409)["detail"])
        assert call("posts-create", sub=DAVE)["statusCode"] == 201, "but write they may"

    rival = Interfering(client, TABLE)
    rival.before_write = [*[lambda: None] * 8, goes]
    AccountMerge(rival, bucket, named(ALICE), named(DAVE)).apply()
    assert "being joined" in told[0]
    assert_gone(client, ALICE)
    assert (f"AUTHOR#{named(DAVE).author_id}", "BAN") not in plain(client)
    assert call("account-delete-me", sub=DAVE)["statusCode"] == 202


def test_two_merges_at_once(
    world: Neighbourhood, settled: Any, client: Any, table: Table, bucket: Bucket
) -> None:
    """Bob's, while Alice's goes on, on whose posts he speaks and waits, and whom he follows."""
    for position in range(0, 60, 2):
        settled.snapshot.restore()
        alices = AccountMerge(table, bucket, named(ALICE), named(DAVE))
        rival = Interfering(client, TABLE)
        rival.before_write = [*[lambda: None] * position, alices.apply]
        bobs = AccountMerge(rival, bucket, named(BOB), named("auth0|bob-again"))
        try:
            bobs.apply()
        except OutOfTime:  # what hers put behind his is for the next run
            bobs.apply()
        if not rival.before_write:
            assert_gone(client, ALICE)
            assert_gone(client, BOB)
    assert rival.before_write, "the last of them came after the end"


def test_a_ban_that_comes_while_they_are_joined_is_the_new_ones_too(
    world: Neighbourhood, client: Any, bucket: Bucket, call: Call
) -> None:
    def ban() -> None:
        parts = {AUTHOR_PART: named(ALICE).author_id}
        world.send("moderation-ban", MODERATOR, parts=parts, body={"reason": "Enough."})

    rival = Interfering(client, TABLE)
    rival.before_write = [*[lambda: None] * 12, ban]
    AccountMerge(rival, bucket, named(ALICE), named(DAVE)).apply()
    assert not rival.before_write
    assert_gone(client, ALICE)
    assert "banned" in problem(call("posts-create", sub=DAVE), 403)["detail"]


class Behind(Table):
    """Lists the jobs, and is slow to begin: meanwhile others do them, and new ones are given."""

    act: Callable[[], Any] | None = None

    def query(self, wanted: Range, limit: int) -> list[Item]:
        found = super().query(wanted, limit)
        if wanted.partition == JOBS and self.act is not None:
            act, self.act = self.act, None
            act()
        return found


def test_a_job_is_done_as_it_is_now_and_not_as_it_was_listed(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, call: Call
) -> None:
    leave(world, "anonymise")
    behind = Behind(client, TABLE)

    def others() -> None:
        finish(table, bucket)
        assert document(call("account-get-erasure"))["status"] == "done"
        world.post(ALICE, "Second")
        leave(world, "erase")

    behind.act = others
    run_jobs(behind, bucket)
    finish(table, bucket)
    titles = {item["title"] for key, item in plain(client).items() if key[1] == "POST"}
    assert "Kept" in titles
    assert "Second" not in titles


def test_an_export_that_was_asked_for_anew_is_made_at_once(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket, call: Call
) -> None:
    world.send("account-create-export", ALICE)
    behind = Behind(client, TABLE)

    def others() -> None:
        finish(table, bucket)
        world.send("account-create-export", ALICE)

    behind.act = others
    run_jobs(behind, bucket)
    finish(table, bucket)
    assert document(call("account-get-export"))["status"] == "ready"


def test_an_export_that_fails_too_often_is_given_up_and_may_be_asked_for_again(
    world: Neighbourhood, table: Table, bucket: Bucket, call: Call, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    world.send("account-create-export", ALICE)
    with monkeypatch.context() as patched:

        def fails(*_: Any) -> None:
            raise OSError

        patched.setattr(Bucket, "upload", fails)
        for _ in range(5):
            assert run_jobs(table, bucket) == (0, 1)
    assert document(call("account-get-export"))["status"] == "preparing"
    finish(table, bucket)
    assert document(call("account-get-export"))["status"] == "none"
    world.send("account-create-export", ALICE)
    finish(table, bucket)
    assert document(call("account-get-export"))["status"] == "ready"


def test_former_texts_are_gone_when_it_is_done(
    world: Neighbourhood, client: Any, table: Table, bucket: Bucket
) -> None:
    writer = "auth0|writer"
    post_id = world.post(writer, "Rewritten")
    world.send("posts-edit", writer, post_id=post_id, body={"body": "second"})
    leave(world, "erase", writer)
    run_jobs(table, bucket)
    assert document(world.call("account-get-erasure", sub=writer))["status"] == "done"
    assert not [key for key in plain(client) if key[0] == f"POST#{post_id}"]


def test_what_an_erasure_sent_does_nothing_to_who_came_again(
    world: Neighbourhood, table: Table, bucket: Bucket, call: Call
) -> None:
    """A request that was given up may reach DynamoDB when the erasure has long ended."""
    sent: list[list[Action]] = []
    write = table.write

    def remembered(actions: Sequence[Action]) -> None:
        sent.append([*actions])
        write(actions)

    leave(world, "erase")
    table.write = remembered  # type: ignore[method-assign] # a copy is kept of what goes out
    finish(table, bucket)
    world.send("account-edit-me", ALICE, body={"name": "Alice again"})
    world.post(ALICE, "Again")
    world.send("account-create-export", ALICE)
    before = plain(table._client)
    late = [actions for actions in sent if actions[0] == require_closed(named(ALICE).author_id)]
    assert len(late) >= 4
    for actions in late:
        with pytest.raises(ConditionRefused):
            write(actions)
    assert plain(table._client) == before


def test_an_outage_at_its_beginning_costs_a_job_no_lease(
    world: Neighbourhood, table: Table, bucket: Bucket, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send("account-create-export", ALICE)

    def away(_: Key) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(table, "get", away)  # what comes after the lease
        assert run_jobs(table, bucket) == (0, 1)
    assert run_jobs(table, bucket) == (1, 0)
    assert document(call("account-get-export"))["status"] == "ready"
