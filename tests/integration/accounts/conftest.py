"""One neighbourhood for all tests of a file, put back as it was before each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from blog.dynamodb.table import Table
from blog.s3 import Bucket
from tests.support.engines import empty_stores
from tests.support.handlers import Call, caller
from tests.support.people import Neighbourhood
from tests.support.posts import TABLE
from tests.support.snapshots import Snapshot


class Settled(NamedTuple):
    """The neighbourhood, with all that reaches it."""

    world: Neighbourhood
    client: Any
    bucket: Bucket
    call: Call
    snapshot: Snapshot


@pytest.fixture(scope="module")
def settled() -> Iterator[Settled]:
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        client, bucket = stores
        table = Table(client, TABLE)
        call = caller(table, patched)
        world = Neighbourhood(call, table, bucket)
        yield Settled(world, client, bucket, call, Snapshot(stores))


@pytest.fixture
def world(settled: Settled, client: Any) -> Neighbourhood:
    return settled.world


@pytest.fixture
def client(settled: Settled) -> Any:
    settled.snapshot.restore()
    return settled.client


@pytest.fixture
def bucket(settled: Settled, client: Any) -> Bucket:
    return settled.bucket


@pytest.fixture
def call(settled: Settled, client: Any) -> Call:
    return settled.call
