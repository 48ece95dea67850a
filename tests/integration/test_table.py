"""Errors of DynamoDB: outages raise Unavailable, and refused conditions raise ConditionRefused."""

from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from blog.dynamodb.actions import Action, ConditionRefused, TransactionContended
from blog.dynamodb.keys import Key
from blog.dynamodb.retries import WRITE_TRIES
from blog.dynamodb.table import Range, Table
from blog.errors import Unavailable, WriteContended
from tests.support.posts import TABLE

KEY = Key("POST#1", "POST")


class FailingClient:
    """A client whose every call fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> None:
            raise self._error

        return fail


def client_error(code: str, status: int = 400, retries: int = 0, **more: Any) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
    }
    return ClientError(response | more, "Operation")


def cancelled(*codes: str, retries: int = 0) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    error = "TransactionCanceledException"
    return client_error(error, retries=retries, CancellationReasons=reasons)


@pytest.mark.parametrize(
    ("code", "member"),
    [
        ("ProvisionedThroughputExceededException", "ThrottlingReasons"),
        ("RequestLimitExceeded", "ThrottlingReasons"),
        ("ThrottlingException", "throttlingReasons"),
    ],
)
def test_the_reasons_for_throttling_are_kept_without_the_resource(code: str, member: str) -> None:
    reasons: list[Any] = [
        {"reason": name, "resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/blog"}
        for name in ("TableWriteKeyRangeThroughputExceeded", "TableReadAccountLimitExceeded")
    ]
    details: Any = {member: [*reasons, reasons[0], {}]}
    error = client_error(code, **details)
    table: Any = Table(FailingClient(error), "BlogTable")  # type: ignore[arg-type] # a fake
    with pytest.raises(Unavailable) as raised:
        table.get(KEY)
    assert raised.value.reasons == (
        "TableReadAccountLimitExceeded", "TableWriteKeyRangeThroughputExceeded"
    )  # fmt: skip


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
def test_a_database_outage_is_unavailable(error: Exception) -> None:
    table: Any = Table(FailingClient(error), "BlogTable")  # type: ignore[arg-type] # a fake
    with pytest.raises(Unavailable):
        table.get(KEY)
    with pytest.raises(Unavailable):
        table.query(Range("FEED#0"), 1)
    with pytest.raises(Unavailable):
        table.get_all([KEY])
    with pytest.raises(Unavailable):
        table.keys_of("POST#1", 1)
    with pytest.raises(Unavailable):
        table.delete_all([KEY])
    with pytest.raises(Unavailable):
        table.transact([Action(KEY)])


class PartialClient:
    """A client that processes only the first request of a batch, `times` times, and reports the
    rest."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self._times = times

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's name
        (name, request), *_ = RequestItems.items()
        if self._times == 0:
            return self._client.batch_get_item(RequestItems=RequestItems)
        self._times -= 1
        first, rest = request["Keys"][:1], request["Keys"][1:]
        response = self._client.batch_get_item(RequestItems={name: request | {"Keys": first}})
        return response | {"UnprocessedKeys": {name: request | {"Keys": rest}} if rest else {}}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's name
        (name, requests), *_ = RequestItems.items()
        if self._times == 0:
            return self._client.batch_write_item(RequestItems=RequestItems)
        self._times -= 1
        self._client.batch_write_item(RequestItems={name: requests[:1]})
        return {"UnprocessedItems": {name: requests[1:]} if requests[1:] else {}}


KEYS = [Key("POST#1", f"COMMENT#{n:03}") for n in range(10)]


@pytest.fixture
def ten_items(table: Table) -> Table:
    table.transact([Action(key, item={"n": 1}) for key in KEYS])
    return table


def partial_table(client: Any, times: int) -> Table:
    return Table(PartialClient(client, times), TABLE)  # type: ignore[arg-type] # a fake


def test_the_unprocessed_part_of_a_batch_is_sent_again(ten_items: Table, client: Any) -> None:
    found = partial_table(client, 2).get_all([*KEYS, KEYS[0], Key("NOTHING", "HERE")])
    assert set(found) == set(KEYS)
    partial_table(client, 3).delete_all(KEYS)
    assert ten_items.keys_of("POST#1", 100) == []


def test_a_batch_that_never_ends_is_unavailable(ten_items: Table, client: Any) -> None:
    with pytest.raises(Unavailable):
        partial_table(client, 5).get_all(KEYS)
    with pytest.raises(Unavailable):
        partial_table(client, 5).delete_all(KEYS)
    assert ten_items.keys_of("POST#1", 100) == KEYS[5:]


