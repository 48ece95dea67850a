"""Behaviour of DynamoDB that the code relies on, tested on the engine under test.

Where moto differs, a test states what DynamoDB documents and what moto does.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key
from blog.dynamodb.table import Range, Table
from tests.support.engines import IS_MOTO
from tests.support.posts import TABLE

COUNTER = {"pk": {"S": "COUNTER"}, "sk": {"S": "C"}}
ONE_MORE: dict[str, Any] = {
    "TableName": TABLE,
    "Key": COUNTER,
    "UpdateExpression": "ADD #count :one",
    "ExpressionAttributeNames": {"#count": "count"},
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}


class Difference(NamedTuple):
    """A question to the engine, DynamoDB's documented result, its source, and moto's result."""

    ask: Callable[[Any], Any]
    documented: Any
    source: str
    moto_result: Any


def count_after_the_same_token_twice(client: Any) -> str:
    for _ in range(2):
        client.transact_write_items(TransactItems=[{"Update": ONE_MORE}], ClientRequestToken="1")
    count: str = client.get_item(TableName=TABLE, Key=COUNTER)["Item"]["count"]["N"]
    return count


def refusal(act: Callable[..., Any], **parameters: Any) -> str | None:
    try:
        act(**parameters)
    except ClientError as e:
        return str(e.response["Error"]["Code"])
    return None


def another_request_with_a_token(client: Any) -> str | None:
    client.transact_write_items(TransactItems=[{"Update": ONE_MORE}], ClientRequestToken="2")
    other = {"Delete": {"TableName": TABLE, "Key": COUNTER}}
    return refusal(client.transact_write_items, TransactItems=[other], ClientRequestToken="2")


def long_key_in_a_batch(client: Any) -> str | None:
    key = {"pk": {"S": "x" * 2049}, "sk": {"S": "x"}}
    return refusal(client.batch_get_item, RequestItems={TABLE: {"Keys": [key]}})


def units_of_a_transaction(client: Any) -> float | None:
    """Return the units that ten puts of about 510 bytes consume."""
    puts = [
        {
            "Put": {
                "TableName": TABLE,
                "Item": {**COUNTER, "sk": {"S": f"{n}"}, "x": {"S": "y" * 495}},
            }
        }
        for n in range(10)
    ]
    response = client.transact_write_items(TransactItems=puts, ReturnConsumedCapacity="TOTAL")
    return sum(one["CapacityUnits"] for one in response.get("ConsumedCapacity", [])) or None


def sum_of_units_of_a_query(client: Any) -> float | None:
    """Return the units that a consistent query of four items of about 1,500 bytes consumes.

    DynamoDB counts their sum of 6,000 bytes: two units, and not four.
    """
    for n in range(4):
        item = {**COUNTER, "sk": {"S": f"{n}"}, "x": {"S": "y" * 1480}}
        client.put_item(TableName=TABLE, Item=item)
    response = client.query(
        TableName=TABLE, KeyConditionExpression="pk = :pk", ConsistentRead=True,
        ExpressionAttributeValues={":pk": COUNTER["pk"]}, ReturnConsumedCapacity="TOTAL",
    )  # fmt: skip
    return float(response["ConsumedCapacity"]["CapacityUnits"])


API = "Amazon DynamoDB API Reference"
GUIDE = "Amazon DynamoDB Developer Guide"
DIFFERENCES = {
    "a token sent twice counts once": Difference(
        count_after_the_same_token_twice, "1", f"{API}, TransactWriteItems, ClientRequestToken", "2"
    ),
    "a token is for one request": Difference(
        another_request_with_a_token,
        "IdempotentParameterMismatchException",
        f"{API}, TransactWriteItems, Errors",
        None,
    ),
    "a partition key has at most 2,048 bytes, in a batch too": Difference(
        long_key_in_a_batch, "ValidationException", f"{GUIDE}, Quotas, Partition keys", None
    ),
    "a transaction costs twice what its items do": Difference(
        units_of_a_transaction, 20, f"{GUIDE}, Transactions, Capacity management", None
    ),
    "a query is charged for the sum of its items": Difference(
        sum_of_units_of_a_query, 2, f"{GUIDE}, Read consumption", 1
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_engine_behaves_as_documented_or_as_moto_is_known_to(name: str, client: Any) -> None:
    difference = DIFFERENCES[name]
    expected = difference.moto_result if IS_MOTO else difference.documented
    assert difference.ask(client) == expected, difference.source


def test_a_hundred_actions_are_written_and_a_hundred_and_one_are_refused(
    table: Table,
) -> None:
    actions = [Action(Key("P", f"{n:03}"), item={"n": n}) for n in range(101)]
    with pytest.raises(ClientError):
        table.transact(actions)
    assert table.keys_of("P", 200) == []
    table.transact(actions[:100])
    assert len(table.keys_of("P", 200)) == 100


def test_sort_keys_are_ordered_by_their_bytes(table: Table) -> None:
    keys = ["A", "Z", "a", "z", "é", "ह", "\U0001f600"]
    table.transact([Action(Key("P", key), item={}) for key in reversed(keys)])
    rows = table.query(Range("P"), 10)
    assert [row["sk"] for row in rows] == sorted(keys, key=str.encode) == keys


def test_an_item_of_more_than_400_kb_is_refused(table: Table) -> None:
    with pytest.raises(ClientError):
        table.transact([Action(Key("P", "1"), item={"text": "x" * 410_000})])
    assert table.get(Key("P", "1")) is None
