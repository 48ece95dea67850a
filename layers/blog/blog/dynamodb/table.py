"""DynamoDB, as far as the blog needs it: items by key, ranges of a partition, and transactions.

What botocore raises becomes one of three errors here, and nowhere else: ConditionRefused,
TransactionContended, or Unavailable. Anything else is a bug and passes through.
"""

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from blog.dynamodb.actions import Action, ConditionRefused, Item, TransactionContended
from blog.dynamodb.client import CLIENT_CONFIG, ONE_TRY, connect
from blog.dynamodb.concurrency import each_side_by_side
from blog.dynamodb.deadline import deadline
from blog.dynamodb.keys import Key
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.errors import Unavailable, WriteContended

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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

MAX_BATCH_GET = 100
MAX_BATCH_WRITE = 25
MAX_TRIES = 5  # of a batch that DynamoDB does only in part
HIGHEST = "\U0010ffff"  # above every sort key


@dataclass(frozen=True)
class Range:
    """The items of a partition with sort keys from `first` to `last`, and the order to read in."""

    partition: str
    first: str = " "
    last: str = HIGHEST
    is_ascending: bool = True


class Table:
    """The blog's one table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        connect_for_one_try: "Callable[[], DynamoDBClient] | None" = None,
    ) -> None:
        """The second client is made when there is no time for the first one's retries."""
        self._client = client
        self._name = name
        self._connect_for_one_try = connect_for_one_try or (lambda: self._client)
        self._client_of_one_try: DynamoDBClient | None = None
        self._connecting = threading.Lock()  # boto3 makes one at a time
        self._serialise = TypeSerializer().serialize
        self._deserialise = TypeDeserializer().deserialize

    @classmethod
    def connect(cls, name: str) -> Self:
        """The table of that name in the account and region of the environment."""
        return cls(connect(), name, lambda: connect(CLIENT_CONFIG.merge(ONE_TRY)))

    def get(self, key: Key) -> Item | None:
        """The item as it is now, or None."""
        answer = self._call("get_item", Key=self._attributes(key._asdict()), ConsistentRead=True)
        return self._item(answer.get("Item"))

    def get_all(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of these items that are there, as they are now: one round trip.

        More than DynamoDB takes at once are asked for side by side.
        """
        unique = list(dict.fromkeys(keys))
        batches = [unique[n : n + MAX_BATCH_GET] for n in range(0, len(unique), MAX_BATCH_GET)]
        found = each_side_by_side(self._get_batch, batches)
        return {Key.of(item): item for items in found for item in items}

    def _get_batch(self, keys: Sequence[Key]) -> list[Item]:
        items: list[Item] = []
        asked = [self._attributes(key._asdict()) for key in keys]
        for _ in backoff(MAX_TRIES):
            request = {self._name: {"Keys": asked, "ConsistentRead": True}}
            answer = self._call("batch_get_item", RequestItems=request)
            items += map(self._plain, answer["Responses"].get(self._name, []))
            asked = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not asked:
                return items
        raise Unavailable

    def query(self, wanted: Range, limit: int) -> list[Item]:
        """Up to `limit` items of a range, in its order.

        Fewer only where there are no more: DynamoDB ends a page at 1 MB, so it may take several.
        """
        items: list[Item] = []
        for page in self._pages(wanted, limit):
            items += page
            if len(items) >= limit:
                break
        return items[:limit]

    def query_all(self, ranges: Sequence[Range], limit: int) -> list[list[Item]]:
        """Up to `limit` items of each range, asked for side by side."""
        return each_side_by_side(lambda wanted: self.query(wanted, limit), ranges)

    def keys_of(self, partition: str, limit: int) -> list[Key]:
        """Up to `limit` keys of whatever lies in a partition."""
        wanted = Range(partition)
        pages = self._pages(wanted, limit, ProjectionExpression="pk, sk")
        return [Key.of(item) for item in next(pages)]

    def _pages(self, wanted: Range, page_size: int, **more: Any) -> Iterator[list[Item]]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": self._attributes(
                {":pk": wanted.partition, ":first": wanted.first, ":last": wanted.last}
            ),
            "ScanIndexForward": wanted.is_ascending,
            "ConsistentRead": True,
            "Limit": page_size,
            **more,
        }
        while True:
            answer = self._call("query", **query)
            yield [self._plain(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def scan(self, condition: str, values: Item) -> Iterator[Item]:
        """The keys of all items for which a condition holds: reads, and is billed for, all of the
        table. For an operator; no function has the right to."""
        return self._scanned(
            FilterExpression=condition,
            ExpressionAttributeValues=self._attributes(
                {f":{name}": value for name, value in values.items()}
            ),
            ProjectionExpression="pk, sk",
        )

    def scan_all(self) -> Iterator[Item]:
        """All items, for an operator, too."""
        return self._scanned()

    def _scanned(self, **parameters: Any) -> Iterator[Item]:
        while True:
            answer = self._call("scan", ConsistentRead=True, **parameters)
            yield from map(self._plain, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Delete items without a condition; those that are not there are none the less deleted.

        For keys that nobody uses again: a request that was given up may come late.
        """
        self._write_all(
            [{"DeleteRequest": {"Key": self._attributes(key._asdict())}} for key in keys]
        )

    def put_all(self, items: Sequence[Item]) -> None:
        """Put items, with their keys in them, without a condition. For an operator, too."""
        self._write_all([{"PutRequest": {"Item": self._attributes(item)}} for item in items])

    def _write_all(self, all_requests: Sequence[dict[str, Any]]) -> None:
        for n in range(0, len(all_requests), MAX_BATCH_WRITE):
            requests: Any = all_requests[n : n + MAX_BATCH_WRITE]
            for _ in backoff(MAX_TRIES):
                answer = self._call("batch_write_item", RequestItems={self._name: requests})
                requests = answer.get("UnprocessedItems", {}).get(self._name)
                if not requests:
                    break
            else:
                raise Unavailable

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        """Write all of it or nothing.

        The request token stays the same over botocore's retries, so that a transaction whose
        answer got lost is not applied twice; over retries of one's own, too, where one is given.
        Raises ConditionRefused for the first action whose condition does not hold,
        TransactionContended, and Unavailable: also for a refusal that comes to a retry, because
        what it retries may still be on its way.
        """
        try:
            self._call(
                "transact_write_items",
                TransactItems=[self._transact_item(action) for action in actions],
                ClientRequestToken=token or str(uuid.uuid4()),
            )
        except ClientError as e:
            reasons = e.response.get("CancellationReasons", [])
            was_retried = bool(e.response["ResponseMetadata"].get("RetryAttempts"))
            for action, reason in zip(actions, reasons, strict=False):
                if reason.get("Code") == "ConditionalCheckFailed":
                    if was_retried:
                        raise Unavailable from e
                    raise ConditionRefused(action.key, self._item(reason.get("Item"))) from e
            codes = {reason.get("Code") for reason in reasons}
            if "TransactionConflict" in codes:
                raise TransactionContended(may_be_done=was_retried) from e
            if codes & _THROTTLED:
                raise Unavailable from e
            raise

    def write(self, actions: Sequence[Action]) -> None:
        """The same, tried again while others write one of the same items, for transactions whose
        conditions alone decide. Raises WriteContended in the end."""
        token = str(uuid.uuid4())  # a conflict may be answered to the retry of what was written
        may_be_done = False
        for _ in backoff(WRITE_TRIES):
            try:
                return self.transact(actions, token)
            except TransactionContended as e:
                may_be_done = may_be_done or e.may_be_done
            except ConditionRefused as e:
                if may_be_done:
                    raise Unavailable from e
                raise
        raise Unavailable if may_be_done else WriteContended

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation in ("get_item", "query", "scan"):
            parameters["TableName"] = self._name
        deadline.require_time_for_call()
        client = self._client if deadline.allows_retry() else self._single_try_client()
        try:
            with deadline.waiting():
                answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as e:
            status = e.response["ResponseMetadata"].get("HTTPStatusCode", 0)
            if e.response["Error"]["Code"] in _THROTTLED or status >= 500:
                raise Unavailable from e
            raise
        except (NotConnected, HTTPClientError) as e:
            raise Unavailable from e
        return answer

    def _single_try_client(self) -> "DynamoDBClient":
        with self._connecting:
            if self._client_of_one_try is None:
                self._client_of_one_try = self._connect_for_one_try()
            return self._client_of_one_try

    def _transact_item(self, action: Action) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self._name}
        if action.item is not None:
            kind = "Put"
            request["Item"] = self._attributes({**action.item, **action.key._asdict()})
        else:
            kind = "Update" if action.update else "ConditionCheck" if action.is_check else "Delete"
            request["Key"] = self._attributes(action.key._asdict())
        if action.update:
            request["UpdateExpression"] = action.update
        if action.condition:
            request["ConditionExpression"] = action.condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if names := re.findall(r"#(\w+)", f"{action.condition} {action.update}"):
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        if action.values:
            request["ExpressionAttributeValues"] = self._attributes(
                {f":{name}": value for name, value in action.values.items()}
            )
        return {kind: request}

    def _attributes(self, item: Item) -> Mapping[str, Any]:
        return self._serialise(item)["M"]

    def _plain(self, attributes: Mapping[str, Any]) -> Item:
        item: Item = self._deserialise({"M": attributes})
        return item

    def _item(self, attributes: Mapping[str, Any] | None) -> Item | None:
        return self._plain(attributes) if attributes else None
