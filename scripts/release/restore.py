"""Restore a stage's table with point-in-time recovery.

`make restore-drill STAGE=staging` checks that the table can be restored, measures how long this
takes, and deletes the copy. `make restore STAGE=staging AT=2026-01-31T09:30:00Z` creates a copy of
that time, and prints the next command. Both write nothing to the live table.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from pydantic import ValidationError

from blog.accounts.requests import REPORT_RETENTION_DAYS
from blog.admin.restore import Restoring
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.posts.model import Post
from blog.s3 import Bucket
from scripts.release.stacks import CannotDeploy, deployed, outputs_of

POLL_SECONDS = 20
DAYS = REPORT_RETENTION_DAYS - 5  # leaves five days to compare the copy and put it back
TIMEOUT_HOURS = 6  # DynamoDB finishes most restores in less than one hour
NEXT = """{copy} is a copy of the table. Compare it, then put it back (docs/runbook.md):

  TABLE_NAME={table} MEDIA_BUCKET={bucket} AUTHOR_ID_KEY=... PYTHONPATH=layers/auth:layers/blog \\
    .venv/bin/python -m blog.admin restore {copy}"""


def restored(client: Any, table: str, at: datetime | None, poll_seconds: int) -> tuple[str, float]:
    """Copy a table as it was at a time, or at the latest possible time.

    Return the name of the copy, and how many seconds it took. Raise CannotDeploy if the time is out
    of range, and the errors of boto3.
    """
    now = datetime.now(UTC)
    if at is not None and not now - timedelta(days=DAYS) < at < now:
        raise CannotDeploy(
            f"AT must be in the last {DAYS} days: records of older erasures expire soon, and the"
            " erased users would come back"
        )
    copy = f"{table}-{(at or now):%Y%m%dT%H%M%S}"
    when: dict[str, Any] = (
        {"UseLatestRestorableTime": True} if at is None else {"RestoreDateTime": at}
    )
    started = time.monotonic()
    print(f"Restoring {copy}. If this is interrupted, delete it.", flush=True)
    client.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=copy, **when)
    tries = TIMEOUT_HOURS * 3600 // max(poll_seconds, 1)
    waiting = {"Delay": poll_seconds, "MaxAttempts": tries}
    client.get_waiter("table_exists").wait(TableName=copy, WaiterConfig=waiting)
    return copy, time.monotonic() - started


def report(client: Any, table: str, bucket: str, copy: str) -> str:
    """Describe a copy, and how the live table differs from it.

    Raise CannotDeploy if this version cannot read a post of the copy.
    """
    items = posts = 0
    for item in Table(client, copy).scan_all():
        items += 1
        if item["sk"] == "POST":
            posts += 1
            try:
                Post.of(item)
            except ValidationError as e:
                raise CannotDeploy(f"{item['pk']} cannot be read in the copy") from e
    plan = Restoring(Table(client, table), Table(client, copy), Bucket(bucket), "").plan()
    return (
        f"The copy has {items} items, including {posts} posts. All posts can be read. Since then, "
        f"{plan.lost} items were deleted, {plan.changed} changed and {plan.new} created."
    )


def drill(client: Any, table: str, bucket: str, poll_seconds: int) -> None:
    """Restore the latest state, print a report, and always delete the copy."""
    copy, seconds = restored(client, table, None, poll_seconds)
    try:
        print(f"Restored {copy} in {seconds:.0f} s.")
        print(report(client, table, bucket, copy))
    finally:
        client.delete_table(TableName=copy)
        print(f"Deleted {copy}.")


def main(poll_seconds: int = POLL_SECONDS) -> int:
    """Run the drill, or restore the time of AT if it is set; return the exit code."""
    stage, at = sys.argv[1], os.environ.get("AT")
    try:
        outputs = outputs_of(deployed(stage))
        table, bucket = outputs["TableName"], outputs["MediaBucketName"]
        client = boto3.client("dynamodb")
        if at is None:
            drill(client, table, bucket, poll_seconds)
            return 0
        copy, seconds = restored(client, table, _parse_time(at), poll_seconds)
        print(f"Restored in {seconds:.0f} s.")
        print(NEXT.format(table=table, bucket=bucket, copy=copy))
    except (CannotDeploy, BotoCoreError, ClientError, WaiterError) as e:
        sys.stderr.write(f"make restore: {e}\n")
        return 1
    except Unavailable:
        sys.stderr.write("make restore: DynamoDB is not reachable, or throttles\n")
        return 1
    return 0


def _parse_time(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as e:
        raise CannotDeploy(f"AT must be a time such as 2026-01-31T09:30:00Z, not {text!r}") from e
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
