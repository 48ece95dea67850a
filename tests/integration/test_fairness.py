"""Nobody's data or requests delay the work of others: jobs, publications and pages."""

import importlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.comments.schemas import NewComment
from blog.comments.service import Comments
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import (
    Key,
    ban_key,
    deletion_job_key,
    empty_counter_job_key,
    pending_comment_key,
    tag_count_key,
)
from blog.dynamodb.table import Table
from blog.errors import Unprocessable
from blog.identifiers import new_id
from blog.jobs import runner
from blog.jobs.runner import count_jobs, run_jobs
from blog.posts.model import Post
from blog.posts.rendering import MAX_COMMENT_HTML, rendered_comment
from blog.posts.scheduling import publish_due
from blog.posts.transactions import change
from blog.s3 import Bucket
from tests.support.handlers import Call, json_body, problem
from tests.support.posts import NO_BUCKET, NO_LIMITS, Blog, create, person
from tests.support.samples import ALICE, BOB, LambdaContext, sample_event

CAROL = "auth0|carol"
PAST = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = PAST + timedelta(hours=2)


class Clock:
    """A clock that moves by a tenth of a second whenever somebody looks at it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(runner, "time", clock)
    return clock


def leftovers(count: int) -> list[Item]:
    """Return the jobs that an account leaves, which creates and deletes tagged posts."""
    jobs = []
    for n in range(count):
        counter = tag_count_key(f"tag-{n:05}")
        row = {"counters": counter.pk, "counter": counter.sk, "stamp": str(n)}
        jobs.append({**empty_counter_job_key(counter)._asdict(), **row})
        post_id = new_id(PAST)
        row = {"post_id": post_id, "author_id": person(BOB).author_id}
        jobs.append({**deletion_job_key(post_id)._asdict(), **row})
    return jobs


@pytest.mark.parametrize("event", ["account-delete-me", "account-create-export"])
def test_an_erasure_and_an_export_start_before_the_leftovers_of_deletions(
    call: Call, table: Table, bucket: Bucket, clock: Clock, event: str
) -> None:
    """A run has time for some of the jobs only."""
    table.put_all(leftovers(120))
    call(event, query={"content": "erase"} if event == "account-delete-me" else None)
    done, left = run_jobs(table, bucket, lambda: clock.now > 12)
    assert 10 < done < 200
    assert not {"ERASURE", "EXPORT"} & left.keys()
    assert left["DELETION"] + left["EMPTY"] == 241 - done
    shares = {kind: 120 - left[kind] for kind in ("DELETION", "EMPTY")}
    assert min(shares.values()) > 10, "each kind has a share"


def test_a_large_erasure_delays_neither_cleanup_nor_other_erasures(
    call: Call, table: Table, bucket: Bucket, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longer than a turn. So it goes on after the turns of the others."""
    for n in range(60):
        create(Blog(table), title=f"Post {n}")
    table.put_all(leftovers(5))
    for sub in (ALICE, BOB, CAROL):
        call("account-delete-me", sub=sub, query={"content": "erase"})
    started: list[str] = []
    try_job = runner._Run._try

    def record(run: Any, job: Item, is_over: Callable[[], bool]) -> bool:
        started.append(job["sk"].partition("#")[0])
        return try_job(run, job, is_over)

    monkeypatch.setattr(runner._Run, "_try", record)
    assert run_jobs(table, bucket) == (13, {})
    assert started[:3] == ["ERASURE"] * 3
    assert started[-1] == "ERASURE", "the large one ends last"
    assert len(started) == 14


