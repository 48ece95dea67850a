"""moto's transactions in a tenth of their time, for tests make thousands of them."""

import copy
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from moto.dynamodb.models.table import Table as MotoTable


def quick_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto copies the whole table for each action of a transaction, down to the last value. Our
    updates replace values and change none, so that their holders are enough."""

    def copied(thing: Any) -> Any:
        if not isinstance(thing, MotoTable):
            return copy.deepcopy(thing)
        table = copy.copy(thing)
        partitions = {
            pk: {sk: copied_item(item) for sk, item in partition.items()}
            for pk, partition in thing.items.items()
        }
        table.items = defaultdict(dict, partitions)
        return table

    def copied_item(item: Any) -> Any:
        twin = copy.copy(item)
        twin.attrs = type(item.attrs)()
        dict.update(twin.attrs, item.attrs)  # not by its own, which measures all of it each time
        return twin

    monkeypatch.setattr("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=copied))
