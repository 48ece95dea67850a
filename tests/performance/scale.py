"""Part three: the cost of each route on a blog of a hundred posts, and on a very large one.

It runs on Dynoxide, which reports capacity as DynamoDB bills it. BENCH_POSTS sets the size of the
largest blog (100,000). Times are of the handler in this process and the engine in another one.
"""

import importlib
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import boto3
import pytest

import tests.conftest  # noqa: F401 - the handlers' settings
from blog.dynamodb.client import CLIENT_CONFIG
from blog.dynamodb.cursors import cursor_after
from blog.dynamodb.keys import entry_sort_key
from blog.dynamodb.listings import feed
from blog.dynamodb.table import Table
from blog.http.request_log import logger
from blog.reactions.service import Reactions
from devserver.aws.dynoxide import running_dynoxide
from devserver.settings import StartupError
from scripts.docs.cost import EDITS_OF_A_POST, LENGTH
from tests.performance.figures import Figures
from tests.performance.filling import Blog
from tests.performance.meter import Cost, Meter
from tests.performance.prose import prose
from tests.support.bounds import item_size
from tests.support.handlers import Call, Response, caller, forget_profiles, json_body
from tests.support.people import person_of
from tests.support.posts import TABLE

logger.setLevel("ERROR")  # keep log lines out of the terminal

FEW, SOME, MANY = 100, 10_000, int(os.environ.get("BENCH_POSTS") or 100_000)
TURNS = 90
WARM_UP = 5
SHARDS = (1, 4, 16)
FOLLOWED = 500
FLAT = 1.3  # the most that cost and time may grow, relative to the small blog
GROWING = "GET /sitemap.xml"  # only with the number of months
READER = "auth0|reader"
AUTHOR_PART, COMMENT_PART = "mfrggzdfmztwq2lknnwg23tpob", "01JDC0000000000000000000C0"


class Measured(NamedTuple):
    """A route's cost, the bytes of the response's body, and times in ms."""

    cost: Cost
    size: int
    cpu: float
    median: float
    p99: float


class CurrentClient:
    """The client of the blog that is being measured, for all handlers."""

    client: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


class Bench:
    """Blogs of several sizes, each in its own engine, and the handlers that use them."""

    def __init__(self, call: Call, current: "CurrentClient") -> None:
        self.call = call
        self._current = current
        self._meters: dict[Blog, tuple[Any, Meter]] = {}

    def add(self, blog: Blog, endpoint: str) -> None:
        """Add a blog, and fill it."""
        started = time.perf_counter()
        blog.fill(endpoint)
        client = boto3.client("dynamodb", endpoint_url=endpoint, config=CLIENT_CONFIG)
        self._meters[blog] = client, Meter(client)
        print(f"  {blog.posts} posts stored in {time.perf_counter() - started:.0f} s", flush=True)

    def table_of(self, blog: Blog) -> Table:
        """Return the blog's table."""
        return Table(self._meters[blog][0], TABLE)

    def stored(self, blog: Blog) -> int:
        """Return the size of all items as DynamoDB stores them, in bytes."""
        pages = self._meters[blog][0].get_paginator("scan").paginate(TableName=TABLE)
        return sum(item_size(item) for page in pages for item in page["Items"])

    def measured(self, requests: Mapping[Blog, "Request"]) -> dict[Blog, Measured]:
        """Send the same request to each blog alternately, so that the machine's load is the same
        for all."""
        costs: dict[Blog, list[Cost]] = {blog: [] for blog in requests}
        sizes: dict[Blog, int] = {}
        for turn in range(WARM_UP + TURNS):
            for blog, request in requests.items():
                client, meter = self._meters[blog]
                self._current.client = client
                forget_profiles()
                responses: list[Response] = []
                cost = meter.of(lambda: responses.append(request(turn)))  # noqa: B023 - called at once
                (response,) = responses
                assert response["statusCode"] < 300, response
                sizes[blog] = len((response["body"] or "").encode())
                if turn >= WARM_UP:
                    costs[blog].append(cost)
        return {blog: _summary(several, sizes[blog]) for blog, several in costs.items()}


