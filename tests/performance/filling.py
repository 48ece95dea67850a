"""Fill an engine with posts, by a batch writer instead of their own transactions."""

import collections
import http.client
import itertools
import json
import multiprocessing
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from boto3.dynamodb.types import TypeSerializer
from ulid import ULID

from blog.posts.editing import created
from blog.posts.listing_entries import PostCounter, counters
from blog.posts.model import Post
from blog.posts.schemas import NewPost
from devserver.aws.dynamodb import dynamodb_client
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION
from tests.support.engines import make_empty_table
from tests.support.people import person_of
from tests.support.posts import TABLE, items_of

FIRST = datetime(2016, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)  # a million posts span nine years
BATCH = 25
PROCESSES = 2
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "Authorization": f"AWS4-HMAC-SHA256 Credential={LOCAL_CREDENTIAL}/20160101/{REGION}/dynamodb/"
    "aws4_request, SignedHeaders=host, Signature=00",
    "X-Amz-Date": "20160101T000000Z",
}

Typed = dict[str, Any]


class Blog(NamedTuple):
    """The size of a blog: posts, authors who take turns, and shards of the feed."""

    posts: int
    authors: int = 50
    shards: int = 1

    def post(self, number: int) -> Post:
        """Return the post with this number.

        All are published, have one size, and follow at five minutes each.
        """
        return next(self._posts(range(number, number + 1)))

    def fill(self, endpoint: str) -> None:
        """Recreate the engine's table, and fill it."""
        make_empty_table(dynamodb_client(endpoint))
        share = -(-self.posts // PROCESSES)
        parts = [range(at, min(at + share, self.posts)) for at in range(0, self.posts, share)]
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            several = pool.starmap(_fill_part, [(self, endpoint, part) for part in parts])
        counts = sum(several, collections.Counter())
        items = ({counter.name: n, **counter.key._asdict()} for counter, n in counts.items())
        _put(endpoint, items)

    def _posts(self, numbers: Iterable[int]) -> Iterator[Post]:
        new = NewPost(title="Post 0000000", body="Some *words*.\n\n" * 20, status="published")
        first = created(new, owner=person_of("auth0|0"), feed_shards=1, now=FIRST)
        for n in numbers:
            time = FIRST + n * STEP
            owner = person_of(f"auth0|{n % self.authors}")
            update = {
                "id": _id(time, n),
                "owner": owner.sub,
                "author_id": owner.author_id,
                "title": f"Post {n:07}",
                "slug": f"post-{n:07}",
                "tags": ["even" if n % 2 == 0 else "odd", f"tag {n % 40:02}"],
                "feed_shard": n % self.shards,
                "created_at": time,
                "updated_at": time,
                "published_at": time,
            }
            yield first.model_copy(update=update)


def _id(time: datetime, number: int) -> str:
    """Return the same id each time, so that a post can be found by its number."""
    return str(ULID(ULID.from_datetime(time).bytes[:6] + number.to_bytes(10)))


def _fill_part(blog: Blog, endpoint: str, part: range) -> "collections.Counter[PostCounter]":
    counts: collections.Counter[PostCounter] = collections.Counter()

    def items() -> Iterator[dict[str, Any]]:
        for post in blog._posts(part):
            counts.update(counters(post))
            yield from items_of(post)

    _put(endpoint, items())
    return counts


def _put(endpoint: str, items: Iterable[dict[str, Any]]) -> None:
    """Send the items in batches over plain HTTP: botocore would take longer than the engine.

    Unprocessed items would be an error of the benchmark.
    """
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    serialise = TypeSerializer().serialize
    known: dict[Any, Any] = {}  # most attributes occur repeatedly

    def typed(value: Any) -> Any:
        if isinstance(value, str):
            return {"S": value}
        if isinstance(value, bytes):
            return {"B": b64encode(value).decode()}
        if not isinstance(value, (int, bool)):
            return serialise(value)
        if (type(value), value) not in known:
            known[type(value), value] = serialise(value)
        return known[type(value), value]

    iterator = iter(items)
    while batch := list(itertools.islice(iterator, BATCH)):
        puts = [
            {"PutRequest": {"Item": {name: typed(value) for name, value in item.items()}}}
            for item in batch
        ]
        body = json.dumps({"RequestItems": {TABLE: puts}})
        connection.request("POST", "/", body, HEADERS)
        response = json.loads(connection.getresponse().read())
        assert response == {"UnprocessedItems": {}}, response
    connection.close()
