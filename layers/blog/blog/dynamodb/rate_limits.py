"""How often somebody may do something in an hour: a counter with a condition, part of the write."""

from datetime import datetime, timedelta
from typing import NamedTuple

from blog.clock import to_rfc3339
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key, rate_key
from blog.errors import TooManyRequests


class RateLimit(NamedTuple):
    """A person's counter of the present hour."""

    key: Key
    limit: int
    ends_at: datetime

    @classmethod
    def of(cls, sub: str, what: str, limit: int, moment: datetime) -> "RateLimit":
        """Of what this person does, in upper case, of which `limit` are allowed in an hour."""
        hour = moment.replace(minute=0, second=0, microsecond=0)
        return cls(rate_key(sub, what, to_rfc3339(hour)[:13]), limit, hour + timedelta(hours=1))

    def increment(self) -> Action:
        """One more; refused when there have been as many as may be."""
        return Action(
            self.key,
            values={"one": 1, "limit": self.limit, "expires_at": int(self.ends_at.timestamp())},
            condition="attribute_not_exists(#count) OR #count < :limit",
            update="SET #expires_at = :expires_at ADD #count :one",
        )

    def error(self, moment: datetime) -> TooManyRequests:
        """What to tell who was refused."""
        seconds = max(1, round((self.ends_at - moment).total_seconds()))
        return TooManyRequests(f"At most {self.limit} an hour: try again later.", seconds)
