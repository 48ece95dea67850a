"""Deletion of posts, and jobs: posts are hidden at once, and jobs finish after any interruption."""

import importlib
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key
from blog.dynamodb.table import Table
from blog.errors import NotFound, Unavailable
from blog.jobs.runner import run_jobs
from blog.posts.model import Post
from tests.support.handlers import Call, json_body, problem
from tests.support.posts import (
    NO_BUCKET,
    TABLE,
    Blog,
    RacingTable,
    create,
    edit,
    expected_items,
    stored,
    stored_items,
)
from tests.support.samples import ALICE, BOB, LambdaContext, sample_event


def create_large_post(posts: Blog, client: Any, comments: int = 130) -> Post:
    """Create a published post with tags, former slugs, revisions, and items like those of
    comments."""
    post = create(posts, status="published", tags=["a", "b"], slug="first")
    for number in range(4):
        post = edit(posts, post, body=str(number), slug=f"slug-{number}")
    for number in range(comments):
        key = {"pk": {"S": f"POST#{post.id}"}, "sk": {"S": f"COMMENT#{number:03}"}}
        client.put_item(TableName=TABLE, Item={**key, "text": {"S": "x" * 1000}})
    return post


def assert_gone(posts: Blog, post: Post) -> None:
    with pytest.raises(NotFound):
        posts.published(post.id)
    with pytest.raises(NotFound):
        posts.owned_by(ALICE, post.id)
    with pytest.raises(NotFound):
        posts.published_by_slug(post.slug)
    with pytest.raises(NotFound):
        posts.revision(ALICE, post.id, post.revisions[0])
    assert posts.feed(limit=9, cursor=None).items == []
    assert posts.tagged("a", limit=9, cursor=None).items == []
    assert posts.tags(limit=9, cursor=None).items == []
    assert posts.list_owned_by(ALICE, status=None, limit=9, cursor=None).items == []
    assert posts.newest_of_all(9) == []


def test_a_deleted_post_is_hidden_at_once_and_the_jobs_remove_all_of_it(
    posts: Blog, table: Table, client: Any
) -> None:
    post = create_large_post(posts, client)
    other = create(posts, BOB, status="published", tags=["c"])
    posts.delete(other.id, sub=BOB, if_match=None)
    posts.delete(post.id, sub=ALICE, if_match=None)
    assert_gone(posts, post)
    assert create(posts, BOB, slug="first").slug == "first", "its slugs are free at once"
    done, left = run_jobs(table, NO_BUCKET)
    assert (done > 0, left) == (True, {})
    remaining = {key[0] for key in stored(client)}
    assert not any(post.id in one or other.id in one for one in remaining)
    assert run_jobs(table, NO_BUCKET) == (0, {})


def test_a_deletion_leaves_other_posts_unchanged(posts: Blog, table: Table, client: Any) -> None:
    other_post = create(posts, BOB, status="published", tags=["a"])
    other_post = edit(posts, other_post, BOB, body="edited")
    post = create_large_post(posts, client)
    posts.delete(post.id, sub=ALICE, if_match=None)
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == expected_items([other_post])
    assert [(row.tag, row.count) for row in posts.tags(limit=9, cursor=None).items] == [("a", 1)]


def test_the_deletion_of_a_draft_that_was_never_public_needs_no_job(
    posts: Blog, client: Any
) -> None:
    post = create(posts)
    posts.delete(post.id, sub=ALICE, if_match=None)
    assert {sk for _, sk in stored(client)} == {"BAN"}, "which counts the writes of the hour"


