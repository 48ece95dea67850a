"""Calls that wait for DynamoDB side by side, in threads.

The threads stay for later requests, because to start one costs more CPU time than most calls need.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_CALLS_AT_ONCE = 32
_pool = ThreadPoolExecutor(MAX_CALLS_AT_ONCE - 1, "call")  # and the caller's own thread


def side_by_side(one: Callable[[], T], another: Callable[[], R]) -> tuple[T, R]:
    """Call both at the same time and return both results."""
    first = _pool.submit(one)
    try:
        second = another()
        return _result(first, one), second
    finally:
        _end([first])


def each_side_by_side(call: Callable[[T], R], arguments: Sequence[T]) -> list[R]:
    """Call with each argument at the same time and return the results in order.

    A single argument needs no thread.
    """
    if not arguments:
        return []
    *others, last = arguments
    futures = [_pool.submit(call, argument) for argument in others]
    try:
        final = call(last)
        pairs = zip(futures, others, strict=True)
        return [*(_result(future, partial(call, argument)) for future, argument in pairs), final]
    finally:
        _end(futures)


def _result(future: "Future[R]", call: Callable[[], R]) -> R:
    """Return the result of a call. If no thread has begun it, make it here.

    So calls inside of calls never wait for a thread, and all threads waiting is no deadlock.
    """
    return call() if future.cancel() else future.result()


def _end(futures: Sequence["Future[R]"]) -> None:
    """Wait for what runs, and give up the rest."""
    wait([future for future in futures if not future.cancel()])
