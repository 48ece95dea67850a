"""Save the content of a table and a bucket, and restore it later."""

import pickle
from typing import Any

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from tests.support.engines import IS_MOTO, Stores
from tests.support.posts import BUCKET, TABLE, stored

# The content and the type of each object that was ever seen: no key gets another content.
_OBJECTS: dict[str, tuple[bytes, str]] = {}


class Snapshot:
    """The content of a table and a bucket at one point in time."""

    def __init__(self, stores: Stores) -> None:
        self._client, self._bucket = stores
        self._items = _saved_items() if IS_MOTO else stored(self._client)
        self._keys = self._bucket.keys_under("")
        for key in self._keys:
            if key not in _OBJECTS:
                found = self._bucket._client.get_object(Bucket=BUCKET, Key=key)
                _OBJECTS[key] = found["Body"].read(), found["ContentType"]

    def restore(self) -> None:
        if isinstance(self._items, bytes):
            _moto_table().items = pickle.loads(self._items)
        else:
            self._restore_by_requests(self._items)
        keys = self._bucket.keys_under("")
        self._bucket.delete([key for key in keys if key not in self._keys])
        for missing in set(self._keys) - set(keys):
            content, content_type = _OBJECTS[missing]
            self._bucket._client.put_object(
                Bucket=BUCKET, Key=missing, Body=content, ContentType=content_type
            )

    def _restore_by_requests(self, items: dict[tuple[str, str], dict[str, Any]]) -> None:
        found = stored(self._client)
        for key, item in items.items():
            if found.get(key) != item:
                self._client.put_item(TableName=TABLE, Item=item)
        for key in found.keys() - items.keys():
            self._client.delete_item(TableName=TABLE, Key=_key(found[key]))


def _moto_table() -> Any:
    """Return the table in moto's memory, which is much faster to restore than by requests."""
    return get_backend("dynamodb")[DEFAULT_ACCOUNT_ID]["us-east-1"].tables[TABLE]


def _saved_items() -> bytes:
    return pickle.dumps(_moto_table().items)


def _key(item: dict[str, Any]) -> dict[str, Any]:
    return {"pk": item["pk"], "sk": item["sk"]}
