"""The program inside an execution environment: one process that runs one function.

`environments.py` starts it. Only the function's folder and its layers are on its path. It reads one
invocation a line from standard input and writes one result a line. The function's own output goes
to standard error. The process ends when its input ends, and so with its parent.
"""

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO


class Context:
    """Lambda's context object."""

    def __init__(self, request_id: str, deadline: float) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.invoked_function_arn = os.environ["DEVSERVER_FUNCTION_ARN"]
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = str(os.getpid())
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is killed."""
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    """Load the handler, then handle invocations until the input ends."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    invocations = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path[:0] = sys.argv[1:]
    try:
        handler = _load_handler(os.environ["_HANDLER"])
    except BaseException as e:  # noqa: BLE001 - as on Lambda, where an import may do anything
        _write(results, _failure(e))
        return
    _write(results, {"ready": True})
    for line in invocations:
        invocation = json.loads(line)
        context = Context(invocation["request_id"], time.time() + invocation["timeout"])
        started = time.perf_counter()
        try:
            payload = json.dumps(handler(invocation["event"], context), ensure_ascii=False)
            result = {"result": payload}
        except Exception as e:  # noqa: BLE001 - whatever a handler raises is its result
            result = _failure(e)
        seconds = time.perf_counter() - started
        sys.stdout.flush()  # first: the process may be ended once the result has been sent
        _write(results, {**result, "seconds": seconds})


def _load_handler(name: str) -> Callable[[Any, Context], Any]:
    module, _, attribute = name.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module), attribute)
    return handler


def _failure(error: BaseException) -> dict[str, Any]:
    traceback.print_exception(error)
    return {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}


def _write(results: TextIO, result: dict[str, Any]) -> None:
    results.write(json.dumps(result) + "\n")
    results.flush()


if __name__ == "__main__":
    main()
