"""The cost of a request at DynamoDB: its calls are counted, and their parameters are checked.

Budgets count calls that follow each other: 2 for a post by id, for a page of any list, and for
every write of a post. 3 for a redirect from a former slug, and for a write that schedules a post.
Each lost race costs one more.
"""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.posts.editing import created
from blog.posts.scheduling import publish_due
from blog.posts.schemas import NewPost
from tests.integration.test_scheduling import LATER, scheduled
from tests.support.engines import Stores
from tests.support.handlers import Call, json_body
from tests.support.posts import (
    NO_BUCKET,
    TABLE,
    THEN,
    Blog,
    RacingTable,
    create,
    edit,
    person,
    put_all,
)
from tests.support.samples import ALICE, BOB
from tests.support.snapshots import Snapshot

Calls = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def calls(client: Any) -> Calls:
    """Record every call to DynamoDB, with its parameters."""
    made: Calls = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        made.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", record)
    return made


def names(calls: Calls) -> list[str]:
    return [name for name, _ in calls]


@pytest.fixture(scope="module")
def saved() -> list[tuple[dict[str, Any], Snapshot]]:
    """Return where the first test keeps its blog for the others."""
    return []


@pytest.fixture
def blog(
    call: Call, stores: Stores, saved: list[tuple[dict[str, Any], Snapshot]]
) -> dict[str, Any]:
    """Create Alice's published post with a revision, and four others."""
    if not saved:
        saved.append((create_blog(call), Snapshot(stores)))
    post, snapshot = saved[0]
    snapshot.restore()
    return post


def create_blog(call: Call) -> dict[str, Any]:
    for title in ("One", "Two", "Three", "Four"):
        call("posts-create", body={"title": title, "status": "published", "tags": ["c#"]})
    body = {
        "title": "Hello world",
        "status": "published",
        "tags": ["c#", "old"],
        "slug": "before",
    }
    post: dict[str, Any] = json_body(call("posts-create", body=body))
    call("posts-edit", post_id=post["id"], body={"body": "second", "slug": "hello-world"})
    return post


