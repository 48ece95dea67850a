"""Turns at something that others may be at too."""

import random
import time
from collections.abc import Iterator

from blog.dynamodb.deadline import patience

WRITE_TRIES = 10  # of a transaction that others keep changing the ground of
FIRST_PAUSE = 0.02  # seconds, doubled with each turn and cut to a random part
LONGEST_PAUSE = 0.5


def pauses(turns: int) -> Iterator[None]:
    """So many turns, with a growing and random pause before each but the first."""
    for turn in range(turns):
        if turn:
            longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (turn - 1))
            patience.is_long_enough_for_a_call()  # raises where there is no time for another turn
            with patience.waiting():
                time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret is made of it
        yield
