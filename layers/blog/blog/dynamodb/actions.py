"""The parts of a transaction: what each writes, under which condition, and what a refusal means."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from blog.dynamodb.keys import Key

Item = dict[str, Any]  # attributes by name, `pk` and `sk` among them
# What is known of some keys: the item, or None for a key without an item.
Items = dict[Key, Item | None]
# Returns the error that a refusal by this item means; None if the refusal is no error.
Refused = Callable[[Item | None], Exception | None]

IS_NEW = "attribute_not_exists(pk)"
IS_THERE = "attribute_exists(pk)"


@dataclass(frozen=True)
class Action:
    """One part of a transaction: it puts `item`, or applies `update`, or only checks, or deletes.

    `condition` is a ConditionExpression and `update` an UpdateExpression. In both, `#name` stands
    for the attribute of that name, and `:name` for the entry of that name in `values`.

    `refused` is called with the item that the condition does not hold for, and returns the error
    that this means. Without it, or if it returns None, `Table.write` raises ConditionRefused.
    """

    key: Key
    _: KW_ONLY
    item: Item | None = None
    condition: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    update: str = ""
    is_check: bool = False
    refused: Refused | None = field(default=None, compare=False)


class ConditionRefused(Exception):
    """A condition of a transaction does not hold, so nothing is written.

    `key` is the key of the first refused action. `item` is the item that has this key now, or
    None. It shows the reason without another read.
    """

    def __init__(self, action: Action, item: Item | None) -> None:
        super().__init__("a condition does not hold")
        self.action = action
        self.item = item

    @property
    def key(self) -> Key:
        """The key of the refused action."""
        return self.action.key

    @property
    def error(self) -> Exception | None:
        """The error that the refused action declares for this item; None if it declares none."""
        return None if self.action.refused is None else self.action.refused(self.item)


class TransactionContended(Exception):
    """Another transaction writes one of the same items at the same time.

    `may_be_done` is True if an earlier attempt of the same transaction ended without a response.
    """

    def __init__(self, *, may_be_done: bool = False) -> None:
        super().__init__("another transaction was faster")
        self.may_be_done = may_be_done
