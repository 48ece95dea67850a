"""A function's start, in a process of its own: `start.py cold|warm PATHS...`, those of an artifact
and its layers.

Reads an event from standard input. Cold, it prints the handler's answer, then the peak of memory in
MB. Warm, it handles the event again and again, and prints the medians of the processor's
milliseconds outside boto3, and of the milliseconds that one call by boto3 takes.
"""

import json
import statistics
import sys
import time
from typing import Any

WARM_UP, MEASURED = 20, 200


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


def warm() -> list[float]:
    """What it takes outside boto3, and what a call takes."""
    from botocore.client import BaseClient  # noqa: PLC0415 - as the runtime brings it

    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]  # each call's one door
    within, outside, calls = [0.0], list[float](), list[float]()

    def measured_call(client: Any, *arguments: Any) -> Any:
        cpu, started = time.thread_time(), time.perf_counter()
        try:
            return make_call(client, *arguments)
        finally:
            within[0] += time.thread_time() - cpu
            calls.append(time.perf_counter() - started)

    BaseClient._make_api_call = measured_call  # type: ignore[attr-defined]
    for _ in range(WARM_UP + MEASURED):
        event = json.loads(text)
        within[0], cpu = 0.0, time.process_time()
        app.handler(event, Context())
        outside.append(time.process_time() - cpu - within[0])
    return [statistics.median(one[WARM_UP:]) * 1000 for one in (outside, calls)]


text = sys.stdin.read()
sys.path[:0] = sys.argv[2:]

import app  # type: ignore[import-not-found]  # noqa: E402 - the artifact's, now on the path

if sys.argv[1] == "cold":
    print("answer", json.dumps(app.handler(json.loads(text), Context())), flush=True)
    print(peak_memory())
else:
    print("answer", *warm())
