"""Save the content of a table and a bucket, and restore it later."""

from typing import Any

from tests.support.engines import Stores
from tests.support.people import PNG
from tests.support.posts import BUCKET, TABLE, stored


class Snapshot:
    """The content of a table and a bucket at one point in time."""

    def __init__(self, stores: Stores) -> None:
        self._client, self._bucket = stores
        self._items = stored(self._client)
        self._keys = self._bucket.keys_under("")

    def restore(self) -> None:
        found = stored(self._client)
        for key, item in self._items.items():
            if found.get(key) != item:
                self._client.put_item(TableName=TABLE, Item=item)
        for key in found.keys() - self._items.keys():
            self._client.delete_item(TableName=TABLE, Key=_key(found[key]))
        keys = self._bucket.keys_under("")
        self._bucket.delete([key for key in keys if key not in self._keys])
        for missing in set(self._keys) - set(keys):
            self._bucket._client.put_object(Bucket=BUCKET, Key=missing, Body=PNG)


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}
