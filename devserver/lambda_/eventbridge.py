"""EventBridge in the local stack: it runs functions on a schedule and at each upload."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from devserver.aws.s3 import Storage, Upload
from devserver.lambda_.environments import EnvironmentPool, FunctionFailed
from devserver.template.deployment import Deployment
from devserver.template.intrinsics import ACCOUNT, REGION

ATTEMPTS = 3  # for an event, as on Lambda
SECONDS_BETWEEN_ATTEMPTS = 2


@asynccontextmanager
async def running_events(
    deployment: Deployment,
    pools: Mapping[str, EnvironmentPool],
    storage: Storage | None,
    tick: float | None,
) -> AsyncIterator[None]:
    """Run scheduled functions and the subscribers of uploads until the block ends.

    The interval is `tick` seconds, or the template's.
    """
    loop = asyncio.get_running_loop()
    tasks = {
        asyncio.create_task(_run_on_schedule(pools[one.function], tick or one.seconds))
        for one in deployment.schedules
    }

    def start(upload: Upload) -> None:
        event = upload_event(upload)
        for one in deployment.subscriptions:
            if matches(one.pattern, event):
                tasks.add(asyncio.create_task(_deliver(pools[one.function], event)))

    if storage is not None:
        storage.listen(lambda upload: loop.call_soon_threadsafe(start, upload))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


def matches(pattern: Any, event: Any) -> bool:
    """Return whether an event matches a pattern of exact values and prefixes."""
    if isinstance(pattern, Mapping):
        return all(matches(pattern[name], event.get(name)) for name in pattern)
    return any(
        event.startswith(one["prefix"]) if isinstance(one, Mapping) else event == one
        for one in pattern
    )


def upload_event(upload: Upload) -> dict[str, Any]:
    """Return the event that S3 sends to EventBridge for an upload by a form."""
    detail = {
        "version": "0",
        "bucket": {"name": upload.bucket},
        "object": {"key": upload.key, "size": upload.size},
        "reason": "PostObject",
    }
    return _event("aws.s3", "Object Created", detail)


async def _run_on_schedule(pool: EnvironmentPool, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await pool.invoke(_event("aws.events", "Scheduled Event", {}))
        except FunctionFailed as e:
            print(f"{pool.function.name}: {e}", file=sys.stderr)


async def _deliver(pool: EnvironmentPool, event: Mapping[str, Any]) -> None:
    for _ in range(ATTEMPTS):
        try:
            await pool.invoke(event)
        except FunctionFailed as e:
            print(f"{pool.function.name}: {e}", file=sys.stderr)
            await asyncio.sleep(SECONDS_BETWEEN_ATTEMPTS)
        else:
            return


def _event(source: str, kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": detail,
    }
