"""Calls side by side: all results in order, no deadlock, and nothing left running."""

import threading
import time

import pytest

from blog.dynamodb.concurrency import MAX_CALLS_AT_ONCE, each_side_by_side, side_by_side


def test_two_calls_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=5)
    assert side_by_side(lambda: (both.wait(), 1)[1], lambda: (both.wait(), 2)[1]) == (1, 2)


def test_many_calls_run_at_the_same_time_and_keep_their_order() -> None:
    all_of_them = threading.Barrier(8, timeout=5)

    def call(number: int) -> int:
        all_of_them.wait()
        return number * 10

    assert each_side_by_side(call, range(8)) == [0, 10, 20, 30, 40, 50, 60, 70]
    assert each_side_by_side(call, []) == []


def test_more_calls_than_threads_are_all_made() -> None:
    count = MAX_CALLS_AT_ONCE * 5
    assert each_side_by_side(lambda number: number, range(count)) == [*range(count)]


def test_calls_inside_of_calls_never_wait_for_a_thread() -> None:
    def inner(number: int) -> int:
        return sum(side_by_side(lambda: number, lambda: 1))

    def outer(number: int) -> int:
        return sum(each_side_by_side(inner, [number] * 3))

    count = MAX_CALLS_AT_ONCE * 4
    assert each_side_by_side(outer, range(count)) == [3 * (number + 1) for number in range(count)]


@pytest.mark.parametrize("fails", ["one", "another"])
def test_a_failed_call_waits_for_the_other(fails: str) -> None:
    begun, ended = list[str](), list[str]()

    def call(name: str) -> None:
        if name == fails:
            raise ValueError(name)
        begun.append(name)
        time.sleep(0.05)
        ended.append(name)

    with pytest.raises(ValueError, match=fails):
        side_by_side(lambda: call("one"), lambda: call("another"))
    assert ended == begun, "nothing still runs"


def test_after_a_failure_the_calls_that_have_not_begun_are_left_out() -> None:
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError("the first")
        time.sleep(0.02)

    with pytest.raises(ValueError, match="the first"):
        each_side_by_side(call, range(MAX_CALLS_AT_ONCE * 20))
    assert len(begun) < MAX_CALLS_AT_ONCE * 20
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count


def test_threads_stay_for_later_calls() -> None:
    each_side_by_side(lambda _: time.sleep(0.01), range(4))
    before = threading.active_count()
    for _ in range(20):
        side_by_side(lambda: None, lambda: None)
    assert threading.active_count() == before
