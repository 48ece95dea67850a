"""A short memory of items that many public answers repeat, such as profiles."""

from datetime import datetime, timedelta

from blog.clock import now
from blog.dynamodb.actions import Item
from blog.dynamodb.keys import Key

REMEMBERED = timedelta(seconds=3)  # with DynamoDB's delay, the public sees a change within five
MAX_ITEMS = 500  # profiles have less than 8 KB


class RecentItems:
    """The items that were read in the last seconds, and the keys that had none.

    It belongs to one execution environment. The clock is that of the day, because a monotonic one
    may stand still while Lambda freezes the environment.
    """

    def __init__(self) -> None:
        self._found: dict[Key, tuple[datetime, Item | None]] = {}

    def known(self, keys: list[Key]) -> dict[Key, Item | None]:
        """Return what is known of these keys: the item, or None for a key without one."""
        at = now()
        oldest = at - REMEMBERED
        return {
            key: self._found[key][1]
            for key in keys
            if key in self._found and oldest < self._found[key][0] <= at
        }

    def remember(self, keys: list[Key], items: dict[Key, Item]) -> None:
        """Remember what was read just now. The oldest are forgotten first."""
        at = now()
        for key in keys:
            self._found.pop(key, None)
            self._found[key] = at, items.get(key)
        while len(self._found) > MAX_ITEMS:
            del self._found[next(iter(self._found))]
