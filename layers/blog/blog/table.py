"""DynamoDB, as far as the blog needs it: get, query newest first, and transactions.

What botocore raises becomes one of three things here, and nowhere else: ConditionRefused,
TransactionContended, or Unavailable. Anything else is a bug and passes through.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from blog.errors import Unavailable
from blog.keys import Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

# A call takes at most two tries of 1 s to connect or 2 s to be answered, and a pause of 1 s: 5 s.
# So the two calls of a write end before their function does (15 s), with an answer of ours.
CLIENT_CONFIG = Config(
    connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2}
)

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class ConditionRefused(Exception):
    """A condition of a transaction does not hold, so none of it was written.

    `key` is that of the refused action, `item` what lies there: the reason can be told from it
    without another read.
    """

    def __init__(self, key: Key, item: Item | None) -> None:
        super().__init__("a condition does not hold")
        self.key = key
        self.item = item


class TransactionContended(Exception):
    """Another transaction wrote one of the same items at the same moment."""


@dataclass(frozen=True)
class Action:
    """One write of a transaction; `item` is None for a deletion.

    `condition` is a ConditionExpression with `#name` and `:name` for each of its `values`.
    """

    key: Key
    item: Item | None = None
    condition: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class Table:
    """The blog's one table."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name
        self._serialise = TypeSerializer().serialize
        self._deserialise = TypeDeserializer().deserialize

    @classmethod
    def connect(cls, name: str) -> Self:
        """The table of that name in the account and region of the environment."""
        return cls(boto3.client("dynamodb", config=CLIENT_CONFIG), name)

    def get(self, key: Key) -> Item | None:
        """The item as it is now, or None."""
        answer = self._call("get_item", Key=self._attributes(key._asdict()), ConsistentRead=True)
        return self._item(answer.get("Item"))

    def newest(self, partition: str, *, first: str, last: str, limit: int) -> list[Item]:
        """Up to `limit` items with sort keys from `first` to `last`, the highest first.

        Fewer only where there are no more: DynamoDB ends a page at 1 MB, so it may take several.
        """
        return self._query(partition, first, last, limit, forward=False)

    def oldest(self, partition: str, *, first: str, last: str, limit: int) -> list[Item]:
        """The same, the lowest first."""
        return self._query(partition, first, last, limit, forward=True)

    def _query(
        self, partition: str, first: str, last: str, limit: int, *, forward: bool
    ) -> list[Item]:
        items: list[Item] = []
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": self._attributes(
                {":pk": partition, ":first": first, ":last": last}
            ),
            "ScanIndexForward": forward,
            "ConsistentRead": True,
        }
        while len(items) < limit:
            answer = self._call("query", **query, Limit=limit - len(items))
            items += [self._plain(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return items

    def transact(self, actions: Sequence[Action]) -> None:
        """Write all of it or nothing.

        The request token stays the same over botocore's retries, so that a transaction whose
        answer got lost is not applied twice. Raises ConditionRefused for the first action whose
        condition does not hold, TransactionContended, and Unavailable.
        """
        try:
            self._call(
                "transact_write_items",
                TransactItems=[self._transact_item(action) for action in actions],
                ClientRequestToken=str(uuid.uuid4()),
            )
        except ClientError as e:
            reasons = e.response.get("CancellationReasons", [])
            for action, reason in zip(actions, reasons, strict=False):
                if reason.get("Code") == "ConditionalCheckFailed":
                    raise ConditionRefused(action.key, self._item(reason.get("Item"))) from e
            codes = {reason.get("Code") for reason in reasons}
            if "TransactionConflict" in codes:
                raise TransactionContended from e
            if codes & _THROTTLED:
                raise Unavailable from e
            raise

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation != "transact_write_items":
            parameters["TableName"] = self._name
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except ClientError as e:
            status = e.response["ResponseMetadata"].get("HTTPStatusCode", 0)
            if e.response["Error"]["Code"] in _THROTTLED or status >= 500:
                raise Unavailable from e
            raise
        except (NotConnected, HTTPClientError) as e:
            raise Unavailable from e
        return answer

    def _transact_item(self, action: Action) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self._name}
        if action.item is None:
            request["Key"] = self._attributes(action.key._asdict())
        else:
            request["Item"] = self._attributes({**action.item, **action.key._asdict()})
        if action.condition:
            request["ConditionExpression"] = action.condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if action.values:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in action.values}
            request["ExpressionAttributeValues"] = self._attributes(
                {f":{name}": value for name, value in action.values.items()}
            )
        return {"Delete" if action.item is None else "Put": request}

    def _attributes(self, item: Item) -> dict[str, Any]:
        return {name: self._serialise(value) for name, value in item.items()}

    def _plain(self, attributes: Mapping[str, Any]) -> Item:
        return {name: self._deserialise(value) for name, value in attributes.items()}

    def _item(self, attributes: Mapping[str, Any] | None) -> Item | None:
        return self._plain(attributes) if attributes else None
