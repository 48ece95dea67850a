"""Turns at something that others may be at too."""

import random
import time
from collections.abc import Iterator

from blog.dynamodb.deadline import deadline

WRITE_TRIES = 10  # of a transaction that others keep changing the ground of
FIRST_DELAY = 0.02  # seconds, doubled with each turn and cut to a random part
LONGEST_DELAY = 0.5


def backoff(turns: int) -> Iterator[None]:
    """So many turns, with a growing and random pause before each but the first."""
    for turn in range(turns):
        if turn:
            longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** (turn - 1))
            deadline.require_time_for_call()
            with deadline.waiting():
                time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret is made of it
        yield
