"""The time a request waits for DynamoDB: the sum of all waits, and when it gives up."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from blog.dynamodb import deadline as module
from blog.dynamodb.client import CLIENT_CONFIG, ONE_TRY
from blog.dynamodb.deadline import Deadline
from blog.dynamodb.retries import LONGEST_DELAY
from blog.errors import Unavailable
from devserver.template.deployment import read_deployment
from tests.support.samples import AUDIENCE, ROOT, Clock

BOUND = 5.0
LONGEST_BACKOFF = (
    1.0  # botocore's longest delay before the second try of a throttled call, in standard mode
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def waited(deadline: Deadline, clock: Clock, seconds: float) -> None:
    with deadline.waiting:
        clock.now += seconds


def test_the_longest_wait_of_a_request_is_within_its_bound() -> None:
    config: Any = CLIENT_CONFIG
    one_try = config.connect_timeout + config.read_timeout
    tries = config.retries["total_max_attempts"]
    call = tries * one_try + (tries - 1) * LONGEST_BACKOFF
    assert round(module.SECONDS_FOR_TWO_TRIES + call, 6) <= BOUND
    assert round(module.SECONDS_FOR_ONE_TRY + one_try, 6) <= BOUND
    hasty: Any = CLIENT_CONFIG.merge(ONE_TRY)
    assert hasty.retries["total_max_attempts"] == 1
    assert (hasty.connect_timeout, hasty.read_timeout) == (0.3, 1.5)


def test_every_function_may_run_longer_than_a_request_waits() -> None:
    parameters = {"Auth0Domain": "a.example", "Auth0Audience": AUDIENCE, "AuthorIdKey": "k" * 32}
    functions = read_deployment(ROOT / "template.yaml", parameters).functions
    assert functions
    assert all(one.timeout >= BOUND + LONGEST_DELAY for one in functions.values())


def test_a_late_call_gets_one_try_and_a_later_one_gets_none(clock: Clock) -> None:
    deadline = Deadline()
    with deadline.request_scope:
        assert deadline.allows_retry()
        waited(deadline, clock, 0.3)
        assert deadline.allows_retry()
        waited(deadline, clock, 0.2)
        assert not deadline.allows_retry()
        waited(deadline, clock, 2.8)
        with pytest.raises(Unavailable):
            deadline.require_time_for_call()


def test_each_request_starts_at_zero_and_counts_only_its_waits(clock: Clock) -> None:
    deadline = Deadline()
    for _ in range(3):
        with deadline.request_scope:
            clock.now += 60  # seconds of rendering
            waited(deadline, clock, 0.3)
            assert deadline.allows_retry()


@pytest.mark.parametrize(
    ("memory", "share"), [(None, 1), ("3008", 1), ("1769", 1), ("512", 512 / 1769)]
)
def test_a_small_function_has_a_share_of_a_processor(memory: str | None, share: float) -> None:
    assert module._share_of_a_processor(memory) == share


def test_waiting_for_the_processor_does_not_count(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = Clock()
    monkeypatch.setattr(time, "process_time", computed)
    monkeypatch.setattr(module, "_SHARE", 0.25)
    deadline = Deadline()
    with deadline.request_scope:
        with deadline.waiting:
            clock.now += 4.0
            computed.now += 1.0
        assert deadline.allows_retry()
        with deadline.waiting:  # a burst: Lambda gave more than this function's share
            clock.now += 0.2
            computed.now += 0.2
        waited(deadline, clock, 0.45)
        assert not deadline.allows_retry(), "and no time is credited"


def test_there_is_no_deadline_outside_a_request(clock: Clock) -> None:
    deadline = Deadline()
    waited(deadline, clock, 3600)
    assert deadline.allows_retry()


def test_concurrent_calls_count_once() -> None:
    deadline = Deadline()

    def call(_: int) -> None:
        with deadline.waiting:
            time.sleep(0.1)

    with deadline.request_scope:
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(call, range(10)))
        assert deadline.allows_retry(), "ten calls of 0.1 s at once do not count one second"
