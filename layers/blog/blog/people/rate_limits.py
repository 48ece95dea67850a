"""Rate limits: how often a user may do something in an hour.

The counts are in the item that takes write access away (see write_access.py). Each write checks
this item in any case, so a count adds no action and no write unit. The first write of an hour has
another condition. Where the item was not read before, that write is tried twice.

    write of the stored hour   hour >= now's, count < limit     ADD 1 to the count
    first write of an hour     no hour, or hour < now's         SET the hour, and the count to 1

Clocks differ, so no condition compares hours with `=`.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

from blog.dynamodb.actions import Action, ConditionRefused, Item, Items
from blog.dynamodb.keys import ban_key
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Table
from blog.errors import TooManyRequests
from blog.limits import IN_WORDS, KINDS, PER_HOUR, Kind
from blog.people.write_access import CAN_WRITE, NOT_CLOSED, block_error

SECONDS_IN_HOUR = 3600
MAX_REMEMBERED = 10_000  # users over a limit, in the memory of an execution environment
# Stands for an item that was not read. Most writes are not the first of their hour.
THIS_HOUR: Item = {"hour": 2**53}


class RateLimits:
    """The rate limits of one function, by kind, and who is over one of them.

    It remembers who is over a limit until the hour ends. So a flood of requests does not reach
    the item, and a moderator's ban can be written.
    """

    def __init__(self, per_hour: Mapping[Kind, int] = PER_HOUR) -> None:
        self._per_hour = per_hour
        self._hours: OrderedDict[tuple[str, Kind], int] = OrderedDict()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the limits, such as POST_EDITS_PER_HOUR. A limit that is not there has its default.

        Raises ValueError, which names the variable that is not a number from 1.
        """
        per_hour = dict(PER_HOUR)
        for kind in KINDS:
            variable = f"{kind.upper()}_PER_HOUR"
            text = environment.get(variable, str(per_hour[kind]))
            if not re.fullmatch("[1-9][0-9]{0,8}", text):
                raise ValueError(f"invalid environment: {variable}: must be a number from 1")
            per_hour[kind] = int(text)
        return cls(per_hour)

    @property
    def per_hour(self) -> Mapping[Kind, int]:
        """Return the limits by kind."""
        return self._per_hour

    def count(self, kind: Kind, author_id: str, at: datetime, stored: Item | None) -> Action:
        """Build the action that checks write access and counts one write.

        `stored` is the item under `ban_key`, None if there is none, or THIS_HOUR if it was not
        read. If it is not up to date, DynamoDB may refuse the action without an error: then build
        it again from the item that the refusal brings back.

        Raises TooManyRequests if the user is known to be over the limit. The action is refused
        with TooManyRequests, or with the `block_error` of the item.
        """
        hour = hour_of(at)
        self.raise_if_over(kind, author_id, at, stored)

        def refused(item: Item | None) -> Exception | None:
            block = block_error(item, is_ban_ignored=kind == "exports")
            return block or self._over(kind, author_id, at, item)

        # A banned user may export.
        allowed = NOT_CLOSED if kind == "exports" else CAN_WRITE
        if stored is not None and stored.get("hour", -1) >= hour:
            return Action(
                ban_key(author_id),
                condition=f"{allowed} AND #hour >= :hour"
                f" AND (attribute_not_exists(#{kind}) OR #{kind} < :limit)",
                values={"hour": hour, "limit": self._per_hour[kind], "one": 1},
                update=f"ADD #{kind} :one",
                refused=refused,
            )
        others = ", ".join(f"#{other}" for other in KINDS if other != kind)
        return Action(
            ban_key(author_id),
            condition=f"{allowed} AND (attribute_not_exists(#hour) OR #hour < :hour)",
            values={"hour": hour, "one": 1},
            update=f"SET #hour = :hour, #{kind} = :one REMOVE {others}",
            refused=refused,
        )

    def write(
        self,
        table: Table,
        kind: Kind,
        author_id: str,
        at: datetime,
        actions: Callable[[Action], Sequence[Action]],
    ) -> None:
        """Write a transaction with the action of `count`, without reading the item before.

        `actions` gets that action and returns all. If DynamoDB refuses another one without an
        error, there is nothing to do. Raises what `count` and `Table.write` raise.
        """
        ban = ban_key(author_id)

        def attempt(items: Items) -> None:
            count = self.count(kind, author_id, at, items.get(ban, THIS_HOUR))
            try:
                table.write(actions(count))
            except ConditionRefused as e:
                if e.key == ban:
                    raise

        retrying(attempt, {})

    def raise_if_over(
        self, kind: Kind, author_id: str, at: datetime, stored: Item | None = THIS_HOUR
    ) -> None:
        """Raise TooManyRequests if the user is known to be over the limit.

        It is for what costs much before the write: otherwise a flood that gets 429 still costs it.
        `stored` is as in `count`.
        """
        hour = self._hours.get((author_id, kind), -1)
        if hour >= hour_of(at):
            raise self._error(kind, at, hour)
        if error := self._over(kind, author_id, at, stored):
            raise error

    def _over(
        self, kind: Kind, author_id: str, at: datetime, item: Item | None
    ) -> TooManyRequests | None:
        """Return the error for a user whose item shows that they are over the limit."""
        hour, count = int((item or {}).get("hour", -1)), (item or {}).get(kind, 0)
        if hour < hour_of(at) or count < self._per_hour[kind]:
            return None
        self._hours[author_id, kind] = hour
        if len(self._hours) > MAX_REMEMBERED:
            self._hours.popitem(last=False)
        return self._error(kind, at, hour)

    def _error(self, kind: Kind, at: datetime, hour: int) -> TooManyRequests:
        limit = self._per_hour[kind]
        return TooManyRequests(kind, IN_WORDS[kind], limit, at, end_of_hour(hour))


def hour_of(at: datetime) -> int:
    """Return the number of the hour, from 1970 in UTC."""
    return int(at.timestamp()) // SECONDS_IN_HOUR


def end_of_hour(hour: int) -> datetime:
    """Return when an hour ends."""
    return datetime.fromtimestamp((hour + 1) * SECONDS_IN_HOUR, UTC)


def counted(item: Item | None, at: datetime) -> tuple[int, dict[Kind, int]]:
    """Return the current hour, and how often a user has done each kind in it."""
    stored = item or {}
    hour, now = int(stored.get("hour", -1)), hour_of(at)
    return max(hour, now), {kind: int(stored.get(kind, 0)) if hour >= now else 0 for kind in KINDS}
