"""The way of tutorials, compared with this blog on the same engine.

Tutorials read an item, compare its owner in Python and put the whole item back. They list by scan
and filter, and store the counter in the item. The code here does the same, and no worse.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from blog.dynamodb.client import CLIENT_CONFIG
from blog.dynamodb.table import Table
from blog.posts.queries import PostQueries
from blog.posts.schemas import PostChanges
from blog.posts.service import Posts
from blog.reactions.service import Reactions
from devserver.aws.dynoxide import running_dynoxide
from devserver.settings import StartupError
from tests.performance.figures import Figures
from tests.performance.filling import Blog
from tests.performance.meter import Meter
from tests.support.people import person_of
from tests.support.posts import TABLE

SIZES = (100, 2_000)
LIKERS, ATTEMPTS = 8, 25
THEIRS = "TutorialTable"
WRITERS = ("title", "body")


class TutorialBlog:
    """Posts in a separate table, with the key `id`."""

    def __init__(self, resource: Any) -> None:
        self._table = resource.Table(THEIRS)

    def get(self, post_id: str) -> Any:
        return self._table.get_item(Key={"id": post_id}).get("Item")

    def edit(self, post_id: str, sub: str, changes: dict[str, Any]) -> None:
        post = self.get(post_id)
        if post["owner"] != sub:
            raise PermissionError
        self._table.put_item(Item={**post, **changes})

    def like(self, post_id: str) -> None:
        post = self.get(post_id)
        self._table.put_item(Item={**post, "likes": post["likes"] + 1})

    def newest(self, count: int) -> list[Any]:
        published: dict[str, Any] = {
            "FilterExpression": "#status = :published",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":published": "published"},
        }
        posts: list[Any] = []
        while True:
            page = self._table.scan(**published)
            posts += page["Items"]
            if "LastEvaluatedKey" not in page:
                break
            published["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return sorted(posts, key=lambda post: str(post["published_at"]), reverse=True)[:count]


def measure(figures: Figures) -> None:
    """Measure both on blogs of two sizes, then both under races."""
    try:
        for size in SIZES:
            _compare(figures, size)
    except StartupError as e:
        figures.left_out("the comparison with a tutorial's blog", str(e))


def _compare(figures: Figures, size: int) -> None:
    blog = Blog(size)
    with running_dynoxide("127.0.0.1") as endpoint:
        blog.fill(endpoint)
        resource = boto3.resource("dynamodb", endpoint_url=endpoint, config=CLIENT_CONFIG)
        _fill_theirs(resource, blog)
        client = boto3.client("dynamodb", endpoint_url=endpoint, config=CLIENT_CONFIG)
        table = Table(client, TABLE)
        ours, posts, post_queries = Reactions(table), Posts(table), PostQueries(table.for_public())
        theirs = TutorialBlog(resource)
        post = blog.post(size // 2)
        reader, changes = (
            person_of("auth0|reader"),
            PostChanges.model_validate({"body": "Another."}),
        )
        owner = person_of(post.owner)
        acts: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "a post": (lambda: theirs.get(post.id), lambda: post_queries.published(post.id)),
            "an edit": (
                lambda: theirs.edit(post.id, post.owner, {"body": "Another."}),
                lambda: posts.edit(post.id, changes, owner=owner, if_match=None),
            ),
            "a like": (lambda: theirs.like(post.id), lambda: ours.like(reader, post.id)),
            "the newest 20": (
                lambda: theirs.newest(20), lambda: post_queries.feed(limit=20, cursor=None)
            ),
        }  # fmt: skip
        meters = Meter(resource.meta.client), Meter(client)
        for name, several in acts.items():
            costs = [meter.of(act) for meter, act in zip(meters, several, strict=True)]
            for whose, cost in zip(("a tutorial's", "ours"), costs, strict=True):
                figures.add(f"{size} posts, {name}, {whose}: round trips", cost.round_trips)
                figures.add(f"{size} posts, {name}, {whose}: units", cost.reads + cost.writes)
        if size == SIZES[0]:
            _race(figures, theirs, table, blog)


def _race(figures: Figures, theirs: TutorialBlog, table: Table, blog: Blog) -> None:
    """Send likes by many people at once, then edits of different fields by two writers."""
    post = blog.post(1)
    before = int(theirs.get(post.id)["likes"])
    _at_once(LIKERS, lambda _, __: theirs.like(post.id))
    lost = LIKERS * ATTEMPTS - (int(theirs.get(post.id)["likes"]) - before)
    figures.add(f"{LIKERS} x {ATTEMPTS} likes at once, a tutorial's: lost", lost)
    reactions, post_queries = Reactions(table), PostQueries(table)
    before = post_queries.published(post.id).as_response().like_count
    _at_once(LIKERS, lambda n, attempt: reactions.like(person_of(f"auth0|{n}-{attempt}"), post.id))
    lost = LIKERS * ATTEMPTS - (post_queries.published(post.id).as_response().like_count - before)
    figures.add(f"{LIKERS} x {ATTEMPTS} likes at once, ours: lost", lost, 0)

    def theirs_lost(attempt: int) -> int:
        _at_once(
            2, lambda n, _: theirs.edit(post.id, post.owner, {WRITERS[n]: f"{attempt}"}), attempts=1
        )
        now = theirs.get(post.id)
        return sum(now[name] != f"{attempt}" for name in WRITERS)

    posts, owner = Posts(table), person_of(post.owner)

    def ours_lost(attempt: int) -> int:
        changes = [PostChanges.model_validate({name: f"{attempt}"}) for name in WRITERS]
        _at_once(
            2, lambda n, _: posts.edit(post.id, changes[n], owner=owner, if_match=None), attempts=1
        )
        now = post_queries.owned_by(post.owner, post.id).as_response()
        return sum(getattr(now, name) != f"{attempt}" for name in WRITERS)

    figures.add("2 x 50 edits of two fields, a tutorial's: lost", sum(map(theirs_lost, range(50))))
    figures.add("2 x 50 edits of two fields, ours: lost", sum(map(ours_lost, range(50))), 0)


def _at_once(count: int, act: Callable[[int, int], Any], attempts: int = ATTEMPTS) -> None:
    def several(n: int) -> None:
        for attempt in range(attempts):
            act(n, attempt)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(several, range(count)))


def _fill_theirs(resource: Any, blog: Blog) -> None:
    resource.create_table(
        TableName=THEIRS,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    deadline = time.monotonic() + 10
    while resource.Table(THEIRS).table_status != "ACTIVE" and time.monotonic() < deadline:
        time.sleep(0.1)
    with resource.Table(THEIRS).batch_writer() as batch:
        for n in range(blog.posts):
            plain = blog.post(n).model_copy(update={"text_form": "plain"})
            batch.put_item(Item={**plain.item(), "likes": 0})
