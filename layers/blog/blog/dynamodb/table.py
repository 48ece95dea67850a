"""DynamoDB, as far as the blog needs it: items by key, ranges of a partition, and transactions.

What botocore raises becomes one of three errors here, and nowhere else: ConditionRefused,
TransactionContended, or Unavailable. Anything else is a bug and passes through.
"""

import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from blog.dynamodb.actions import Action, ConditionRefused, Item, TransactionContended
from blog.dynamodb.client import CLIENT_CONFIG, ONE_TRY, connect
from blog.dynamodb.concurrency import each_side_by_side
from blog.dynamodb.deadline import deadline
from blog.dynamodb.keys import Key
from blog.dynamodb.recent_items import RecentItems
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
    """A range of a partition: the sort keys from `first` to `last`, and the order to read in."""

    partition: str
    first: str = " "
    last: str = HIGHEST
    is_ascending: bool = True


class Page(NamedTuple):
    """The items of one call, and whether the range has more. One with more is never empty."""

    items: list[Item]
    has_more: bool


def _throttling_reasons(response: Mapping[str, Any]) -> list[str]:
    """Return the reasons in an error response, without the names of resources beside them.

    DynamoDB names the list differently in ThrottlingException and in the older errors.
    Source: docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ThrottlingReason.html
    """
    reasons = response.get("ThrottlingReasons") or response.get("throttlingReasons") or []
    return sorted({one["reason"] for one in reasons if one.get("reason")})


def _key(key: Key) -> dict[str, dict[str, str]]:
    """Return a key in DynamoDB's form. boto3's serialiser would take longer than the rest."""
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


class Deserialiser(TypeDeserializer):
    """boto3's deserialiser, but with bytes instead of a type of its own."""

    def _deserialize_b(self, value: bytes) -> bytes:
        return value


