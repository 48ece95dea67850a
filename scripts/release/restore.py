"""`make restore-drill STAGE=staging`: whether the table's backup can be restored, and how long that
takes; what was made for it is deleted. `make restore STAGE=staging AT=2026-01-31T09:30:00Z`: the
table as it was then, beside the one in use, and how to go on.

Both use point-in-time recovery, and write nothing into the table in use.
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
from scripts.release.deploy import CannotDeploy
from scripts.release.stacks import deployed, outputs_of

SECONDS_BETWEEN_LOOKS = 20
DAYS = REPORT_RETENTION_DAYS - 5  # which leaves five to look at the copy and put it back
HOURS = 6  # for a restore, most of which DynamoDB makes in less than one
NEXT = """{copy} is the table as it was. To compare it, then to put it back (docs/runbook.md):

  TABLE_NAME={table} MEDIA_BUCKET={bucket} AUTHOR_ID_KEY=... PYTHONPATH=layers/auth:layers/blog \\
    .venv/bin/python -m blog.admin restore {copy}"""


def restored(
    client: Any, table: str, moment: datetime | None, seconds_between_looks: int
) -> tuple[str, float]:
    """A new table's name, with what another one was at a moment, or at the last that can be had;
    and how many seconds it took. Raises CannotDeploy, and what boto3 raises."""
    asked = datetime.now(UTC)
    if moment is not None and not asked - timedelta(days=DAYS) < moment < asked:
        raise CannotDeploy(
            f"AT must be in the last {DAYS} days: who was erased before is soon not known, and"
            " would come back"
        )
    copy = f"{table}-{(moment or asked):%Y%m%dT%H%M%S}"
    when: dict[str, Any] = (
        {"UseLatestRestorableTime": True} if moment is None else {"RestoreDateTime": moment}
    )
    started = time.monotonic()
    print(f"Restoring {copy}: delete it where this ends on the way.", flush=True)
    client.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=copy, **when)
    tries = HOURS * 3600 // max(seconds_between_looks, 1)
    waiting = {"Delay": seconds_between_looks, "MaxAttempts": tries}
    client.get_waiter("table_exists").wait(TableName=copy, WaiterConfig=waiting)
    return copy, time.monotonic() - started


def report(client: Any, table: str, bucket: str, copy: str) -> str:
    """What a copy holds, and what is other in the table by now. Raises CannotDeploy where it holds
    what this version cannot read."""
    items = posts = 0
    for item in Table(client, copy).scan_all():
        items += 1
        if item["sk"] == "POST":
            posts += 1
            try:
                Post.of(item)
            except ValidationError as e:
                raise CannotDeploy(f"{item['pk']} cannot be read in the copy") from e
    found = Restoring(Table(client, table), Table(client, copy), Bucket(bucket), "").plan()
    return (
        f"It has {items} items, {posts} of them posts, all of which can be read. Since: "
        f"{found.lost} items gone, {found.changed} changed, {found.new} new."
    )


def drill(client: Any, table: str, bucket: str, seconds_between_looks: int) -> None:
    """Restore, look, tell, and delete what was restored, whatever the look comes to."""
    copy, seconds = restored(client, table, None, seconds_between_looks)
    try:
        print(f"Restored in {seconds:.0f} s as {copy}.")
        print(report(client, table, bucket, copy))
    finally:
        client.delete_table(TableName=copy)
        print(f"{copy} is deleted.")


def main(seconds_between_looks: int = SECONDS_BETWEEN_LOOKS) -> int:
    """The drill, or the restore where AT says to when."""
    stage, at = sys.argv[1], os.environ.get("AT")
    try:
        outputs = outputs_of(deployed(stage))
        table, bucket = outputs["TableName"], outputs["MediaBucketName"]
        client = boto3.client("dynamodb")
        if at is None:
            drill(client, table, bucket, seconds_between_looks)
            return 0
        copy, seconds = restored(client, table, _moment(at), seconds_between_looks)
        print(f"Restored in {seconds:.0f} s.")
        print(NEXT.format(table=table, bucket=bucket, copy=copy))
    except (CannotDeploy, BotoCoreError, ClientError, WaiterError) as e:
        sys.stderr.write(f"make restore: {e}\n")
        return 1
    except Unavailable:
        sys.stderr.write("make restore: DynamoDB cannot be reached, or throttles\n")
        return 1
    return 0


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        raise CannotDeploy(f"AT must be a time such as 2026-01-31T09:30:00Z, not {text!r}") from e
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
