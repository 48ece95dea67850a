"""Reports: what users tell moderators about posts and comments."""

from datetime import datetime

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, Item
from blog.dynamodb.counters import require_public
from blog.dynamodb.keys import (
    REPORTS,
    Key,
    comment_key,
    entry_sort_key,
    own_report_key,
)
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import new_id
from blog.moderation.schemas import REPORT_RETENTION_DAYS
from blog.people.person import Person
from blog.people.rate_limits import RateLimits


class Reports:
    """The reports in one table, for those who write them."""

    def __init__(self, table: Table, limits: RateLimits | None = None) -> None:
        self._table = table
        self._limits = limits or RateLimits()

    def report(
        self,
        post_id: str,
        comment_id: str | None,
        reason: str,
        *,
        reporter: Person,
        at: datetime | None = None,
    ) -> None:
        """Tell moderators about a public post, or about a comment on it.

        Only a user's first report of it is stored. Raises NotFound, Forbidden for a banned user,
        TooManyRequests and WriteContended.
        """
        at = at or now()
        report_id = new_id(at)
        entry = Key(REPORTS, entry_sort_key(at, report_id))
        expires_at = int(at.timestamp()) + REPORT_RETENTION_DAYS * 24 * 3600
        row = {
            "id": report_id,
            "post_id": post_id,
            "comment_id": comment_id,
            "reason": reason,
            "author_id": reporter.author_id,
            "created_at": to_rfc3339(at),
            "expires_at": expires_at,
        }
        own = own_report_key(reporter.sub, post_id, comment_id)
        stored = {"entry": entry.sk, "expires_at": expires_at}
        there = [require_public(post_id, _nothing_there), *_exists(post_id, comment_id)]
        puts = [
            Action(own, item=stored, condition=IS_NEW),
            Action(entry, item={name: value for name, value in row.items() if value}),
        ]
        self._limits.write(
            self._table, "reports", reporter.author_id, at, lambda count: [*there, count, *puts]
        )


def _nothing_there(_: Item | None) -> NotFound:
    return NotFound("There is nothing with this id.")


def _exists(post_id: str, comment_id: str | None) -> list[Action]:
    """Build the check that a comment exists, if there is an id."""
    if comment_id is None:
        return []
    key, condition = comment_key(post_id, comment_id), "attribute_exists(#body)"
    return [Action(key, condition=condition, is_check=True, refused=_nothing_there)]
