"""The parts of a transaction, and how a transaction fails."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from blog.dynamodb.keys import Key

Item = dict[str, Any]  # attributes by name, `pk` and `sk` among them

IS_NEW = "attribute_not_exists(pk)"
IS_THERE = "attribute_exists(pk)"


@dataclass(frozen=True)
class Action:
    """One part of a transaction: it puts `item`, or applies `update`, or only checks, or deletes.

    `condition` is a ConditionExpression and `update` an UpdateExpression. In both, `#name` stands
    for the attribute of that name, and `:name` for the entry of that name in `values`.
    """

    key: Key
    _: KW_ONLY
    item: Item | None = None
    condition: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    update: str = ""
    is_check: bool = False


class ConditionRefused(Exception):
    """A condition of a transaction does not hold, so nothing is written.

    `key` is the key of the refused action. `item` is the item that has this key now, or None.
    It shows the reason without another read.
    """

    def __init__(self, key: Key, item: Item | None) -> None:
        super().__init__("a condition does not hold")
        self.key = key
        self.item = item


class TransactionContended(Exception):
    """Another transaction writes one of the same items at the same time.

    `may_be_done` is True if an earlier attempt of the same transaction ended without a response.
    """

    def __init__(self, *, may_be_done: bool = False) -> None:
        super().__init__("another transaction was faster")
        self.may_be_done = may_be_done
