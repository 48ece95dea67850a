"""Reports: what users tell moderators about posts, comments and authors."""

from datetime import datetime

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, Item
from blog.dynamodb.counters import require_known, require_public
from blog.dynamodb.keys import (
    REPORTS,
    Key,
    comment_key,
    entry_sort_key,
    own_author_report_key,
    own_report_key,
)
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable
from blog.identifiers import is_author_id, new_id
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
        own = own_report_key(reporter.sub, post_id, comment_id)
        there = [require_public(post_id, _nothing_there), *_exists(post_id, comment_id)]
        about = {"post_id": post_id, "comment_id": comment_id, "reason": reason}
        self._write(own, there, about, reporter, at or now())

    def report_author(
        self, author_id: str, reason: str, *, reporter: Person, at: datetime | None = None
    ) -> None:
        """Tell moderators about an author of whom something is public.

        Only a user's first report of the author is stored. Raises Unprocessable for the users
        themselves, and what `report` raises.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        if author_id == reporter.author_id:
            text = "Is your own: nobody reports themselves"
            raise Unprocessable([FieldError("author_id", text)])
        own = own_author_report_key(reporter.sub, author_id)
        about = {"reported_author_id": author_id, "reason": reason}
        self._write(own, [require_known(author_id)], about, reporter, at or now())

    def _write(
        self, own: Key, there: list[Action], about: Item, reporter: Person, at: datetime
    ) -> None:
        """Store a report, and under the key `own` that the user has made it.

        `there` checks that what it is about exists.
        """
        report_id = new_id(at)
        entry = Key(REPORTS, entry_sort_key(at, report_id))
        expires_at = int(at.timestamp()) + REPORT_RETENTION_DAYS * 24 * 3600
        row = {
            "id": report_id,
            **about,
            "author_id": reporter.author_id,
            "created_at": to_rfc3339(at),
            "expires_at": expires_at,
        }
        stored = {"entry": entry.sk, "expires_at": expires_at}
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
