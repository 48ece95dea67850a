"""Start a function in its own process: `start.py cold|warm PATHS...`.

The paths are those of an artifact and its layers. The event comes from standard input. `cold`
prints the handler's response, then the peak memory in MB. `warm` repeats the event, and prints two
medians: CPU milliseconds outside boto3, and milliseconds per boto3 call. boto3's share includes the
calls and the conversion of items to and from DynamoDB's types.
"""

import json
import statistics
import sys
import threading
import time
from typing import Any

WARM_UP, MEASURED = 20, 200
CALL = "_make_api_call"  # the method that each call of a client uses


class Context:
    """A Lambda context object."""

    function_name = "measured"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:measured"
    aws_request_id = "3f8c2f0a-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Return milliseconds until the function is killed."""
        return 60_000


def peak_memory() -> float:
    """Return the peak memory in MB."""
    if sys.platform == "linux":  # rusage would include the parent's memory at the fork
        with open("/proc/self/status") as status:
            (line,) = (line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


class Boto3:
    """Measures the CPU time in boto3, and the duration of its calls, in seconds.

    Calls run in several threads.
    """

    def __init__(self) -> None:
        self.cpu = 0.0
        self.calls: list[float] = []
        self._entered = threading.local()
        self._lock = threading.Lock()

    def watch(self, owner: type, method: str) -> None:
        """Count the time in this method, which may call itself."""
        original = getattr(owner, method)

        def watched(*arguments: Any) -> Any:
            if getattr(self._entered, "now", False):
                return original(*arguments)
            self._entered.now = True
            cpu, started = time.thread_time(), time.perf_counter()
            try:
                return original(*arguments)
            finally:
                self._entered.now = False
                with self._lock:
                    self.cpu += time.thread_time() - cpu
                    if method == CALL:
                        self.calls.append(time.perf_counter() - started)

        setattr(owner, method, watched)


def warm() -> list[float]:
    """Return CPU milliseconds outside boto3, and milliseconds per call."""
    from boto3.dynamodb.types import (  # noqa: PLC0415 - only now on the path
        TypeDeserializer,
        TypeSerializer,
    )
    from botocore.client import BaseClient  # noqa: PLC0415 - likewise

    boto3, outside = Boto3(), list[float]()
    boto3.watch(BaseClient, CALL)
    boto3.watch(TypeSerializer, "serialize")
    boto3.watch(TypeDeserializer, "deserialize")
    import app  # type: ignore[import-not-found]  # noqa: PLC0415 - from the artifact, measured from now on

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
    import app  # from the artifact, only now on the path

    print("response", json.dumps(app.handler(json.loads(text), Context())), flush=True)
    print(peak_memory())
else:
    print("response", *warm())
