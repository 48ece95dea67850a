"""Retries with backoff, for writes that others may get in the way of."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from blog.dynamodb.actions import ConditionRefused, Item, Items
from blog.dynamodb.deadline import deadline
from blog.dynamodb.keys import Key
from blog.errors import WriteContended

T = TypeVar("T")

WRITE_TRIES = 10  # attempts of a transaction whose items others keep changing
FIRST_DELAY = 0.02  # seconds, doubled for each attempt and cut to a random part
LONGEST_DELAY = 0.5


def backoff(attempts: int) -> Iterator[None]:
    """Yield for each attempt, after a growing and random delay before each but the first.

    Raises Unavailable if the request has no time left.
    """
    for attempt in range(attempts):
        if attempt:
            longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempt - 1))
            deadline.require_time_for_call()
            with deadline.waiting:
                time.sleep(random.uniform(0, longest))  # noqa: S311 - not used for security
        yield


def retrying(attempt: Callable[[Items], T], items: Mapping[Key, Item | None]) -> T:
    """Return what `attempt` returns. Call it again if it raises ConditionRefused.

    An attempt computes a transaction from the items that it gets, and writes it. First these are
    `items`, as they were read. After a refusal, they hold what DynamoDB brought back for the
    refused key, so that the next attempt need not read again. What an attempt adds stays, too.

    Raises WriteContended after the last attempt, and whatever else `attempt` raises.
    """
    known = dict(items)
    for _ in backoff(WRITE_TRIES):
        try:
            return attempt(known)
        except ConditionRefused as e:
            known[e.key] = e.item
    raise WriteContended
