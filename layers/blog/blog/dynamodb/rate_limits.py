"""Rate limits: how often a user may do something in an hour.

A counter with a condition, which is part of the write itself.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from blog.clock import to_rfc3339
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import Key, rate_key
from blog.errors import TooManyRequests


class RateLimit(NamedTuple):
    """A user's counter of the current hour."""

    key: Key
    limit: int
    now: datetime
    ends_at: datetime

    @classmethod
    def of(cls, sub: str, what: str, limit: int, now: datetime) -> "RateLimit":
        """Return the rate limit of one kind of write, named in upper case, for this user.

        `limit` writes are allowed in an hour.
        """
        hour = now.replace(minute=0, second=0, microsecond=0)
        key = rate_key(sub, what, to_rfc3339(hour)[:13])
        return cls(key, limit, now, hour + timedelta(hours=1))

    def increment(self) -> Action:
        """Build the action that counts one write; refused with TooManyRequests at the limit."""
        return Action(
            self.key,
            values={"one": 1, "limit": self.limit, "expires_at": int(self.ends_at.timestamp())},
            condition="attribute_not_exists(#count) OR #count < :limit",
            update="SET #expires_at = :expires_at ADD #count :one",
            refused=self._error,
        )

    def _error(self, _: Item | None) -> TooManyRequests:
        seconds = max(1, round((self.ends_at - self.now).total_seconds()))
        return TooManyRequests(f"At most {self.limit} an hour: try again later.", seconds)
