"""A function's start, in a process of its own: `start.py cold|warm PATHS...`, those of an artifact
and its layers.

Reads an event from standard input. Cold, it prints the handler's answer, then the peak of memory in
MB. Warm, it handles the event again and again, and prints the medians of the processor's
milliseconds outside boto3 (whose are the calls, and the conversion of items to and from
DynamoDB's types), and of the milliseconds that one call by boto3 takes.
"""

import json
import statistics
import sys
import time
from typing import Any

WARM_UP, MEASURED = 20, 200
CALL = "_make_api_call"  # by which each call of a client goes


class Context:
    """A Lambda context object."""

    function_name = "measured"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:measured"
    aws_request_id = "3f8c2f0a-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is killed."""
        return 60_000


def peak_memory() -> float:
    """In MB."""
    if sys.platform == "linux":  # rusage would count what the parent held when it forked
        with open("/proc/self/status") as status:
            (line,) = (line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


class Boto3:
    """What the processor spends in it, and how long its calls take, in seconds."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.calls: list[float] = []
        self._is_entered = False

    def watch(self, owner: type, method: str) -> None:
        """Count what runs within this method, which may call itself."""
        original = getattr(owner, method)

        def watched(*arguments: Any) -> Any:
            if self._is_entered:
                return original(*arguments)
            self._is_entered = True
            cpu, started = time.thread_time(), time.perf_counter()
            try:
                return original(*arguments)
            finally:
                self.cpu += time.thread_time() - cpu
                self._is_entered = False
                if method == CALL:
                    self.calls.append(time.perf_counter() - started)

        setattr(owner, method, watched)


def warm() -> list[float]:
    """What it takes outside boto3, and what a call takes."""
    from boto3.dynamodb.types import (  # noqa: PLC0415 - on the path only now
        TypeDeserializer,
        TypeSerializer,
    )
    from botocore.client import BaseClient  # noqa: PLC0415 - likewise

    boto3, outside = Boto3(), list[float]()
    boto3.watch(BaseClient, CALL)
    boto3.watch(TypeSerializer, "serialize")
    boto3.watch(TypeDeserializer, "deserialize")
    import app  # type: ignore[import-not-found]  # noqa: PLC0415 - the artifact's, watched now

    for turn in range(WARM_UP + MEASURED):
        if turn == WARM_UP:
            outside.clear()
            boto3.calls.clear()
        event = json.loads(text)
        boto3.cpu, cpu = 0.0, time.process_time()
        app.handler(event, Context())
        outside.append(time.process_time() - cpu - boto3.cpu)
    return [statistics.median(one) * 1000 for one in (outside, boto3.calls)]


text = sys.stdin.read()
sys.path[:0] = sys.argv[2:]

if sys.argv[1] == "cold":
    import app  # the artifact's, now on the path

    print("answer", json.dumps(app.handler(json.loads(text), Context())), flush=True)
    print(peak_memory())
else:
    print("answer", *warm())