def test_more_items_than_one_batch_are_read_and_deleted(client: Any, table: Table) -> None:
    keys = [Key("POST#2", f"COMMENT#{n:03}") for n in range(230)]
    for key in keys:
        client.put_item(TableName=TABLE, Item={"pk": {"S": key.pk}, "sk": {"S": key.sk}})
    assert set(table.get_all(keys)) == set(keys)
    assert table.get_all([]) == {}
    assert table.keys_of("POST#2", 100) == keys[:100]
    table.delete_all(keys)
    assert table.keys_of("POST#2", 100) == []


def test_an_update_changes_only_its_attributes(table: Table) -> None:
    table.transact([Action(KEY, item={"count": 1, "kept": "x"})])
    table.transact([Action(KEY, values={"count": 2}, update="ADD #count :count")])
    assert table.get(KEY) == {"pk": KEY.pk, "sk": KEY.sk, "count": 3, "kept": "x"}


def test_a_bug_is_not_hidden() -> None:
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
        (cancelled("ConditionalCheckFailed", "None", retries=1), Unavailable),
        (cancelled("TransactionConflict", "None", retries=1), TransactionContended),
    ],
)
def test_a_cancelled_transaction_has_its_reason(
    error: Exception, expected: type[Exception]
) -> None:
    table = Table(FailingClient(error), "BlogTable")  # type: ignore[arg-type] # a fake
    with pytest.raises(expected):
        table.transact([Action(KEY), Action(KEY)])


class FailingTransactions:
    """A client whose transactions fail with these errors, one after another."""

    def __init__(self, *errors: ClientError) -> None:
        self._errors = iter(errors)
        self.tokens: set[str] = set()

    def transact_write_items(self, ClientRequestToken: str, **_: Any) -> None:  # noqa: N803 - boto3's
        self.tokens.add(ClientRequestToken)
        raise next(self._errors)


CONFLICT = cancelled("TransactionConflict")
CONFLICT_TO_A_RETRY = cancelled("TransactionConflict", retries=1)
REFUSED = cancelled("ConditionalCheckFailed")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([CONFLICT, REFUSED], ConditionRefused),
        ([CONFLICT] * WRITE_TRIES, WriteContended),
        ([CONFLICT, CONFLICT_TO_A_RETRY, CONFLICT, REFUSED], Unavailable),
        ([CONFLICT_TO_A_RETRY] + [CONFLICT] * (WRITE_TRIES - 1), Unavailable),
    ],
)
def test_a_failure_is_reported_as_final_only_when_no_try_can_still_succeed(
    errors: list[ClientError], expected: type[Exception]
) -> None:
    client = FailingTransactions(*errors)
    with pytest.raises(expected):
        Table(client, TABLE).write([Action(KEY)])  # type: ignore[arg-type] # a fake
    assert len(client.tokens) == 1


def test_a_refused_condition_returns_the_stored_item(table: Table) -> None:
    table.transact([Action(KEY, item={"owner": "alice", "n": 1})])
    with pytest.raises(ConditionRefused) as refused:
        table.transact(
            [
                Action(Key("OTHER", "1"), item={"x": 1}),
                Action(KEY, item={}, condition="#owner = :owner", values={"owner": "bob"}),
            ]
        )
    assert refused.value.key == KEY
    assert refused.value.item == {"pk": "POST#1", "sk": "POST", "owner": "alice", "n": 1}
    assert table.get(Key("OTHER", "1")) is None, "nothing was written"


def test_a_refused_condition_without_an_item_returns_none(table: Table) -> None:
    with pytest.raises(ConditionRefused) as refused:
        table.transact([Action(KEY, condition="attribute_exists(pk)")])
    assert refused.value.item is None


def test_a_list_of_more_than_one_dynamodb_page_is_read_to_its_end(table: Table) -> None:
    for number in range(5):
        item = {"text": "x" * 380_000}
        table.transact([Action(Key("FEED#0", f"ENTRY#{number}"), item=item)])
    table.transact([Action(Key("FEED#0", sort_key), item={}) for sort_key in ("BAN", "PROFILE")])
    rows = table.query(Range("FEED#0", "ENTRY#", "ENTRY#~", is_ascending=False), 9)
    assert [row["sk"] for row in rows] == [f"ENTRY#{number}" for number in (4, 3, 2, 1, 0)]


def test_reads_for_the_public_are_eventually_consistent_and_all_others_consistent(
    client: Any,
) -> None:
    made: list[Any] = []

    def record(params: dict[str, Any], **_: Any) -> None:
        made.append(params.get("ConsistentRead", params.get("RequestItems")))

    client.meta.events.register("provide-client-params.dynamodb", record)
    table = Table(client, TABLE)
    for one in (table, table.for_public(), table.for_public().consistent()):
        one.get(KEY)
        one.get_all([KEY])
        one.query_page(Range("a"), 1)
    consistent = [True, {TABLE: {"Keys": [ANY], "ConsistentRead": True}}, True]
    late = [False, {TABLE: {"Keys": [ANY], "ConsistentRead": False}}, False]
    assert made == [*consistent, *late, *consistent]
