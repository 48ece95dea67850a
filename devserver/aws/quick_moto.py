"""Patches that make moto's DynamoDB much faster, for one table with partition and sort key.

They patch moto 5. The integration tests and the local stack use them.
"""

import copy
import functools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from moto import backend_index
from moto.core import responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize

MAX_UNMEASURED_BYTES = 300_000

Location = tuple[Table, DynamoType, DynamoType]


def speed_up_moto() -> None:
    """Patch moto in this process. Once is enough."""
    _keep_attribute_values()
    _copy_only_what_is_written()
    _query_only_one_partition()
    _compare_strings_directly()
    _measure_only_large_items()
    # moto looks for the names of all its methods in each request.
    vars(responses)["method_names_from_class"] = functools.cache(method_names_from_class)
    # moto tries the addresses of all services one after the other in each request.
    backend_index.backend_url_patterns.sort(key=lambda one: one[0] != "dynamodb")


def _keep_attribute_values() -> None:
    """Keep attribute values as moto stores them, which is the protocol's form already.

    moto would test ten types for each value. That takes three quarters of a request's time.
    """
    original: Any = BaseJSONSerializer._serialize_type_structure

    def serialize(self: Any, target: dict[str, Any], value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and isinstance(value, dict) and "B" not in value:
            target[key] = value
        else:
            original(self, target, value, shape, key)

    setattr(BaseJSONSerializer, original.__name__, serialize)


def _copy_only_what_is_written() -> None:
    """Copy only the items that a transaction names, for its rollback.

    moto copies the whole table for each action, so that a few hundred posts make every write very
    slow.
    """

    def copy_unless_table(thing: Any) -> Any:
        return thing if isinstance(thing, Table) else copy.deepcopy(thing)

    vars(models)["copy"] = SimpleNamespace(deepcopy=copy_unless_table)
    transact: Any = DynamoDBBackend.transact_write_items

    def transact_with_rollback(self: DynamoDBBackend, transact_items: list[Any]) -> None:
        before = [
            (location, copy.deepcopy(_item(location)))
            for location in _locations(self, transact_items)
        ]
        try:
            transact(self, transact_items)
        except Exception:
            for (table, pk, sk), item in before:
                if item is None:
                    table.items[pk].pop(sk, None)
                else:
                    table.items[pk][sk] = item
            raise

    setattr(DynamoDBBackend, transact.__name__, transact_with_rollback)


def _query_only_one_partition() -> None:
    """Give a query the items of its partition. moto sorts the whole table for each query."""
    original: Any = Table.query

    def query(self: Table, hash_key: DynamoType, *args: Any, **kwargs: Any) -> Any:
        partition = copy.copy(self)
        vars(partition)["items"] = {hash_key: dict(self.items.get(hash_key, {}))}
        return original(partition, hash_key, *args, **kwargs)

    setattr(Table, original.__name__, query)


def _compare_strings_directly() -> None:
    """Return the value of a string, such as a key, before moto tests nine other types."""
    original: Any = DynamoType.cast_value

    def cast_value(self: DynamoType) -> Any:
        return self.value if self.type == "S" else original.fget(self)

    setattr(DynamoType, original.fget.__name__, property(cast_value))


def _measure_only_large_items() -> None:
    """Measure an item exactly only if it may be near the limit of 400 KB.

    moto measures all attributes of an item again for each attribute.
    """
    original: Any = LimitedSizeDict.__setitem__

    def set_attribute(self: Any, name: str, value: Any) -> None:
        size = value.size() if isinstance(value, DynamoType) else bytesize(str(value))
        # The sum of all that was ever set is never less than the item's size.
        total = vars(self).get("total", 0) + bytesize(name) + size
        if total > MAX_UNMEASURED_BYTES:
            original(self, name, value)
        else:
            dict.__setitem__(self, name, value)
        vars(self)["total"] = total

    setattr(LimitedSizeDict, original.__name__, set_attribute)


def _locations(backend: DynamoDBBackend, actions: list[Any]) -> Iterator[Location]:
    for action in actions:
        (parameters,) = action.values()
        table = backend.tables.get(parameters["TableName"])
        key = parameters.get("Key") or parameters.get("Item")
        if table is not None and {"pk", "sk"} <= key.keys():  # moto reports other keys as errors
            yield table, DynamoType(key["pk"]), DynamoType(key["sk"])


def _item(location: Location) -> Any:
    table, pk, sk = location
    return table.items[pk].get(sk)
