"""Reports: what users tell moderators about posts and comments."""

from datetime import datetime

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, ConditionRefused
from blog.dynamodb.counters import require_public
from blog.dynamodb.keys import (
    REPORTS,
    Key,
    comment_key,
    entry_sort_key,
    own_report_key,
)
from blog.dynamodb.rate_limits import RateLimit
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import new_id
from blog.people.person import Person
from blog.people.write_access import is_gate, raise_if_blocked, require_can_write

REPORTS_PER_HOUR = 60
REPORT_RETENTION_DAYS = 90


class Reports:
    """What people tell moderators."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def report(
        self,
        post_id: str,
        comment_id: str | None,
        reason: str,
        *,
        reporter: Person,
        moment: datetime | None = None,
    ) -> None:
        """Tell moderators of a post that everyone may read, or of a comment on it; the first
        report of a person counts.

        Raises NotFound, Forbidden for who is banned, TooManyRequests and WriteContended.
        """
        moment = moment or now()
        report_id = new_id(moment)
        entry = Key(REPORTS, entry_sort_key(moment, report_id))
        expires_at = int(moment.timestamp()) + REPORT_RETENTION_DAYS * 24 * 3600
        row = {
            "id": report_id,
            "post_id": post_id,
            "comment_id": comment_id,
            "reason": reason,
            "author_id": reporter.author_id,
            "created_at": to_rfc3339(moment),
            "expires_at": expires_at,
        }
        own = own_report_key(reporter.sub, post_id, comment_id)
        rate = RateLimit.of(reporter.sub, "REPORT", REPORTS_PER_HOUR, moment)
        try:
            self._table.write(
                [
                    require_public(post_id),
                    *_is_there(post_id, comment_id),
                    require_can_write(reporter.author_id),
                    Action(
                        own,
                        item={"entry": entry.sk, "expires_at": expires_at},
                        condition=IS_NEW,
                    ),
                    Action(entry, item={name: value for name, value in row.items() if value}),
                    rate.increment(),
                ]
            )
        except ConditionRefused as e:
            if is_gate(e.key):
                raise_if_blocked(e.item)
            if e.key == rate.key:
                raise rate.error(moment) from e
            if e.key != own:
                raise NotFound("There is nothing with this id.") from e


def _is_there(post_id: str, comment_id: str | None) -> list[Action]:
    if comment_id is None:
        return []
    there = "attribute_exists(#body)"
    return [Action(comment_key(post_id, comment_id), condition=there, is_check=True)]