AUTHOR = "mfrggzdfmztwq2lknnwg23tpob"
TWO, THREE = 2, 3
# Twice where counters may come to zero: they are read after the write, and removed.
WRITE = ["BatchGetItem", "TransactWriteItems"]
SCHEDULED = {"title": "Later", "status": "scheduled", "publish_at": "2999-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "case",
    [
        ("public-health", {}, 200, []),
        ("public-get-post", {}, 200, ["BatchGetItem", "GetItem"]),
        ("public-get-post", {"post_id": "01JDC0000000000000000000P0"}, 404, ["BatchGetItem"]),
        ("public-get-post", {"post_id": "x"}, 404, []),
        ("public-get-post-by-slug", {}, 200, ["GetItem", "BatchGetItem"]),
        ("public-get-post-by-slug", {"slug": "before"}, 301, ["GetItem", *["BatchGetItem"] * 2]),
        ("public-get-post-by-slug", {"slug": "nothing"}, 404, ["GetItem"]),
        ("public-get-post-by-slug", {"slug": "No%20slug"}, 404, []),
        ("public-list-posts", {"query": {"limit": "2"}}, 200, ["Query", "BatchGetItem"]),
        ("public-list-posts", {"query": {"limit": "100"}}, 200, ["Query", "BatchGetItem"]),
        ("public-list-posts", {"query": {"tag": "C#"}}, 200, ["Query", "BatchGetItem"]),
        ("public-list-posts", {"query": {"author": AUTHOR}}, 200, ["Query"]),
        ("public-list-tags", {}, 200, ["Query"]),
        ("public-feed-atom", {}, 200, ["Query", "BatchGetItem"]),
        ("public-feed-json", {}, 200, ["Query", "BatchGetItem"]),
        ("public-tag-feed-atom", {}, 200, ["Query", "BatchGetItem"]),
        ("public-author-feed-json", {}, 200, ["Query", "BatchGetItem"]),
        ("public-sitemap", {}, 200, ["Query"]),
        ("posts-list-mine", {"query": {}}, 200, ["Query", "BatchGetItem"]),
        ("posts-get-mine", {}, 200, ["GetItem", "BatchGetItem"]),
        ("posts-list-revisions", {}, 200, ["GetItem", "Query"]),
        ("posts-get-revision", {"parts": {"revisions/2": "revisions/1"}}, 200, ["BatchGetItem"]),
        ("posts-restore-revision", {"parts": {"revisions/2": "revisions/1"}}, 200, WRITE),
        ("posts-preview", {}, 200, []),
        ("posts-create", {"body": {"title": "Fresh"}}, 201, WRITE),
        ("posts-create", {"body": SCHEDULED}, 201, ["BatchGetItem", "Query", "TransactWriteItems"]),
        ("posts-create", {"body": {"title": "One"}}, 201, WRITE),
        ("posts-create", {"body": {"title": "x", "slug": "one"}}, 409, ["BatchGetItem"]),
        ("posts-create", {"body": {"title": ""}}, 422, []),
        ("posts-edit", {"body": {"body": "x"}}, 200, WRITE),
        ("posts-edit", {"body": {"title": "One", "slug": None}}, 200, WRITE),
        ("posts-edit", {"body": {"status": "draft"}}, 200, WRITE + WRITE),
        ("posts-edit", {"body": {"tags": [f"t{n}" for n in range(10)]}}, 200, WRITE + WRITE),
        ("posts-edit", {"body": {"title": "x"}, "sub": BOB}, 403, ["BatchGetItem"]),
        ("posts-delete", {}, 204, ["GetItem", "TransactWriteItems", *WRITE]),
        ("posts-delete", {"sub": BOB}, 403, ["GetItem"]),
        ("comments-create", {}, 201, WRITE),
        ("comments-create", {"headers": {"Idempotency-Key": "k"}, "sub": BOB}, 201, WRITE),
        ("comments-edit", {}, 404, ["BatchGetItem"]),
        ("comments-list-pending", {}, 200, ["Query"]),
        ("comments-report-post", {}, 204, ["TransactWriteItems"]),
        ("comments-report-author", {}, 404, ["TransactWriteItems"]),
        ("reactions-like", {}, 204, ["TransactWriteItems"]),
        ("reactions-unlike", {}, 204, ["TransactWriteItems"]),
        ("reactions-follow", {}, 404, ["TransactWriteItems"]),
        ("reactions-list-likes", {}, 200, ["Query"]),
        ("reactions-list-follows", {}, 200, ["Query"]),
        ("reactions-feed", {}, 200, ["Query"]),
        ("moderation-hide", {}, 204, WRITE + WRITE),
        ("moderation-ban", {}, 204, WRITE),
        ("moderation-clear-profile", {}, 204, WRITE),
        ("moderation-end-clearing", {}, 204, ["BatchGetItem"]),
        ("moderation-list-authors", {}, 200, ["Query"]),
        ("public-get-author", {}, 404, ["BatchGetItem"]),
        ("public-get-media", {}, 404, ["GetItem"]),
        ("media-create", {}, 201, ["TransactWriteItems"]),
        ("account-get-me", {}, 200, ["BatchGetItem"]),
        ("account-edit-me", {}, 200, ["TransactWriteItems", "BatchGetItem"]),
        ("account-delete-me", {}, 202, ["TransactWriteItems"]),
        ("account-get-erasure", {}, 200, ["GetItem"]),
        ("account-create-export", {}, 202, ["TransactWriteItems"]),
        ("account-get-export", {}, 200, ["GetItem"]),
    ],
)  # fmt: skip
def test_a_request_makes_exactly_these_calls(
    call: Call, blog: dict[str, Any], calls: Calls, case: tuple[str, dict[str, Any], int, list[str]]
) -> None:
    event, arguments, status, expected = case
    takes_three = arguments.get("slug") == "before" or arguments.get("body") == SCHEDULED
    assert len(expected) <= (THREE if takes_three else TWO) or expected[2:] == WRITE
    response = call(event, **({"post_id": blog["id"]} | arguments))
    assert response["statusCode"] == status, response["body"]
    assert names(calls) == expected


def test_a_repetition_with_an_idempotency_key_makes_two_calls(call: Call, calls: Calls) -> None:
    for expected in (WRITE, ["BatchGetItem", "BatchGetItem"]):
        calls.clear()
        assert call("posts-create", headers={"Idempotency-Key": "k"})["statusCode"] == 201
        assert names(calls) == expected


def test_likes_and_the_personal_feed_make_three_calls_at_most(
    call: Call, blog: dict[str, Any], calls: Calls
) -> None:
    author = {AUTHOR: blog["author"]["id"]}
    call("reactions-like", post_id=blog["id"], sub=BOB)
    call("comments-create", post_id=blog["id"], sub=BOB)
    call("reactions-follow", parts=author, sub=BOB)
    for event, expected in (
        ("reactions-list-likes", ["Query", "BatchGetItem", "BatchGetItem"]),
        ("reactions-list-follows", ["Query", "BatchGetItem"]),
        ("reactions-feed", ["Query", "Query", "BatchGetItem"]),
    ):
        calls.clear()
        assert len(json_body(call(event, sub=BOB))["items"]) >= 1
        assert names(calls) == expected
    calls.clear()
    assert json_body(call("public-list-comments", post_id=blog["id"]))["items"]
    assert sorted(names(calls)) == ["BatchGetItem", "GetItem", "Query"], "the last two run at once"


