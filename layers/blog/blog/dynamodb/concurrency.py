"""Calls that wait for DynamoDB side by side, in threads."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

MAX_CALLS_AT_ONCE = 32


def side_by_side(one: Callable[[], T], another: Callable[[], R]) -> tuple[T, R]:
    """Call both at the same time and return both results."""
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(one)
        second = another()
        return first.result(), second


def each_side_by_side(call: Callable[[T], R], arguments: Sequence[T]) -> list[R]:
    """Call with each argument at the same time and return the results in order.

    A single argument needs no thread.
    """
    if len(arguments) <= 1:
        return [call(argument) for argument in arguments]
    with ThreadPoolExecutor(min(len(arguments), MAX_CALLS_AT_ONCE)) as pool:
        return list(pool.map(call, arguments))
