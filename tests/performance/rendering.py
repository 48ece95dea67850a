"""The rendering times of hostile texts, in growing sizes.

The bounds: twice the text takes at most 2.5 times as long, and none takes longer than 0.3 s on a
machine that renders 256 KiB of prose in 60 ms.
"""

import time
from contextlib import suppress
from itertools import pairwise

from blog.errors import Unprocessable
from blog.posts.rendering import rendered
from tests.performance.figures import Figures
from tests.support.hostile_texts import PATTERNS, filled

SIZES = (64, 128, 256)  # KiB
TURNS = 5
MOST = 0.3 / 0.06  # times the time of prose
# Shorter times are too noisy to divide by each other.
LEAST_MILLISECONDS = 5.0


def measure(figures: Figures) -> None:
    """Render prose, and each hostile text."""
    prose = "The *quick* brown [fox](https://a.example) jumps over `the` **lazy** dog.\n\n"
    largest = _milliseconds(filled(prose, SIZES[-1]))
    figures.add(f"rendering prose, {SIZES[-1]} KiB, ms", largest)
    for name, text in PATTERNS.items():
        times = [_milliseconds(text(kib)) for kib in SIZES]
        growth = max(later / max(LEAST_MILLISECONDS, earlier) for earlier, later in pairwise(times))
        figures.add(f"{name}: growth when the size doubles", growth, 2.5)
        figures.add(f"{name}: {SIZES[-1]} KiB / prose", max(times) / largest, MOST)


def _milliseconds(text: str) -> float:
    """Return the shortest CPU time of a few renderings or refusals."""
    times = []
    for _ in range(TURNS):
        started = time.process_time()
        with suppress(Unprocessable):
            rendered(text)
        times.append((time.process_time() - started) * 1000)
    return min(times)