def test_a_lost_race_makes_one_more_call(
    client: Any, racing_table: RacingTable, calls: Calls
) -> None:
    posts, others = Blog(racing_table), Blog(Table(client, TABLE))
    post = create(posts)
    racing_table.before_write = [lambda: edit(others, post, body="theirs")]
    calls.clear()
    edit(posts, post, title="ours")
    theirs, ours = WRITE, ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]
    assert sorted(names(calls)) == sorted(theirs + ours)


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_a_page_makes_the_same_calls_however_many_rows_it_has(
    posts: Blog, calls: Calls, rows: int
) -> None:
    made = []
    for n in range(rows):
        new = NewPost(title=f"Post {n}", status="published")
        made.append(created(new, owner=person(f"auth0|{n}"), feed_shards=1, now=THEN))
    put_all(boto3.resource("dynamodb").Table(TABLE), made)
    calls.clear()
    page = posts.feed(limit=100, cursor=None)
    assert len(page.items) == rows
    assert len({row.author.id for row in page.items}) == rows
    # A hundred rows by a hundred authors need two hundred items: two batches, which run at once.
    assert names(calls) == ["Query"] + ["BatchGetItem"] * (1 if rows < 100 else 2)


def test_shards_are_queried_at_once(client: Any, calls: Calls, table: Table) -> None:
    posts = Blog(table, feed_shards=4)
    create(posts, status="published")
    calls.clear()
    posts.feed(limit=20, cursor=None)
    assert names(calls) == ["Query"] * 4 + ["BatchGetItem"]


def test_a_scheduled_publication_makes_two_calls_after_the_query(
    posts: Blog, table: Table, calls: Calls
) -> None:
    scheduled(posts, tags=["a"])
    calls.clear()
    publish_due(table, LATER)
    assert names(calls) == ["Query", "GetItem", "TransactWriteItems"]


def everything(posts: Blog, table: Table) -> None:
    """Run each operation and each list once."""
    post = create(posts, status="published", tags=["a"])
    edit(posts, post, body="x", tags=["b"])
    posts.restore(post.id, 1, owner=person(ALICE), if_match=None)
    posts.published(post.id)
    posts.published_by_slug(post.slug)
    posts.owned_by(ALICE, post.id)
    listing: list[Callable[..., Any]] = [posts.feed, posts.tags]
    for one in listing:
        one(limit=1, cursor=None)
    posts.tagged("b", limit=1, cursor=None)
    posts.by_author(post.author_id, limit=1, cursor=None)
    posts.list_owned_by(ALICE, status="published", limit=1, cursor=None)
    posts.revisions(ALICE, post.id, limit=1, cursor=None)
    posts.revision(ALICE, post.id, 1)
    posts.newest_of_all(20)
    scheduled(posts)
    publish_due(table, LATER)
    posts.delete(post.id, sub=ALICE, if_match=None)
    run_jobs(table, NO_BUCKET)


def test_no_call_scans_or_filters_and_every_read_is_consistent(
    posts: Blog, table: Table, calls: Calls
) -> None:
    everything(posts, table)
    assert set(names(calls)) == {
        "BatchGetItem", "BatchWriteItem", "GetItem", "Query", "TransactWriteItems",
    }  # fmt: skip
    for name, params in calls:
        assert "FilterExpression" not in params
        assert "IndexName" not in params
        if name in ("GetItem", "Query"):
            assert params["ConsistentRead"] is True
        if name == "BatchGetItem":
            assert params["RequestItems"][TABLE]["ConsistentRead"] is True


def test_a_transaction_has_at_most_90_actions(posts: Blog, calls: Calls) -> None:
    """Run the two largest: new tags and a dropped revision, and a deletion with all former
    slugs."""
    post = create(posts, status="published", tags=[f"a{n}" for n in range(10)])
    for n in range(20):
        post = edit(posts, post, slug=f"slug-{n}", body=str(n))
    for n in range(20, 51):
        post = edit(posts, post, body=str(n))
    edit(posts, post, tags=[f"b{n}" for n in range(10)], title="New", body="New")
    posts.delete(post.id, sub=ALICE, if_match=None)
    sizes = [len(params["TransactItems"]) for name, params in calls if name == "TransactWriteItems"]
    assert max(sizes) <= 90
    # Each is followed by the removal of the counters at zero, with their jobs.
    (edited, of_edit, deleted, of_deletion) = sizes[-4:]
    assert min(edited, deleted) > 50, "both are large"
    assert (of_edit, of_deletion) == (20, 22)
    for name, params in calls:
        if name == "TransactWriteItems":
            keys = [str(_key(action)) for action in params["TransactItems"]]
            assert len(keys) == len(set(keys)), "no item appears twice"


def _key(action: dict[str, Any]) -> list[Any]:
    (request,) = action.values()
    key = request.get("Key") or request["Item"]
    return [key["pk"], key["sk"]]