def _summary(costs: list[Cost], size: int) -> Measured:
    times = sorted(cost.seconds * 1000 for cost in costs)
    return Measured(
        _typical(costs),
        size,
        statistics.median(cost.cpu * 1000 for cost in costs),
        statistics.median(times),
        times[round(0.99 * (len(times) - 1))],
    )


def _typical(costs: list[Cost]) -> Cost:
    """Return one of the middle costs by consumption, with the fewest round trips.

    Two concurrent calls count as two trips if the first ends before the second begins.
    """
    usual = sorted(costs, key=lambda cost: cost.reads + cost.writes)[len(costs) // 2]
    return replace(usual, round_trips=min(cost.round_trips for cost in costs))


@contextmanager
def running_bench(*blogs: Blog) -> Iterator[Bench]:
    """Yield a bench with these blogs."""
    with ExitStack() as engines, pytest.MonkeyPatch.context() as patched:
        current: Any = CurrentClient()
        bench = Bench(caller(Table(current, TABLE), patched), current)
        for blog in blogs:
            bench.add(blog, engines.enter_context(running_dynoxide("127.0.0.1")))
        yield bench


def measure(figures: Figures) -> None:
    """Measure everything; without Cargo, leave it out."""
    try:
        _routes(figures, [Blog(size) for size in sorted({FEW, SOME, MANY})])
        _shards(figures)
        _followed(figures)
        _long(figures)
        _pages(figures)
        _large_feed(figures)
    except StartupError as e:
        figures.left_out("part three", str(e))


def _routes(figures: Figures, blogs: list[Blog]) -> None:
    """Measure each route on each blog, and compare the largest with the smallest."""
    with running_bench(*blogs) as bench:
        several = {blog: _requests(bench.call, blog) for blog in blogs}
        print(f"  {'route':<32}{'posts':>8}{'trips':>6}{'calls':>6}{'RCU':>7}{'WCU':>7}{'bytes':>8}"
              f"{'CPU ms':>8}{'median':>8}{'p99':>8}")  # fmt: skip
        few, many = blogs[0], blogs[-1]
        for name in several[few]:
            found = bench.measured({blog: several[blog][name] for blog in blogs})
            for blog, one in found.items():
                cost = one.cost
                print(f"  {name:<32}{blog.posts:>8}{cost.round_trips:>6}{cost.calls:>6}"
                      f"{cost.reads:>7.1f}{cost.writes:>7.1f}{one.size:>8}{one.cpu:>8.2f}"
                      f"{one.median:>8.2f}{one.p99:>8.2f}", flush=True)  # fmt: skip
            if name != GROWING:
                _flat(figures, name, found[few], found[many])


Request = Callable[[int], Response]
# The parts of a post of LENGTH, for the bill in docs/cost.md.
WORDS = 1_500
# The most read units and write units of a request for such a post.
LIMITS_OF_LONG = {
    "POST /posts, published": (None, 46),
    "GET /posts/by-slug/{slug}": (3, 0),
    "PATCH /posts/{id}, its text": (None, 46),
}
KB_OF_A_LARGE_POST = 88  # Markdown and HTML


def _requests(call: Call, blog: Blog) -> dict[str, Request]:
    """Return one request of each kind.

    Its argument is a number, so that no two use the same post.
    """

    # Created before, because creating one takes longer than some requests.
    posts = [blog.post(turn * 7919 % blog.posts) for turn in range(WARM_UP + TURNS)]
    middle = blog.post(blog.posts // 2)
    assert middle.published_at is not None
    cursor = cursor_after(feed(1), entry_sort_key(middle.published_at, middle.id))
    page, two = {"limit": "20"}, {"limit": "2"}
    author = {AUTHOR_PART: middle.author_id}

    def edited(turn: int, **changes: Any) -> Response:
        return call("posts-edit", sub=posts[turn].owner, post_id=posts[turn].id, body=changes)

    return {
        "GET /posts/{id}": lambda n: call("public-get-post", post_id=posts[n].id),
        "GET /posts/by-slug/{slug}": lambda n: call(
            "public-get-post-by-slug", slug=posts[n].slug
        ),
        "GET /posts": lambda _: call("public-list-posts", query=page),
        "GET /posts, from the middle": lambda _: call(
            "public-list-posts", query=page | {"cursor": cursor}
        ),
        "GET /posts?tag=": lambda _: call("public-list-posts", query=page | {"tag": "even"}),
        "GET /posts?author=": lambda _: call(
            "public-list-posts", query=two | {"author": middle.author_id}
        ),
        "GET /me/posts": lambda _: call("posts-list-mine", sub=middle.owner, query=two),
        "GET /tags": lambda _: call("public-list-tags", query=page),
        "GET /authors/{id}": lambda _: call("public-get-author", parts=author),
        "GET /feed.atom": lambda _: call("public-feed-atom"),
        GROWING: lambda _: call("public-sitemap", query={}),
        "POST /posts": lambda n: call(
            "posts-create", sub=f"auth0|{n}", body={"title": f"New {n}", "body": "A *word*."}
        ),
        "POST /posts, published": lambda n: call(
            "posts-create", sub=f"auth0|{n}",
            body={"title": f"Newer {n}", "status": "published", "tags": ["even", "odd"]},
        ),
        "PATCH /posts/{id}, its text": lambda n: edited(n, body=f"Another *word*, {n}."),
        "PATCH /posts/{id}, to draft": lambda n: edited(n, status="draft"),
        "PATCH /posts/{id}, published": lambda n: edited(n, status="published"),
        "PUT /posts/{id}/like": lambda n: call(
            "reactions-like", sub=f"auth0|liker-{n}", post_id=middle.id
        ),
        "GET /posts/{id}, just liked": lambda _: call("public-get-post", post_id=middle.id),
        "DELETE /posts/{id}/like": lambda n: call(
            "reactions-unlike", sub=f"auth0|liker-{n}", post_id=middle.id
        ),
        "PUT /authors/{id}/follow": lambda n: call(
            "reactions-follow", sub=f"auth0|liker-{n}", parts=author
        ),
        "POST /posts/{id}/comments": lambda n: call(
            "comments-create", sub=f"auth0|liker-{n}", post_id=middle.id
        ),
        "GET /posts/{id}/comments": lambda _: call(
            "public-list-comments", post_id=middle.id, query=page
        ),
        "DELETE /posts/{id}": lambda n: call(
            "posts-delete", sub=posts[n].owner, post_id=posts[n].id
        ),
    }  # fmt: skip


def _asking(bench: Bench, event: str, **more: Any) -> Request:
    """Return a function that requests a page of twenty repeatedly."""
    return lambda _: bench.call(event, query={"limit": "20"}, **more)


def _flat(figures: Figures, name: str, few: Measured, many: Measured) -> None:
    before, after = few.cost, many.cost
    figures.add(f"{name}: round trips", after.round_trips, before.round_trips)
    units = (after.reads + after.writes) / (before.reads + before.writes)
    figures.add(f"{name}: units, many / few posts", units, 1.05)
    # A write takes longer because SQLite's trees are a level deeper. Its cost is the same.
    limit = FLAT if name.startswith("GET") else None
    figures.add(f"{name}: time, many / few posts", many.median / few.median, limit)


def _shards(figures: Figures) -> None:
    """Measure a page of the feed that is merged from several partitions."""
    blogs = [Blog(2_000, shards=shards) for shards in SHARDS]
    with running_bench(*blogs) as bench, pytest.MonkeyPatch.context() as patched:
        post_queries = importlib.import_module("functions.public.app").post_queries

        def asking(blog: Blog) -> Request:
            def ask(_: int) -> Response:
                patched.setattr(post_queries, "_feed_shards", blog.shards)
                return bench.call("public-list-posts", query={"limit": "20"})

            return ask

        found = bench.measured({blog: asking(blog) for blog in blogs})
    for blog, one in found.items():
        what = f"GET /posts, {blog.shards} shards"
        figures.add(f"{what}: round trips", one.cost.round_trips, 2)
        figures.add(f"{what}: read units", one.cost.reads)
        figures.add(f"{what}: time, to 1 shard", one.median / found[blogs[0]].median)


def _followed(figures: Figures) -> None:
    """Measure a page of the posts of five hundred followed authors, and of one."""
    blog = Blog(FOLLOWED * 24, authors=FOLLOWED)
    with running_bench(blog) as bench:
        reactions = Reactions(bench.table_of(blog))
        for n in range(FOLLOWED):
            reactions.follow(person_of(READER), person_of(f"auth0|{n}").author_id)
            if n + 1 not in (1, FOLLOWED):
                continue

            def ask(_: int) -> Response:
                return bench.call("reactions-feed", sub=READER, query={"limit": "20"})

            one = bench.measured({blog: ask})[blog]
            what = f"GET /me/feed, {n + 1} followed"
            figures.add(f"{what}: round trips", one.cost.round_trips, 3)
            figures.add(f"{what}: calls", one.cost.calls)
            figures.add(f"{what}: read units", one.cost.reads)
            figures.add(f"{what}: median ms", one.median)


def _long(figures: Figures) -> None:
    """Measure a long post: creation, reading, editing, and the items that are stored."""
    texts = [prose(WORDS, turn) for turn in range(WARM_UP + TURNS)]
    blog = Blog(FEW)
    with running_bench(blog) as bench:
        made: list[dict[str, Any]] = []

        def create(turn: int) -> Response:
            title, body = f"Long {turn}", texts[turn]
            new = {"title": title, "body": body, "status": "published", "tags": ["long"]}
            response = bench.call("posts-create", sub=f"auth0|{turn}", body=new)
            made.append(json_body(response))
            return response

        def edit(turn: int) -> Response:
            return bench.call(
                "posts-edit",
                sub=f"auth0|{turn}",
                post_id=made[turn]["id"],
                body={"body": f"{texts[turn]}\n\nEdited {time.perf_counter()}."},
            )

        requests: dict[str, Request] = {
            "POST /posts, published": create,
            "GET /posts/by-slug/{slug}": lambda n: bench.call(
                "public-get-post-by-slug", slug=made[n]["slug"]
            ),
            "PATCH /posts/{id}, its text": edit,
        }
        before = bench.stored(blog)
        for name, request in requests.items():
            one = bench.measured({blog: request})[blog]
            what = f"{name}, {LENGTH}"
            reads, writes = LIMITS_OF_LONG[name]
            figures.add(f"{what}: round trips", one.cost.round_trips, 2)
            figures.add(f"{what}: read units", one.cost.reads, reads)
            figures.add(f"{what}: write units", one.cost.writes, writes)
            figures.add(f"{what}: bytes", one.size)
            figures.add(f"{what}: CPU ms", one.cpu)
        for turn in range(len(made)):
            for _ in range(EDITS_OF_A_POST - 1):
                assert edit(turn)["statusCode"] == 200
        stored = (bench.stored(blog) - before) / len(made)
        figures.add(f"stored of each, edited {EDITS_OF_A_POST} times: bytes", stored, 35_000)


def _pages(figures: Figures) -> None:
    """Measure a page of twenty posts by five authors, and by twenty."""
    for authors, limit in ((5, 15.5), (20, 23)):
        blog = Blog(FEW, authors=authors)
        with running_bench(blog) as bench:
            one = bench.measured({blog: _asking(bench, "public-list-posts")})[blog]
        figures.add(f"GET /posts, {authors} authors: read units", one.cost.reads, limit)


def _large_feed(figures: Figures) -> None:
    """Measure a feed of twenty large posts."""
    blog = Blog(FEW)
    texts = [prose(KB_OF_A_LARGE_POST * 1000 // 14, turn) for turn in range(20)]
    with running_bench(blog) as bench:
        made: list[dict[str, Any]] = []

        def create(turn: int) -> Response:
            new = {"title": f"Large {turn}", "body": texts[turn % 20], "status": "published"}
            response = bench.call("posts-create", sub=f"auth0|{turn}", body=new)
            made.append(json_body(response))
            return response

        bench.measured({blog: create})
        size = statistics.mean(len(post["body"]) + len(post["body_html"]) for post in made)
        one = bench.measured({blog: lambda _: bench.call("public-feed-atom")})[blog]
    figures.add("GET /feed.atom, 20 large posts: KB of each", size / 1000)
    figures.add("GET /feed.atom, 20 large posts: read units", one.cost.reads, 145)
