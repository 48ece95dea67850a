"""Faults of DynamoDB: throttling and absence are Unavailable, conditions are told apart."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from blog.errors import Unavailable
from blog.keys import Key
from blog.table import Action, ConditionRefused, Range, Table, TransactionContended

KEY = Key("POST#1", "POST")


class FailingClient:
    """A client whose every call fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> None:
            raise self._error

        return fail


def client_error(code: str, status: int = 400, **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response | more, "Operation")


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    return client_error("TransactionCanceledException", CancellationReasons=reasons)


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("ThrottlingException"),
        client_error("RequestLimitExceeded"),
        client_error("TransactionInProgressException"),
        client_error("InternalServerError", 500),
        client_error("ServiceUnavailable", 503),
        EndpointConnectionError(endpoint_url="http://x"),
        ReadTimeoutError(endpoint_url="http://x"),
        ConnectionClosedError(endpoint_url="http://x"),
    ],
)
def test_a_database_that_is_away_is_unavailable(error: Exception) -> None:
    table: Any = Table(FailingClient(error), "BlogTable")  # type: ignore[arg-type] # a fake
    with pytest.raises(Unavailable):
        table.get(KEY)
    with pytest.raises(Unavailable):
        table.query(Range("FEED#0"), 1)
    with pytest.raises(Unavailable):
        table.transact([Action(KEY)])


def test_a_bug_of_ours_is_not_hidden() -> None:
    table = Table(FailingClient(client_error("ValidationException")), "T")  # type: ignore[arg-type] # a fake
    with pytest.raises(ClientError):
        table.get(KEY)
    with pytest.raises(ClientError):
        table.transact([Action(KEY)])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (cancelled("None", "TransactionConflict"), TransactionContended),
        (cancelled("ThrottlingError", "None"), Unavailable),
        (cancelled("ProvisionedThroughputExceeded", "None"), Unavailable),
        (cancelled("TransactionConflict", "ConditionalCheckFailed"), ConditionRefused),
        (cancelled("ValidationError", "None"), ClientError),
    ],
)
def test_a_cancelled_transaction_says_why(error: Exception, expected: type[Exception]) -> None:
    table = Table(FailingClient(error), "BlogTable")  # type: ignore[arg-type] # a fake
    with pytest.raises(expected):
        table.transact([Action(KEY), Action(KEY)])


def test_a_refusal_brings_back_what_lies_there(table: Table) -> None:
    table.transact([Action(KEY, {"owner": "alice", "n": 1})])
    with pytest.raises(ConditionRefused) as refused:
        table.transact(
            [
                Action(Key("OTHER", "1"), {"x": 1}),
                Action(KEY, {}, "#owner = :owner", {"owner": "bob"}),
            ]
        )
    assert refused.value.key == KEY
    assert refused.value.item == {"pk": "POST#1", "sk": "POST", "owner": "alice", "n": 1}
    assert table.get(Key("OTHER", "1")) is None, "nothing of it was written"


def test_a_refusal_without_an_item_says_that_nothing_lies_there(table: Table) -> None:
    with pytest.raises(ConditionRefused) as refused:
        table.transact([Action(KEY, None, "attribute_exists(pk)")])
    assert refused.value.item is None


def test_a_list_of_more_than_a_page_of_dynamodb_is_read_to_its_end(table: Table) -> None:
    for number in range(5):
        item = {"text": "x" * 380_000}
        table.transact([Action(Key("FEED#0", f"ENTRY#{number}"), item)])
    table.transact([Action(Key("FEED#0", sort_key), {}) for sort_key in ("BAN", "PROFILE")])
    rows = table.query(Range("FEED#0", "ENTRY#", "ENTRY#~", is_ascending=False), 9)
    assert [row["sk"] for row in rows] == [f"ENTRY#{number}" for number in (4, 3, 2, 1, 0)]
