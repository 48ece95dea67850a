"""moto's table and bucket as they are at a moment, to be put back."""

import copy
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from blog.storage import Bucket
from tests.integration.neighbourhood import PNG
from tests.integration.writing import BUCKET, TABLE

ACCOUNT = "123456789012"  # moto's


class Snapshot:
    """A table and a bucket as they are, to be put back."""

    def __init__(self, bucket: Bucket) -> None:
        self._items = copy.deepcopy(self._table().items)
        self._bucket = bucket
        self._keys = bucket.keys_under("")

    @staticmethod
    def _table() -> Any:
        """moto's, which is another one after each transaction that was refused."""
        return dynamodb_backends[ACCOUNT]["us-east-1"].tables[TABLE]

    def restore(self) -> None:
        self._table().items = copy.deepcopy(self._items)
        self._bucket.delete(self._bucket.keys_under(""))
        for key in self._keys:
            self._bucket._client.put_object(Bucket=BUCKET, Key=key, Body=PNG)
