"""The time budget of a request: how long it waits for DynamoDB in all.

So the client gets a response of the API and not a timeout of the gateway.

    one try     0.3 s to connect, 1.5 s for the response                           1.8 s
    a call      two tries, and up to 1.0 s between them if it was throttled        4.6 s
    a request   a call begins within 0.4 s of waiting, one of a single try
                within 3.2 s: 0.4 + 4.6, or 3.2 + 1.8                              5.0 s

Only waiting counts, not what the function computes: a body of 100 KiB takes longer to render on a
small function than DynamoDB takes to store it. botocore's timeout is for each piece of a response,
so a response that comes in small pieces has no limit but the function's own timeout.

The HTTP handler and the table share one `Deadline`, because Lambda sends a process one request at a
time. A ContextVar would not do: calls side by side run in threads, and threads start with an empty
context.
"""

import os
import threading
import time
from collections.abc import Callable

from blog.errors import Unavailable

SECONDS_TO_CONNECT = 0.3
SECONDS_TO_ANSWER = 1.5
TRIES = 2
SECONDS_FOR_TWO_TRIES = 0.4  # of waiting; later, a call gets one try
SECONDS_FOR_ONE_TRY = 3.2  # of waiting; later, no call begins
MB_FOR_A_PROCESSOR = 1769  # of memory; a Lambda function with less has a share of a processor


class Deadline:
    """The time in which at least one call waits, and its bound.

    There is no bound outside `request_scope`, because scheduled functions have limits of their own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_bound = False
        self._waiting = 0
        self._since = 0.0
        self._waited = 0.0
        self.request_scope = _Block(self.bind, self.unbind)  # the bound applies in it
        self.waiting = _Block(self.begin, self.end)  # its time counts

    def bind(self) -> None:
        """Count from zero, and apply the bound."""
        self._waited, self._is_bound = 0.0, True

    def unbind(self) -> None:
        """End the bound."""
        self._is_bound = False

    def require_time_for_call(self) -> None:
        """Raise Unavailable if no time is left for another call."""
        if self._is_bound and self._waited_so_far() > SECONDS_FOR_ONE_TRY:
            raise Unavailable

    def allows_retry(self) -> bool:
        """Return whether a call that starts now may be tried twice."""
        return not self._is_bound or self._waited_so_far() <= SECONDS_FOR_TWO_TRIES

    def _waited_so_far(self) -> float:
        with self._lock:
            return self._so_far()

    def begin(self) -> None:
        """Begin to count the time of a call."""
        with self._lock:
            if self._waiting == 0:
                self._since = _now()
            self._waiting += 1

    def end(self) -> None:
        """End the count of a call."""
        with self._lock:
            if self._waiting == 1:
                self._waited = self._so_far()
            self._waiting -= 1

    def _so_far(self) -> float:
        return self._waited + max(0.0, _now() - self._since if self._waiting else 0.0)


class _Block:
    """A block that can be entered again. Each request enters some, and a generator costs more."""

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, *_: object) -> None:
        self._end()


def _share_of_a_processor(memory: str | None) -> float:
    """Return the share that a function with this memory, in MB, has. It is 1 outside Lambda."""
    return 1.0 if memory is None else min(1.0, int(memory) / MB_FOR_A_PROCESSOR)


_SHARE = _share_of_a_processor(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))


def _now() -> float:
    """Return the time of a clock that stops while this process computes, or waits for a processor.

    Five hundred calls side by side keep the process busy for longer than any of them waits.
    """
    return time.monotonic() - time.process_time() / _SHARE


deadline = Deadline()
