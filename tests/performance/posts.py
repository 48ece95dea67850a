"""Posts: what a page costs when the blog is large, and what rendering the worst texts takes.

The cost of a page is counted at the calls to moto, which keeps it all in memory: how many there
are, and how many read units what they bring back is (a strongly consistent read of 4 KB is one).
That does not vary from run to run, so its ratios are exact.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from markdown_it import MarkdownIt
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from blog import sitemaps
from blog.content import rendered
from blog.cursors import cursor_after
from blog.editing import created
from blog.errors import Unprocessable
from blog.identifiers import new_id
from blog.keys import entry_sort_key
from blog.listings import feed
from blog.models import NewPost
from blog.post import Post
from blog.table import Table
from devserver.deployment import read_deployment
from devserver.dynamodb import make_table
from tests.integration.writing import TABLE, THEN, Blog, person, put_all
from tests.performance.figures import Figures
from tests.support import AUDIENCE, ROOT

FEW, MANY = 100, 20_000
AUTHORS = 50
SIZES = (10, 25, 50, 100)  # KiB
TURNS = 5
UNIT = 4 * 1024  # bytes of a strongly consistent read
PARAMETERS = {"Auth0Domain": "a.example", "Auth0Audience": AUDIENCE, "AuthorIdKey": "k" * 32}


def measure_pages(figures: Figures) -> None:
    """The same requests on a blog with few posts, and on one with many."""
    few, many = _costs(FEW), _costs(MANY)
    for name, (calls, units) in many.items():
        figures.add(f"{name}: calls", calls, few[name][0])
        figures.add(f"{name}: read units", units)
        grows = name == "the sitemap's index"  # with the months, and with nothing else
        ratio = units / few[name][1]
        figures.add(f"{name}: {MANY} posts / {FEW} posts", ratio, None if grows else 1.05)


def _costs(count: int) -> dict[str, tuple[int, float]]:
    """Calls and read units of each request, on a blog with so many posts."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        template = read_deployment(ROOT / "template.yaml", PARAMETERS)
        make_table(client, TABLE, dict(template.tables[TABLE]))
        posts = list(_posts(count))
        put_all(_Writer(), posts)
        table = Table(client, TABLE)
        blog = Blog(table)
        counted = _Counted(client)
        middle = posts[count // 2]
        cursor = _cursor_after(middle)
        return {
            name: counted.of(request)
            for name, request in {
                "a post": lambda: blog.published(middle.id),
                "a post by its slug": lambda: blog.published_by_slug(middle.slug),
                "the feed": lambda: blog.feed(limit=20, cursor=None),
                "the feed from its middle": lambda: blog.feed(limit=20, cursor=cursor),
                "posts by tag": lambda: blog.tagged("even", limit=20, cursor=None),
                "posts by author": lambda: blog.by_author(middle.author_id, limit=2, cursor=None),
                "my posts": lambda: blog.list_owned_by(
                    middle.owner, status=None, limit=2, cursor=None
                ),
                "tags": lambda: blog.tags(limit=20, cursor=None),
                "the feed as Atom": lambda: blog.newest_of_all(20),
                "the sitemap's index": lambda: sitemaps.index(table, "https://a.example"),
            }.items()
        }


def _posts(count: int) -> Iterator[Post]:
    """Published posts of fifty authors, an hour apart, all of one size."""
    new = NewPost(title="Post 000000", body="Some *words*.\n\n" * 20, status="published")
    first = created(new, owner=person("auth0|0"), feed_shards=1, moment=THEN)
    for n in range(count):
        moment = THEN + timedelta(hours=n)
        owner = person(f"auth0|{n % AUTHORS}")
        update = {
            "id": new_id(moment),
            "owner": owner.sub,
            "author_id": owner.author_id,
            "title": f"Post {n:06}",
            "slug": f"post-{n:06}",
            "tags": ["even" if n % 2 == 0 else "odd", f"tag {n % 40:02}"],
            "created_at": moment,
            "updated_at": moment,
            "published_at": moment,
        }
        yield first.model_copy(update=update)


class _Writer:
    """A batch writer that puts into moto's memory without the way there, which takes minutes."""

    def __init__(self) -> None:
        self._table = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table(TABLE)
        self._serialise = TypeSerializer().serialize

    @contextmanager
    def batch_writer(self) -> Iterator["_Writer"]:
        yield self

    def put_item(self, **request: dict[str, Any]) -> None:
        item = request["Item"].items()
        self._table.put_item({name: self._serialise(value) for name, value in item})


def _cursor_after(post: Post) -> str:
    """Made without paging there."""
    assert post.published_at is not None
    return cursor_after(feed(1), entry_sort_key(post.published_at, post.id))


class _Counted:
    """Counts the calls of a client, and the read units of what they bring back."""

    def __init__(self, client: Any) -> None:
        self._calls = 0
        self._units = 0
        for operation in ("GetItem", "BatchGetItem", "Query"):
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._count)

    def of(self, request: Callable[[], Any]) -> tuple[int, float]:
        """Those of a request."""
        self._calls = self._units = 0
        request()
        return self._calls, self._units

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        self._calls += 1
        if "Items" in parsed:  # a query is charged for the sum of its items
            assert parsed["Count"] == parsed["ScannedCount"], "nothing is read and thrown away"
            self._units += math.ceil(sum(map(_size, parsed["Items"])) / UNIT)
        else:
            items = parsed.get("Responses", {}).get(TABLE, [parsed.get("Item")])
            self._units += sum(math.ceil(_size(item) / UNIT) for item in items if item)


