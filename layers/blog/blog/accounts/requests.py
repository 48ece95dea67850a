"""Requests of users for an export of their account, or for its erasure.

Both take longer than a request may. So the transaction that begins them includes a job, which
export.py or erasure.py does.
"""

import secrets
from datetime import datetime, timedelta

from blog.accounts.schemas import Erasure, ErasureContent, Export
from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, Item
from blog.dynamodb.keys import erasure_job_key, erasure_key, export_job_key, export_key
from blog.dynamodb.table import Table
from blog.errors import Conflict, Forbidden
from blog.identifiers import new_id, random_author_id
from blog.people.person import Person
from blog.people.rate_limits import RateLimits
from blog.people.write_access import block, block_error
from blog.s3 import SECONDS_TO_DOWNLOAD, Bucket, export_object_key

REPORT_RETENTION_DAYS = 30


class AccountRequests:
    """The exports and erasures of one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket, limits: RateLimits | None = None) -> None:
        self._table = table
        self._bucket = bucket
        self._limits = limits or RateLimits()

    def begin_export(self, person: Person, at: datetime | None = None) -> Export:
        """Begin an export, in place of an earlier one. An export in preparation goes on.

        Raises Conflict during the user's erasure, Forbidden, TooManyRequests and WriteContended.
        """
        at = at or now()
        export_id = new_id(at)
        job = {"sub": person.sub, "author_id": person.author_id, "export_id": export_id}
        begin = Action(export_job_key(person.author_id), item=job, condition=IS_NEW)
        state = Action(export_key(person.author_id), item={"export_id": export_id})
        self._limits.write(
            self._table, "exports", person.author_id, at, lambda count: [begin, count, state]
        )
        return Export(status="preparing", url=None, expires_at=None)

    def export(self, person: Person, at: datetime | None = None) -> Export:
        """Return the state of the export, with a URL and its expiry if it is ready."""
        at = at or now()
        item = self._table.get(export_key(person.author_id))
        if item is None:
            return Export(status="none", url=None, expires_at=None)
        if "expires_at" not in item:
            return Export(status="preparing", url=None, expires_at=None)
        if item["expires_at"] <= at.timestamp():
            return Export(status="none", url=None, expires_at=None)
        url = self._bucket.presigned_download(
            export_object_key(person.author_id, item["export_id"])
        )
        expires_at = at + timedelta(seconds=SECONDS_TO_DOWNLOAD)
        return Export(status="ready", url=url, expires_at=expires_at)

    def begin_erasure(
        self, person: Person, content: ErasureContent, at: datetime | None = None
    ) -> Erasure:
        """Begin the erasure of a user. An erasure that has begun goes on as it was requested.

        With `anonymise`, published content stays and gets a placeholder as its owner. Raises
        Forbidden for an account that was merged into another, Conflict while another account is
        being merged into it, and WriteContended.
        """
        at = at or now()
        report = {"status": "erasing", "content": content, "requested_at": to_rfc3339(at)}
        job = {
            "sub": person.sub,
            "author_id": person.author_id,
            "content": content,
            "heir_sub": f"nobody-{secrets.token_hex(16)}",
            "heir_author_id": random_author_id(),
        }
        is_begun = self._table.try_write(
            [
                block(person.author_id, "erasure", _erasure_error),
                Action(erasure_key(person.author_id), item=report),
                Action(erasure_job_key(person.author_id), item=job),
            ]
        )
        return Erasure.model_validate(report) if is_begun else self.erasure(person, at)

    def erasure(self, person: Person, at: datetime | None = None) -> Erasure:
        """Return the state of the erasure. A finished erasure is reported for 30 days."""
        at = at or now()
        item = self._table.get(erasure_key(person.author_id))
        if item is None or item.get("expires_at", at.timestamp() + 1) <= at.timestamp():
            return Erasure(status="none")
        return Erasure.model_validate(item)


def _erasure_error(item: Item | None) -> Conflict | Forbidden | None:
    """Return why an erasure cannot begin; None if one has already begun."""
    stored = item or {}
    if "merging_from" in stored:
        return Conflict("Another account of yours is being merged into this one. Try again later.")
    return None if stored.get("closed_for") == "erasure" else block_error(item)