class CrashingTable(Table):
    """A table that kills the function at its n-th writing call."""

    def __init__(self, client: Any, calls: int, *, is_after: bool) -> None:
        super().__init__(client, TABLE)
        self.calls_left = calls
        self.is_after = is_after

    def _crash(self, write: Callable[[], None]) -> None:
        self.calls_left -= 1
        if self.calls_left == 0 and not self.is_after:
            raise KeyboardInterrupt
        write()
        if self.calls_left == 0:
            raise KeyboardInterrupt

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        self._crash(partial(super().transact, actions, token))

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Delete the items one by one, so that there are many points of interruption."""
        for key in keys:
            self._crash(partial(super().delete_all, [key]))


@pytest.mark.parametrize("is_after", [False, True])
def test_the_next_run_finishes_after_a_crash_at_any_point(
    posts: Blog, table: Table, client: Any, is_after: bool
) -> None:
    other_post = create(posts, BOB, status="published", tags=["a"])
    calls = 0
    while True:
        calls += 1
        post = create_large_post(posts, client, comments=3)
        posts.delete(post.id, sub=ALICE, if_match=None)
        try:
            run_jobs(CrashingTable(client, calls, is_after=is_after), NO_BUCKET)
        except KeyboardInterrupt:
            assert_gone_but(posts, other_post)
            run_jobs(table, NO_BUCKET)
            assert stored_items(client) == expected_items([other_post])
            assert all(key[0] != "JOBS" for key in stored(client))
        else:
            break
    assert calls > 10


def assert_gone_but(posts: Blog, other_post: Post) -> None:
    assert [row.id for row in posts.feed(limit=9, cursor=None).items] == [other_post.id]
    assert [row.tag for row in posts.tags(limit=9, cursor=None).items] == ["a"]


def test_two_runs_at_once_leave_the_table_consistent(posts: Blog, client: Any) -> None:
    other_post = create(posts, BOB, status="published", tags=["a"])
    post = create_large_post(posts, client, comments=3)
    posts.delete(post.id, sub=ALICE, if_match=None)
    first, second = RacingTable(client, TABLE), Table(client, TABLE)
    first.before_write = [lambda: run_jobs(second, NO_BUCKET)]
    run_jobs(first, NO_BUCKET)
    assert stored_items(client) == expected_items([other_post])


def test_a_run_that_is_out_of_time_leaves_the_rest_to_the_next(
    posts: Blog, table: Table, client: Any
) -> None:
    post = create_large_post(posts, client)
    posts.delete(post.id, sub=ALICE, if_match=None)
    assert run_jobs(table, NO_BUCKET, lambda: True)[0] == 0
    looks = iter([False, False, *[True] * 99])
    _, left = run_jobs(table, NO_BUCKET, lambda: next(looks))
    assert left["DELETION"] == 1
    assert any(key[0] == f"POST#{post.id}" for key in stored(client)), "half of it is stored"
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == {}


def test_a_failing_job_does_not_stop_the_others(
    posts: Blog, table: Table, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = create(posts, status="published"), create(posts, BOB, status="published")
    for post in (first, second):
        posts.delete(post.id, sub=post.owner, if_match=None)
    keys_of = table.keys_of

    def unavailable(partition: str, limit: int) -> list[Key]:
        if first.id in partition:
            raise Unavailable
        return keys_of(partition, limit)

    monkeypatch.setattr(table, "keys_of", unavailable)
    done, left = run_jobs(table, NO_BUCKET)
    assert (done, left) == (1, {"DELETION": 1})
    monkeypatch.undo()
    assert run_jobs(table, NO_BUCKET) == (1, {})


@pytest.fixture
def _only_jobs_remove_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make DynamoDB unavailable after each transaction, so that its jobs stay."""

    def unavailable(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr("blog.posts.empty_counters._remove_emptied", unavailable)


@pytest.mark.usefixtures("_only_jobs_remove_counters")
def test_a_tag_that_is_used_again_before_the_job_runs_stays(
    posts: Blog, table: Table, client: Any
) -> None:
    post = create(posts, status="published", tags=["a"])
    edit(posts, post, tags=[])
    assert posts.tags(limit=9, cursor=None).items == []
    post = edit(posts, post, tags=["a"])
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == expected_items([post])


@pytest.mark.usefixtures("_only_jobs_remove_counters")
def test_a_counter_that_drops_while_a_job_reads_it_gets_another_job(
    posts: Blog, client: Any, table: Table
) -> None:
    """GIVEN a job that finds the tag in use, and a post that drops the tag before the job ends."""
    first = create(posts, status="published", tags=["a"])
    second = create(posts, BOB, status="published", tags=["a"])
    edit(posts, first, tags=[])
    slow = RacingTable(client, TABLE)
    slow.before_write = [lambda: None, lambda: edit(posts, second, BOB, tags=[])]
    run_jobs(slow, NO_BUCKET)
    assert any(key[0] == "JOBS" for key in stored(client)), "the new job is still stored"
    run_jobs(table, NO_BUCKET)
    assert ("TAGS", "TAG#a") not in stored(client)
    assert not any(key[0] == "JOBS" for key in stored(client))


@pytest.mark.usefixtures("_only_jobs_remove_counters")
def test_deletion_over_http_and_the_jobs_function(
    call: Call,
    client: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    post: dict[str, Any],
) -> None:
    app = importlib.import_module("functions.jobs.app")
    monkeypatch.setattr(app, "table", Table(client, TABLE))
    call("posts-edit", post_id=post["id"], body={"status": "published", "tags": ["x"]})
    call("posts-edit", post_id=post["id"], body={"body": "changed"})
    assert json_body(call("public-list-tags"))["items"] == [{"tag": "x", "count": 1}]
    assert call("posts-delete", post_id=post["id"])["statusCode"] == 204
    for name in ("public-get-post", "posts-get-mine", "posts-list-revisions"):
        problem(call(name, post_id=post["id"]), 404)
    assert json_body(call("public-list-tags")) == {"items": [], "next_cursor": None}
    event = sample_event("jobs-schedule")
    assert app.handler(event, LambdaContext(1_000)) == {"done": 0, "left": 3}
    assert app.handler(event, LambdaContext()) == {"done": 3, "left": 0}
    assert stored_items(client) == {}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [(one["service"], one["JobsLeft"]) for one in lines] == [
        ("jobs", [3.0]),
        ("jobs", [0.0]),
    ]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
