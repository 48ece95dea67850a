"""The rendering times of hostile texts, in growing sizes.

The bounds: twice the text takes at most 2.5 times as long, and none takes longer than 0.3 s on a
machine that renders 256 KiB of prose in 60 ms.
"""

import statistics
import time
from collections.abc import Iterable
from contextlib import suppress

from blog.errors import Unprocessable
from blog.posts.rendering import rendered
from tests.performance.figures import Figures
from tests.support.hostile_texts import PATTERNS, filled

SIZES = (64, 128, 256)  # KiB
TURNS = 5
MOST = 0.3 / 0.06  # times the time of prose
# Times below this share of the time of prose harm nobody, and memory that outgrows the processor's
# cache makes them grow faster than the text.
LEAST = 1 / 6


def measure(figures: Figures) -> None:
    """Render prose, and each hostile text."""
    prose = "The *quick* brown [fox](https://a.example) jumps over `the` **lazy** dog.\n\n"
    *_, (largest, _) = _measured(filled(prose, size) for size in SIZES)
    figures.add(f"rendering prose, {SIZES[-1]} KiB, ms", largest)
    for name, text in PATTERNS.items():
        found = _measured(map(text, SIZES), least=LEAST * largest)
        figures.add(
            f"{name}: growth when the size doubles", max(growth for _, growth in found), 2.5
        )
        times = (time for time, _ in found)
        figures.add(f"{name}: {SIZES[-1]} KiB / prose", max(times) / largest, MOST)


def _measured(texts: Iterable[str], least: float = 0.001) -> list[tuple[float, float]]:
    """Return each text's shortest CPU time in milliseconds, and how much longer it is than before.

    The texts take turns, and the growth is a median, because the machine changes its speed.
    """
    several = [*texts]
    turns = [[_milliseconds(text) for text in several] for _ in range(TURNS)]
    times = [min(column) for column in zip(*turns, strict=True)]
    growths = [
        statistics.median(turn[n + 1] / max(least, turn[n]) for turn in turns)
        for n in range(len(several) - 1)
    ]
    return [*zip(times, [0.0, *growths], strict=True)]


def _milliseconds(text: str) -> float:
    """Return the CPU time of a rendering or refusal."""
    started = time.process_time()
    with suppress(Unprocessable):
        rendered(text)
    return (time.process_time() - started) * 1000
