"""One neighbourhood for all tests of a file, put back as it was before each."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from blog.storage import Bucket
from blog.table import Table
from devserver.deployment import Deployment
from devserver.dynamodb import make_table
from tests.integration.calling import Call, caller
from tests.integration.neighbourhood import Neighbourhood
from tests.integration.quick_moto import quick_copies
from tests.integration.snapshots import Snapshot
from tests.integration.writing import BUCKET, TABLE


class Settled(NamedTuple):
    """The neighbourhood, with all that reaches it."""

    world: Neighbourhood
    client: Any
    bucket: Bucket
    call: Call
    snapshot: Snapshot


@pytest.fixture(scope="module")
def settled(deployment: Deployment) -> Iterator[Settled]:
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        quick_copies(patched)
        client = boto3.client("dynamodb")
        make_table(client, TABLE, dict(deployment.tables[TABLE]))
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        bucket, call = Bucket(BUCKET, s3), caller(client, patched)
        world = Neighbourhood(call, Table(client, TABLE), bucket)
        yield Settled(world, client, bucket, call, Snapshot(bucket))


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
