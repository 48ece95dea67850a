"""An engine whose eventually consistent reads are late, each item by itself.

DynamoDB says of such reads only that the response "might not reflect the results of a recently
completed write operation". Items of one Query may come from different moments. Source:
docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any

Item = Mapping[str, Any]
Version = tuple[int, Item | None]  # since which write, and the item


class LateClient:
    """A client of DynamoDB. A late read shows each item as it was up to `late` writes ago."""

    def __init__(self, client: Any, random: Random, late: int) -> None:
        self._client = client
        self._random = random
        self._late = late
        self.writes = 0
        self._versions: dict[tuple[str, str], list[Version]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **parameters: Any) -> Any:
        """Write, and keep what the items were before."""
        table = next(iter(next(iter(parameters["TransactItems"])).values()))["TableName"]
        keys = [
            {name: (part.get("Key") or part["Item"])[name] for name in ("pk", "sk")}
            for action in parameters["TransactItems"]
            for part in action.values()
        ]
        return self._write(table, keys, lambda: self._client.transact_write_items(**parameters))

    def _write(self, table: str, keys: Sequence[Item], write: Any) -> Any:
        for key in keys:
            if _id(key) not in self._versions:
                self._versions[_id(key)] = [(0, self._now(table, key))]
        response = write()
        self.writes += 1
        for key in keys:
            self._versions[_id(key)].append((self.writes, self._now(table, key)))
        return response

    def _now(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._client.get_item(
            TableName=table, Key=key, ConsistentRead=True
        ).get("Item")
        return found

    def get_item(self, **parameters: Any) -> Any:
        """Return the item, or an earlier one."""
        response = self._client.get_item(**parameters)
        if parameters["ConsistentRead"]:
            return response
        item = self._seen(_id(parameters["Key"]), response.get("Item"))
        return {"ResponseMetadata": response["ResponseMetadata"]} | ({"Item": item} if item else {})

    def batch_get_item(self, **parameters: Any) -> Any:
        """Return the items, or earlier ones."""
        response = self._client.batch_get_item(**parameters)
        ((table, wanted),) = parameters["RequestItems"].items()
        if not wanted["ConsistentRead"]:
            current = {_id(item): item for item in response["Responses"][table]}
            seen = [self._seen(_id(key), current.get(_id(key))) for key in wanted["Keys"]]
            response["Responses"][table] = [item for item in seen if item]
        return response

    def query(self, **parameters: Any) -> Any:
        """Return the rows of a range, each as it is or as it was."""
        if parameters["ConsistentRead"]:
            return self._client.query(**parameters)
        limit = parameters.pop("Limit", None)
        start = parameters.pop("ExclusiveStartKey", None)
        response = self._client.query(**parameters)
        assert "LastEvaluatedKey" not in response, "too much for this engine"
        values = parameters["ExpressionAttributeValues"]
        pk, first, last = (values[name]["S"] for name in (":pk", ":first", ":last"))
        current = {_id(item): item for item in response["Items"]}
        gone = {key for key in self._versions if key[0] == pk and first <= key[1] <= last}
        keys = sorted(gone | current.keys(), reverse=not parameters["ScanIndexForward"])
        if start:
            keys = keys[keys.index(_id(start)) + 1 :]
        seen = (self._seen(key, current.get(key)) for key in keys)
        page = [*islice((row for row in seen if row), limit)]
        response |= {"Items": page, "Count": len(page)}
        if limit and len(page) == limit:
            response["LastEvaluatedKey"] = {name: page[-1][name] for name in ("pk", "sk")}
        return response

    def _seen(self, key: tuple[str, str], current: Item | None) -> Item | None:
        versions = self._versions.get(key, [(0, current)])
        ends = [since for since, _ in versions[1:]] + [self.writes + 1]
        possible = [
            item
            for (_, item), end in zip(versions, ends, strict=True)
            if end > self.writes - self._late
        ]
        return self._random.choice(possible)


def _id(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
