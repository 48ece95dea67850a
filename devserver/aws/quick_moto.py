"""moto's DynamoDB in a fraction of its time, for one table with a partition and a sort key.

Both corrections are patches of moto 5; the integration tests use them as the desk does.
"""

import copy
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

Place = tuple[Table, DynamoType, DynamoType]


def speed_up_moto() -> None:
    """Correct moto in this process; once is enough."""
    _keep_attribute_values()
    _copy_only_what_is_written()


def _keep_attribute_values() -> None:
    """Leave attributes' values as moto keeps them: as the protocol has them already, but it would
    look for each of the ten kinds that each could be, three quarters of a request."""
    walk: Any = BaseJSONSerializer._serialize_type_structure

    def serialised(self: Any, target: dict[str, Any], value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict) and "B" not in value:
            target[key] = value
        else:
            walk(self, target, value, shape, key)

    setattr(BaseJSONSerializer, walk.__name__, serialised)


def _copy_only_what_is_written() -> None:
    """moto copies the whole table for each action of a transaction, so that some hundred posts
    make each write take longer than anybody waits. Only what it names can have to be put back."""

    def copied(thing: Any) -> Any:
        return thing if isinstance(thing, Table) else copy.deepcopy(thing)

    vars(models)["copy"] = SimpleNamespace(deepcopy=copied)
    transact: Any = DynamoDBBackend.transact_write_items

    def undone_unless_all_holds(self: DynamoDBBackend, transact_items: list[Any]) -> None:
        before = [(place, copy.deepcopy(_item(place))) for place in _places(self, transact_items)]
        try:
            transact(self, transact_items)
        except Exception:
            for (table, pk, sk), item in before:
                if item is None:
                    table.items[pk].pop(sk, None)
                else:
                    table.items[pk][sk] = item
            raise

    setattr(DynamoDBBackend, transact.__name__, undone_unless_all_holds)


def _places(backend: DynamoDBBackend, actions: list[Any]) -> Iterator[Place]:
    for action in actions:
        (parameters,) = action.values()
        table = backend.tables.get(parameters["TableName"])
        key = parameters.get("Key") or parameters.get("Item")
        if table is not None and {"pk", "sk"} <= key.keys():  # moto says what is wrong with others
            yield table, DynamoType(key["pk"]), DynamoType(key["sk"])


def _item(place: Place) -> Any:
    table, pk, sk = place
    return table.items[pk].get(sk)