def _size(item: dict[str, Any]) -> int:
    """About what DynamoDB counts: names and values in UTF-8, and numbers by their digits."""
    plain = {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
    return sum(len(f"{name}{value}".encode()) for name, value in plain.items())


def measure_rendering(figures: Figures) -> None:
    """The worst texts that are known, in growing sizes."""
    prose = "The *quick* brown [fox](https://a.example) jumps over `the` **lazy** dog.\n\n"
    base = {kib: _milliseconds(_filled(prose, kib))[0] for kib in SIZES}
    for kib in SIZES:
        figures.add(f"rendering prose, {kib} KiB, ms", base[kib])
    for name, text in WORST.items():
        found = {kib: _milliseconds(text(kib)) for kib in SIZES}
        for kib, (milliseconds, size) in found.items():
            what = "refused" if size is None else f"{size / 1024:.0f} KiB of HTML"
            figures.add(f"{name}, {kib} KiB ({what}) / prose", milliseconds / base[kib])
        growth = found[100][0] / found[25][0]
        figures.add(f"{name}: 100 KiB / 25 KiB in time", growth, 8)
        largest = max(size or 0 for _, size in found.values())
        figures.add(f"{name}: most KiB of HTML", largest / 1024, 250)
    unbounded = MarkdownIt("commonmark").render(WORST["a long reference, used often"](25))
    figures.add("without a bound, a long reference, 25 KiB: KiB of HTML", len(unbounded) / 1024)


def _milliseconds(text: str) -> tuple[float, int | None]:
    """The median of a few turns, and the bytes of HTML, or None where it is refused."""
    times, size = [], None
    for _ in range(TURNS):
        started = time.perf_counter()
        try:
            size = len(rendered(text).html.encode())
        except Unprocessable:
            size = None
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), size


def _filled(piece: str, kib: int) -> str:
    length = kib * 1024
    return (piece * (length // len(piece) + 1))[:length]


def _nested(opened: str, closed: str, kib: int) -> str:
    count = kib * 1024 // len(opened + closed)
    return opened * count + closed * count


WORST: dict[str, Callable[[int], str]] = {
    "a long reference, used often": lambda kib: (
        "[a]: https://a.example/" + "u" * (kib * 512 - 32) + "\n\n" + _filled("[a] ", kib // 2)
    ),
    "a footnote, used often": lambda kib: "[^1]: x\n\n" + _filled("[^1]", kib)[:-16],
    "nested quotes": lambda kib: _filled("> > > > > > > > > > a\n", kib),
    "quotes that go on": lambda kib: _filled("> ", kib // 2) + "\n" + _filled("a\n", kib // 2)[:-1],
    "nested lists": lambda kib: _filled("- - - - - - a\n", kib),
    "nested links": lambda kib: _nested("[", "](a)", kib),
    "nested images": lambda kib: _nested("![", "](a)", kib),
    "open brackets": lambda kib: _filled("[", kib),
    "nested emphasis": lambda kib: _nested("*a **a ", " a** a*", kib),
    "open emphasis": lambda kib: _filled("*a _b ", kib),
    "backticks of every length": lambda kib: "".join(
        "a" + "`" * n for n in range(1, int(math.sqrt(kib * 2000)))
    )[: kib * 1024],
    "addresses without an end": lambda kib: _filled("http://a.b/?(", kib),
    "addresses side by side": lambda kib: _filled("http://a/,http://a/; ", kib),
    "a wide table": lambda kib: _filled("|a", kib // 2) + "\n" + _filled("|-", kib // 2),
    "character references": lambda kib: _filled("&amp;&lt;&#35;", kib),
}
