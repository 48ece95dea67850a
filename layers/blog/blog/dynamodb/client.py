"""The boto3 client of DynamoDB, with the time limits of `blog.dynamodb.deadline`."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from blog.dynamodb.concurrency import MAX_CALLS_AT_ONCE
from blog.dynamodb.deadline import SECONDS_TO_ANSWER, SECONDS_TO_CONNECT, TRIES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CLIENT_CONFIG = Config(
    connect_timeout=SECONDS_TO_CONNECT,
    read_timeout=SECONDS_TO_ANSWER,
    retries={"mode": "standard", "total_max_attempts": TRIES},
    max_pool_connections=MAX_CALLS_AT_ONCE,
)
ONE_TRY = Config(retries={"mode": "standard", "total_max_attempts": 1})


def connect(config: Config = CLIENT_CONFIG) -> "DynamoDBClient":
    """Return a client for the account and region of the environment.

    Its backoff is at most as long as `blog.dynamodb.deadline` assumes.
    """
    client = boto3.client("dynamodb", config=config)
    client.meta.events.register_first("needs-retry.dynamodb", _drop_retry_after)
    return client


def _drop_retry_after(response: "tuple[Any, Any] | None" = None, **_: Any) -> None:
    """Remove the header that would lengthen botocore's backoff by up to five seconds."""
    if response is not None:
        response[0].headers.pop("x-amz-retry-after", None)
