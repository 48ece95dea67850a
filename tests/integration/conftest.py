"""moto's DynamoDB, with the table that the template describes."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from blog import retries
from blog.storage import Bucket
from blog.table import Table
from devserver.deployment import Deployment, read_deployment
from devserver.dynamodb import hand_values_on, make_table
from tests.integration.calling import Call, caller, document
from tests.integration.quick_moto import quick_copies
from tests.integration.writing import BUCKET, TABLE, Blog, Interfering
from tests.support import AUDIENCE, ROOT

hand_values_on()


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    parameters = {
        "Auth0Domain": "tenant.example.com",
        "Auth0Audience": AUDIENCE,
        "AuthorIdKey": "k" * 32,
        "AllowedOrigin": "https://blog.example.com",
    }
    return read_deployment(ROOT / "template.yaml", parameters)


@pytest.fixture
def client(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    quick_copies(monkeypatch)
    with mock_aws():
        client = boto3.client("dynamodb")
        make_table(client, TABLE, dict(deployment.tables[TABLE]))
        yield client


@pytest.fixture
def table(client: Any) -> Table:
    return Table(client, TABLE)


@pytest.fixture
def bucket(client: Any) -> Bucket:
    """moto's S3, with the template's bucket."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return Bucket(BUCKET, s3)


@pytest.fixture
def rivals(client: Any) -> Interfering:
    """The same table, with somebody faster at it."""
    return Interfering(client, TABLE)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without waiting."""
    monkeypatch.setattr(retries, "LONGEST_PAUSE", 0)


@pytest.fixture
def posts(table: Table) -> Blog:
    return Blog(table)


@pytest.fixture
def call(client: Any, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Sends a sample event with changes to its function."""
    return caller(client, monkeypatch)


@pytest.fixture
def post(call: Call) -> dict[str, Any]:
    """Alice's draft."""
    created: dict[str, Any] = document(call("posts-create"))
    return created
