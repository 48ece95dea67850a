"""Fixtures for tests on the engine: the template's empty table, and the handlers that use it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto import mock_aws

from blog.dynamodb import retries
from blog.dynamodb.table import Table
from blog.http.request_log import logger
from blog.media import inspection
from blog.people import rate_limits
from blog.s3 import Bucket
from devserver.template.deployment import Deployment
from tests.support.engines import DEPLOYMENT, Stores, empty_stores
from tests.support.handlers import Call, caller, forget_rate_limits, json_body
from tests.support.pages import Reader
from tests.support.posts import TABLE, Blog, RacingTable
from tests.support.uploads import rewrite_once


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    return DEPLOYMENT


@pytest.fixture(scope="module", autouse=True)
def _moto() -> Iterator[None]:
    """Start moto once for each file, because that takes 10 ms."""
    with mock_aws():
        yield


@pytest.fixture(scope="module", autouse=True)
def _within_an_hour(request: pytest.FixtureRequest) -> Iterator[None]:
    """Count the writes of a file in one hour, because an hour's first write takes more calls."""
    if request.path.name == "test_rate_limits.py":  # it stops the clock itself
        yield
        return
    begin, hour_of = datetime.now(UTC), rate_limits.hour_of

    def same_hour_of(at: datetime) -> int:
        return hour_of(begin if timedelta() <= at - begin < timedelta(hours=1) else at)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rate_limits, "hour_of", same_hour_of)
        yield


@pytest.fixture
def stores() -> Iterator[Stores]:
    with empty_stores() as stores:
        yield stores


@pytest.fixture
def client(stores: Stores) -> Any:
    return stores.client


@pytest.fixture
def table(client: Any) -> Table:
    return Table(client, TABLE)


@pytest.fixture
def bucket(stores: Stores) -> Bucket:
    """Return moto's S3 with the template's bucket."""
    return stores.bucket


@pytest.fixture
def racing_table(client: Any) -> RacingTable:
    """Return the same table with a faster writer."""
    return RacingTable(client, TABLE)


@pytest.fixture(autouse=True)
def _each_image_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewrite equal uploads once, because each time starts a process."""
    monkeypatch.setattr(inspection, "rewrite", rewrite_once)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry without waiting."""
    monkeypatch.setattr(retries, "LONGEST_DELAY", 0)


@pytest.fixture(autouse=True)
def _forgotten_rate_limits() -> None:
    forget_rate_limits()


@pytest.fixture
def posts(table: Table) -> Blog:
    return Blog(table)


@pytest.fixture
def call(table: Table, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return a function that changes a sample event and sends it to its handler."""
    return caller(table, monkeypatch)


@pytest.fixture
def post(call: Call) -> dict[str, Any]:
    """Create Alice's draft."""
    created: dict[str, Any] = json_body(call("posts-create"))
    return created


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return the stream where the handlers log internal errors.

    The handlers' own stream is older.
    """
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture
def reader(table: Table, call: Call, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Return a reader of the site's pages, which have the same table as the API's handlers."""
    del call  # sets up the handlers
    return Reader(table, monkeypatch)
