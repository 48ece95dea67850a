"""What EventBridge does at a desk: runs a function every so often."""

import asyncio
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from devserver.environments import EnvironmentPool, FunctionFailed
from devserver.intrinsics import ACCOUNT, REGION


async def run_on_schedule(pool: EnvironmentPool, seconds: float) -> None:
    """Run the function every so many seconds, until the task is cancelled."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await pool.invoke(_event())
        except FunctionFailed as e:
            print(f"{pool.function.name}: {e}", file=sys.stderr)


def _event() -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": {},
    }
