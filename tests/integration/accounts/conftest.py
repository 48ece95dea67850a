"""Share one set of people among the tests of a file, and restore it before each test."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from blog.dynamodb.table import Table
from blog.s3 import Bucket
from tests.support.engines import empty_stores
from tests.support.handlers import Call, caller
from tests.support.people import PeopleFixture
from tests.support.posts import TABLE
from tests.support.snapshots import Snapshot


class SharedFixture(NamedTuple):
    """The people, with the stores and functions that reach them."""

    people: PeopleFixture
    client: Any
    bucket: Bucket
    call: Call
    snapshot: Snapshot


@pytest.fixture(scope="module")
def shared() -> Iterator[SharedFixture]:
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        client, bucket = stores
        table = Table(client, TABLE)
        call = caller(table, patched)
        people = PeopleFixture(call, table, bucket)
        yield SharedFixture(people, client, bucket, call, Snapshot(stores))


@pytest.fixture
def people(shared: SharedFixture, client: Any) -> PeopleFixture:
    return shared.people


@pytest.fixture
def client(shared: SharedFixture) -> Any:
    shared.snapshot.restore()
    return shared.client


@pytest.fixture
def bucket(shared: SharedFixture, client: Any) -> Bucket:
    return shared.bucket


@pytest.fixture
def call(shared: SharedFixture, client: Any) -> Call:
    return shared.call
