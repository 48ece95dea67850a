"""Leaving: what somebody asks for who takes their things along, or wants to be forgotten.

Both take longer than a request may: a job is part of the transaction that begins them, and
exporting.py and erasing.py do it.
"""

import secrets
from datetime import datetime, timedelta

from blog.accounts.schemas import Erasure, ErasureContent, Export
from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, ConditionRefused
from blog.dynamodb.keys import erasure_job_key, erasure_key, export_job_key, export_key
from blog.dynamodb.rate_limits import RateLimit
from blog.dynamodb.table import Table
from blog.errors import Conflict
from blog.identifiers import new_id, random_author_id
from blog.people.person import Person
from blog.people.write_access import block, raise_if_blocked, require_not_closed
from blog.s3 import SECONDS_TO_DOWNLOAD, Bucket, export_object_key

EXPORTS_PER_HOUR = 5
REPORT_RETENTION_DAYS = 30


class AccountRequests:
    """The exports and erasures of one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket) -> None:
        self._table = table
        self._bucket = bucket

    def begin_export(self, person: Person, moment: datetime | None = None) -> Export:
        """Have an export made, in place of one that was; one that is being made is left to it.

        Raises Conflict while the person is being erased, Forbidden, TooManyRequests and
        WriteContended.
        """
        moment = moment or now()
        job = export_job_key(person.author_id)
        export_id = new_id(moment)
        rate = RateLimit.of(person.sub, "EXPORT", EXPORTS_PER_HOUR, moment)
        begun = {"sub": person.sub, "author_id": person.author_id, "export_id": export_id}
        gate = require_not_closed(person.author_id)
        try:
            self._table.write(
                [
                    Action(job, item=begun, condition=IS_NEW),
                    gate,
                    Action(export_key(person.author_id), item={"export_id": export_id}),
                    rate.increment(),
                ]
            )
        except ConditionRefused as e:
            if e.key == rate.key:
                raise rate.error(moment) from e
            if e.key == gate.key:
                raise_if_blocked(e.item)
        return Export(status="preparing", url=None, expires_at=None)

    def export(self, person: Person, moment: datetime | None = None) -> Export:
        """What has become of it: where it is fetched from, until when."""
        moment = moment or now()
        item = self._table.get(export_key(person.author_id))
        if item is None:
            return Export(status="none", url=None, expires_at=None)
        if "expires_at" not in item:
            return Export(status="preparing", url=None, expires_at=None)
        if item["expires_at"] <= moment.timestamp():
            return Export(status="none", url=None, expires_at=None)
        url = self._bucket.presigned_download(
            export_object_key(person.author_id, item["export_id"])
        )
        expires_at = moment + timedelta(seconds=SECONDS_TO_DOWNLOAD)
        return Export(status="ready", url=url, expires_at=expires_at)

    def begin_erasure(
        self, person: Person, content: ErasureContent, moment: datetime | None = None
    ) -> Erasure:
        """Have a person forgotten; one that is under way goes on as it was begun.

        What stays, if they want that, will be that of a person who is nobody. Raises Forbidden
        for an account that was joined to another, Conflict while one is joined to it, and
        WriteContended.
        """
        moment = moment or now()
        report = {"status": "erasing", "content": content, "requested_at": to_rfc3339(moment)}
        job = {
            "sub": person.sub,
            "author_id": person.author_id,
            "content": content,
            "heir_sub": f"nobody-{secrets.token_hex(16)}",
            "heir_author_id": random_author_id(),
        }
        gate = block(person.author_id, "erasure")
        try:
            self._table.write(
                [
                    gate,
                    Action(erasure_key(person.author_id), item=report),
                    Action(erasure_job_key(person.author_id), item=job),
                ]
            )
        except ConditionRefused as e:
            if "merging_from" in (e.item or {}):
                text = "Another account of yours is being joined to this one: try again later."
                raise Conflict(text) from e
            if (e.item or {}).get("closed_for") != "erasure":
                raise_if_blocked(e.item)
            return self.erasure(person, moment)
        return Erasure.model_validate(report)

    def erasure(self, person: Person, moment: datetime | None = None) -> Erasure:
        """What has become of it; it is told for 30 days."""
        moment = moment or now()
        item = self._table.get(erasure_key(person.author_id))
        if item is None or item.get("expires_at", moment.timestamp() + 1) <= moment.timestamp():
            return Erasure(status="none")
        return Erasure.model_validate(item)