def test_a_job_that_is_cut_off_again_and_again_ends(
    posts: Blog, table: Table, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = create(posts, status="published")
    for n in range(60):
        Comments(table, NO_LIMITS).create(
            post.id, NewComment(body=str(n)), writer=person(f"auth0|{n}")
        )
    posts.delete(post.id, sub=ALICE, if_match=None)
    monkeypatch.setattr(runner, "SECONDS_IN_A_TURN", 0.25)
    assert run_jobs(table, NO_BUCKET)[1] == {}


def test_the_jobs_left_are_counted_and_not_guessed(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table.put_all(leftovers(150))
    assert count_jobs(table) == {"DELETION": 150, "EMPTY": 150}
    app = importlib.import_module("functions.jobs.app")
    monkeypatch.setattr(app, "table", table)
    event = sample_event("jobs-schedule")
    assert app.handler(event, LambdaContext(1_000)) == {"done": 0, "left": 300}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metrics,) = (line for line in lines if "_aws" in line)
    assert metrics["JobsLeft"] == [300.0]
    assert (metrics["DeletionJobsLeft"], metrics["EmptyJobsLeft"]) == ([150.0], [150.0])
    assert "ErasureJobsLeft" not in metrics


def test_a_request_removes_the_counters_that_it_empties(posts: Blog, table: Table) -> None:
    tags = [f"tag-{n}" for n in range(10)]
    kept = create(posts, BOB, status="published", tags=["tag-0"])
    for _ in range(3):
        post = create(posts, status="published", tags=tags)
        posts.delete(post.id, sub=ALICE, if_match=None)
    assert [(row.tag, row.count) for row in posts.tags(limit=100, cursor=None).items] == [
        ("tag-0", 1)
    ]
    assert count_jobs(table) == {"DELETION": 3}
    posts.delete(kept.id, sub=BOB, if_match=None)
    assert posts.tags(limit=100, cursor=None).items == []


@pytest.mark.parametrize("count", [250, 400])
def test_tags_take_three_calls_however_many_are_unused(
    posts: Blog, table: Table, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    table.put_all(
        [{**tag_count_key(f"a{n:05}")._asdict(), "count": 0} for n in range(count)]
        + [{**tag_count_key("b")._asdict(), "count": 1}]
    )
    calls: list[str] = []
    call = table._call

    def counted(operation: str, **parameters: Any) -> dict[str, Any]:
        calls.append(operation)
        return call(operation, **parameters)

    monkeypatch.setattr(table, "_call", counted)
    found: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        calls.clear()
        page = posts.tags(limit=20, cursor=cursor)
        assert len(calls) <= 3
        found += [row.tag for row in page.items]
        pages, cursor = pages + 1, page.next_cursor
    assert found == ["b"]
    assert pages >= 2


def scheduled(posts: Blog, sub: str, title: str, at: datetime = PAST) -> Post:
    """Create a post that is due at this time."""
    post = create(posts, sub, title=title, now=PAST - timedelta(days=1))
    changes = {"status": "scheduled", "publish_at": at}
    after = post.model_copy(update=changes | {"lock_version": 2})
    posts._table.write(change(post, after, sub))
    return after


def test_many_due_posts_of_one_author_do_not_delay_those_of_others(
    posts: Blog, table: Table
) -> None:
    for n in range(40):
        scheduled(posts, ALICE, f"A {n}")
    late = [scheduled(posts, sub, sub, PAST + timedelta(hours=1)) for sub in (BOB, CAROL)]
    left = iter([False] * 5 + [True])
    assert publish_due(table, LATER, lambda: next(left)) == (5, 0)
    for post in late:
        assert posts.published(post.id).post.status == "published"


@pytest.mark.parametrize(
    ("block", "status"),
    [
        ({"banned_at": "2026-01-01T00:00:00Z", "reason": "Spam"}, "draft"),
        ({"closed_for": "erasure"}, "draft"),
        ({"closed_for": "merge"}, "scheduled"),
    ],
)
def test_due_posts_of_an_author_who_may_not_write_do_not_stay_at_the_head(
    posts: Blog, table: Table, block: Item, status: str
) -> None:
    blocked = [scheduled(posts, ALICE, f"A {n}") for n in range(3)]
    ban = ban_key(person(ALICE).author_id)
    table.put_all([{**ban._asdict(), **block}])
    late = scheduled(posts, BOB, "B", PAST + timedelta(hours=1))
    assert publish_due(table, LATER) == (1, 0)
    assert posts.published(late.id)
    statuses = {posts.owned_by(ALICE, post.id).post.status for post in blocked}
    assert statuses == {status}


LINK = "[a]: https://a.example '{title}'\n\n{uses}"


@pytest.mark.parametrize(
    "body",
    [
        LINK.format(title="😀" * 700, uses="[a] " * 60),
        LINK.format(title='"' * 900, uses="[a]" * 300),
        LINK.format(title="\\\\" * 400, uses="[a] " * 200),
        "<" * 4_999,
        "&" * 4_999,
        '"' * 4_999,
        "> " * 15 + "<" * 4_000,
        "*a* " * 1_249,
    ],
)
def test_the_html_of_a_comment_has_at_most_20_kib_as_it_is_sent(body: str) -> None:
    assert len(body) <= 5_000
    try:
        html = rendered_comment(body)
    except Unprocessable as e:
        assert e.errors[0].field == "body"
        assert "20 KiB" in e.errors[0].message
    else:
        assert len(json.dumps(html, ensure_ascii=False).encode()) <= MAX_COMMENT_HTML


def test_a_comment_of_5000_characters_fits_in_every_script(call: Call, posts: Blog) -> None:
    post = create(posts, status="published")
    for letter in ("a", "я", "हि", "語", "😀"):
        body = (letter * 5_000)[:5_000]
        assert call("comments-create", post_id=post.id, body={"body": body})["statusCode"] == 201


def test_a_page_of_stored_comments_that_are_too_large_is_short(
    call: Call, posts: Blog, table: Table
) -> None:
    """Comments of 361 KB can only be older than the limit."""
    post = create(posts, status="published")
    made = [json_body(call("comments-create", post_id=post.id, sub=BOB)) for _ in range(20)]
    for comment in made:
        key = Key(f"POST#{post.id}", f"COMMENT#{comment['id']}")
        html = {"html": "x" * 361_000}
        table.write([Action(key, values=html, update="SET body_html = :html")])
    found: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
        response = call("public-list-comments", post_id=post.id, query=query)
        assert len(json.dumps(response).encode()) < 4_000_000
        page = json_body(response)
        found += [row["id"] for row in page["items"]]
        pages, cursor = pages + 1, page["next_cursor"]
    assert found == [comment["id"] for comment in made]
    assert 2 <= pages <= 4


def test_a_page_of_pending_comments_that_are_too_large_is_short(
    call: Call, posts: Blog, table: Table
) -> None:
    call("account-edit-me", body={"name": "A", "approves_first_comments": True})
    post = json_body(call("posts-create", body={"title": "T", "status": "published"}))
    made = [
        json_body(call("comments-create", post_id=post["id"], sub=f"auth0|{n}")) for n in range(20)
    ]
    for comment in made:
        assert comment["status"] == "pending"
        key = pending_comment_key(post["id"], comment["id"])
        html = {"html": "x" * 361_000}
        table.write([Action(key, values=html, update="SET body_html = :html")])
    response = call("comments-list-pending", query={"status": "pending", "limit": "100"})
    assert len(json.dumps(response).encode()) < 4_000_000
    page = json_body(response)
    assert 5 < len(page["items"]) < 20
    query = {"status": "pending", "limit": "100", "cursor": page["next_cursor"]}
    rest = json_body(call("comments-list-pending", query=query))
    ids = [row["id"] for row in (*page["items"], *rest["items"])]
    assert ids[: len(page["items"])] == [one["id"] for one in made][: len(page["items"])]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("event", "query"),
    [
        ("public-list-posts", {"x": "1"}),
        ("public-list-posts", {"limit": "2", "utm_source": "mail"}),
        ("public-feed-atom", {"x": "1"}),
        ("public-feed-json", {"": ""}),
        ("public-tag-feed-atom", {"limit": "1"}),
        ("public-sitemap", {"Month": "2026-01"}),
        ("public-list-tags", {"tag": "a"}),
        ("public-get-post", {"version": "1"}),
        ("public-health", {"x": "1"}),
        ("account-get-me", {"x": "1"}),
        ("posts-create", {"publish": "1"}),
        ("posts-delete", {"force": "1"}),
    ],
)
def test_a_query_parameter_that_a_route_does_not_know_is_400(
    call: Call, event: str, query: dict[str, str]
) -> None:
    refused = problem(call(event, query=query), 400)
    assert "unknown parameter" in refused["detail"]
    assert not set(query) & set(refused["detail"].split("knows: ")[0].split())


def test_an_unknown_route_is_404_whatever_its_query(call: Call) -> None:
    app = importlib.import_module("functions.public.app")
    event = sample_event("public-health") | {"path": "/nothing", "resource": "/nothing"}
    event["multiValueQueryStringParameters"] = {"x": ["1"]}
    assert app.handler(event, LambdaContext())["statusCode"] == 404


def test_every_answer_forbids_sniffing_and_requires_tls(call: Call) -> None:
    for event, status in (("public-health", 200), ("public-get-post", 404), ("posts-create", 201)):
        response = call(event)
        assert response["statusCode"] == status
        headers = response["multiValueHeaders"]
        assert headers["X-Content-Type-Options"] == ["nosniff"]
        assert headers["Strict-Transport-Security"] == ["max-age=31536000"]
