"""The DynamoDB engine under test: moto in this process, or a separate engine.

DYNAMODB=dynoxide     Dynoxide, in memory
DYNAMODB_ENDPOINT     a running engine, whose table is dropped and created again
"""

import atexit
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from functools import cache
from typing import Any, Literal, NamedTuple

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws
from moto.core.base_backend import BackendDict

from blog.s3 import Bucket
from devserver.aws.dynamodb import make_table, running_dynamodb
from devserver.aws.quick_moto import speed_up_moto
from devserver.settings import Engine
from devserver.template.deployment import read_deployment
from tests.support.posts import BUCKET, TABLE
from tests.support.quick_botocore import speed_up_botocore
from tests.support.samples import AUDIENCE, ROOT

DEPLOYMENT = read_deployment(
    ROOT / "template.yaml",
    {
        "Auth0Domain": "tenant.example.com",
        "Auth0Audience": AUDIENCE,
        "AuthorIdKey": "k" * 32,
        "AllowedOrigin": "https://blog.example.com",
    },
)
# Never in the local stack's folder, because the table is dropped.
ENGINE = Engine.from_environment({**os.environ, "DYNAMODB_DATA": "off"})
IS_MOTO = Engine() == ENGINE

speed_up_moto()
speed_up_botocore()


class Stores(NamedTuple):
    """A client of DynamoDB with the template's empty table, and moto's S3 with its bucket."""

    client: Any
    bucket: Bucket


@contextmanager
def empty_stores() -> Iterator[Stores]:
    """Yield both until the block ends. Only one at a time, because an engine has one such table."""
    with mock_aws(), pytest.MonkeyPatch.context() as patched:
        BackendDict.reset()  # mock_aws does it only if no other mock_aws is active
        s3 = _client("s3")
        s3.create_bucket(Bucket=BUCKET)
        if not IS_MOTO:
            patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", shared_engine())
        client = _client("dynamodb")
        make_empty_table(client)
        yield Stores(client, Bucket(BUCKET, s3))


def _client(service: Literal["dynamodb", "s3"]) -> Any:
    """Return the client of this process, without what an earlier test registered."""
    client, emitter = _client_and_emitter(service)
    vars(client.meta.events)["_emitter"] = copy(emitter)
    return client


@cache
def _client_and_emitter(service: Literal["dynamodb", "s3"]) -> tuple[Any, Any]:
    """Create a client, which takes 30 ms, and return it with a copy of its events' emitter.

    moto checks no signatures, and signing takes 7 % of a request's time.
    """
    is_signed = service != "dynamodb" or not IS_MOTO
    client = boto3.client(service, config=None if is_signed else Config(signature_version=UNSIGNED))
    return client, copy(vars(client.meta.events)["_emitter"])


def make_empty_table(client: Any) -> None:
    """Create the template's table, or empty it."""
    properties = dict(DEPLOYMENT.tables[TABLE])
    if not make_table(client, TABLE, properties):
        client.delete_table(TableName=TABLE)
        client.get_waiter("table_not_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
        make_table(client, TABLE, properties)


@cache
def shared_engine() -> str:
    """Return the address of one engine for all tests. It runs until Python ends."""
    parts = ExitStack()
    atexit.register(parts.close)
    return parts.enter_context(running_dynamodb(ENGINE))()