class Table:
    """The blog's one table."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        connect_for_one_try: "Callable[[], DynamoDBClient] | None" = None,
    ) -> None:
        """Use this client and table name.

        `connect_for_one_try` makes a second client, when no time is left for the first one's retry.
        """
        self._client = client
        self._name = name
        self._connect_for_one_try = connect_for_one_try or (lambda: self._client)
        self._client_of_one_try: DynamoDBClient | None = None
        self._connecting = threading.Lock()  # boto3 cannot make two clients at once
        self._is_consistent = True
        self._recent: RecentItems | None = None
        self._serialise = TypeSerializer().serialize
        self._deserialise = Deserialiser().deserialize

    @classmethod
    def connect(cls, name: str) -> Self:
        """Return the table of this name in the account and region of the environment."""
        return cls(connect(), name, lambda: connect(CLIENT_CONFIG.merge(ONE_TRY)))

    def for_public(self) -> Self:
        """Return the table for reads that no write depends on. They cost half.

        Reads are eventually consistent: most show what was written a second ago or less. Items that
        `get_recent` has read are remembered for a few seconds.
        """
        table = copy(self)
        table._is_consistent = False
        table._recent = RecentItems()
        return table

    def consistent(self) -> Self:
        """Return the table for reads of what is stored now."""
        table = copy(self)
        table._is_consistent = True
        return table

    def get(self, key: Key) -> Item | None:
        """Return the item, or None."""
        response = self._call("get_item", Key=_key(key), ConsistentRead=self._is_consistent)
        return self._item(response.get("Item"))

    def get_recent(self, recent: Iterable[Key], others: Iterable[Key] = ()) -> dict[Key, Item]:
        """Return the items that exist under all these keys, in one round trip or none.

        For the public, those under the `recent` keys may be remembered.
        """
        if self._recent is None:
            return self.get_all([*recent, *others])
        keys = list(dict.fromkeys(recent))
        known = self._recent.known(keys)
        unknown = [key for key in keys if key not in known]
        items = self.get_all([*unknown, *others])
        self._recent.remember(unknown, items)
        return {**{key: item for key, item in known.items() if item is not None}, **items}

    def get_all(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Return the items that exist under these keys, in one round trip.

        If there are more keys than DynamoDB takes at once, several calls run side by side.
        """
        unique = list(dict.fromkeys(keys))
        batches = [unique[n : n + MAX_BATCH_GET] for n in range(0, len(unique), MAX_BATCH_GET)]
        results = each_side_by_side(self._get_batch, batches)
        return {Key.of(item): item for items in results for item in items}

    def _get_batch(self, keys: Sequence[Key]) -> list[Item]:
        items: list[Item] = []
        remaining = [*map(_key, keys)]
        for _ in backoff(MAX_TRIES):
            request = {self._name: {"Keys": remaining, "ConsistentRead": self._is_consistent}}
            response = self._call("batch_get_item", RequestItems=request)
            items += map(self._plain, response["Responses"].get(self._name, []))
            remaining = response.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if not remaining:
                return items
        raise Unavailable

    def query(self, wanted: Range, limit: int) -> list[Item]:
        """Return up to `limit` items of a range, in its order.

        Returns fewer only if there are no more. DynamoDB ends a page at 1 MB, so this may take
        several calls.
        """
        items: list[Item] = []
        for page in self._pages(wanted, limit):
            items += page
            if len(items) >= limit:
                break
        return items[:limit]

    def query_page(self, wanted: Range, limit: int) -> Page:
        """Return the first items of a range: at most `limit`, and at most 1 MB. It is one call."""
        response = next(self._responses(wanted, Limit=limit))
        items = [self._plain(item) for item in response["Items"]]
        return Page(items, has_more="LastEvaluatedKey" in response)

    def keys_of(self, partition: str, limit: int) -> list[Key]:
        """Return up to `limit` keys of a partition, of every kind of item."""
        wanted = Range(partition)
        pages = self._pages(wanted, limit, ProjectionExpression="pk, sk")
        return [Key.of(item) for item in next(pages)]

    def count(self, wanted: Range, most: int) -> int:
        """Return the number of items in a range. It stops counting after about `most`."""
        count = 0
        for page in self._responses(wanted, Select="COUNT"):
            count += page["Count"]
            if count >= most:
                break
        return count

    def _pages(self, wanted: Range, page_size: int, **more: Any) -> Iterator[list[Item]]:
        for response in self._responses(wanted, Limit=page_size, **more):
            yield [self._plain(item) for item in response["Items"]]

    def _responses(self, wanted: Range, **more: Any) -> Iterator[dict[str, Any]]:
        query: dict[str, Any] = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": self._attributes(
                {":pk": wanted.partition, ":first": wanted.first, ":last": wanted.last}
            ),
            "ScanIndexForward": wanted.is_ascending,
            "ConsistentRead": self._is_consistent,
            **more,
        }
        while True:
            response = self._call("query", **query)
            yield response
            if "LastEvaluatedKey" not in response:
                return
            query["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def scan(self, condition: str, values: Item) -> Iterator[Item]:
        """Yield the keys of all items for which a condition holds. For operators only.

        It reads the whole table, and AWS charges for it. No function has the permission.
        """
        return self._scanned(
            FilterExpression=condition,
            ExpressionAttributeValues=self._attributes(
                {f":{name}": value for name, value in values.items()}
            ),
            ProjectionExpression="pk, sk",
        )

    def scan_all(self) -> Iterator[Item]:
        """Yield all items. For operators only."""
        return self._scanned()

    def _scanned(self, **parameters: Any) -> Iterator[Item]:
        while True:
            response = self._call("scan", ConsistentRead=True, **parameters)
            yield from map(self._plain, response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            parameters["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def delete_all(self, keys: Sequence[Key]) -> None:
        """Delete items without a condition. A missing item is no error.

        For keys that are never used again, because a request that timed out may still arrive late.
        """
        self._write_all([{"DeleteRequest": {"Key": _key(key)}} for key in keys])

    def put_all(self, items: Sequence[Item]) -> None:
        """Put items, which include their keys, without a condition. For operators only."""
        self._write_all([{"PutRequest": {"Item": self._attributes(item)}} for item in items])

    def _write_all(self, all_requests: Sequence[dict[str, Any]]) -> None:
        for n in range(0, len(all_requests), MAX_BATCH_WRITE):
            requests: Any = all_requests[n : n + MAX_BATCH_WRITE]
            for _ in backoff(MAX_TRIES):
                response = self._call("batch_write_item", RequestItems={self._name: requests})
                requests = response.get("UnprocessedItems", {}).get(self._name)
                if not requests:
                    break
            else:
                raise Unavailable

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        """Write all actions or none.

        botocore's retries send the same request token, so a transaction is not applied twice if
        its response is lost. Pass `token` to get the same for other retries.

        Raises ConditionRefused for the first action whose condition does not hold,
        TransactionContended, and Unavailable. A refusal that comes to a retry is Unavailable too,
        because the first attempt may still be on its way.
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
                    raise ConditionRefused(action, self._item(reason.get("Item"))) from e
            codes = {reason.get("Code") for reason in reasons}
            if "TransactionConflict" in codes:
                raise TransactionContended(may_be_done=was_retried) from e
            if codes & _THROTTLED:
                raise Unavailable from e
            raise

    def write(self, actions: Sequence[Action]) -> None:
        """Write all actions or none, and retry while other transactions write the same items.

        For transactions whose conditions alone decide. Raises the error that the first refused
        action declares, or else ConditionRefused. Raises WriteContended after the last attempt,
        and Unavailable instead of all these if an earlier attempt may have been applied.
        """
        token = str(uuid.uuid4())  # the response to a retry of what was written may be a conflict
        may_be_done = False
        for _ in backoff(WRITE_TRIES):
            try:
                return self.transact(actions, token)
            except TransactionContended as e:
                may_be_done = may_be_done or e.may_be_done
            except ConditionRefused as e:
                if may_be_done:
                    raise Unavailable from e
                if error := e.error:
                    raise error from e
                raise
        raise Unavailable if may_be_done else WriteContended

    def try_write(self, actions: Sequence[Action]) -> bool:
        """Write as `write` does, and return False for a refusal that is no error.

        For writes that have nothing to do if a condition does not hold, such as a second like.
        """
        try:
            self.write(actions)
        except ConditionRefused:
            return False
        return True

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation in ("get_item", "query", "scan"):
            parameters["TableName"] = self._name
        deadline.require_time_for_call()
        client = self._client if deadline.allows_retry() else self._single_try_client()
        try:
            with deadline.waiting:
                response: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as e:
            status = e.response["ResponseMetadata"].get("HTTPStatusCode", 0)
            if e.response["Error"]["Code"] in _THROTTLED or status >= 500:
                raise Unavailable(_throttling_reasons(e.response)) from e
            raise
        except (NotConnected, HTTPClientError) as e:
            raise Unavailable from e
        return response

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
            request["Key"] = _key(action.key)
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
