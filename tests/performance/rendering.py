"""The rendering times of the worst known texts."""

import math
import statistics
import time
from collections.abc import Callable

from markdown_it import MarkdownIt

from blog.errors import Unprocessable
from blog.posts.rendering import rendered
from tests.performance.figures import Figures

SIZES = (10, 25, 50, 100)  # KiB
TURNS = 5


def measure(figures: Figures) -> None:
    """Render the worst known texts, in growing sizes."""
    prose = "The *quick* brown [fox](https://a.example) jumps over `the` **lazy** dog.\n\n"
    base = {kib: _milliseconds(_filled(prose, kib))[0] for kib in SIZES}
    for kib in SIZES:
        figures.add(f"rendering prose, {kib} KiB, ms", base[kib])
    for name, text in WORST.items():
        found = {kib: _milliseconds(text(kib)) for kib in SIZES}
        for kib, (milliseconds, size) in found.items():
            what = "refused" if size is None else f"{size / 1024:.0f} KiB of HTML"
            figures.add(f"{name}, {kib} KiB ({what}) / prose", milliseconds / base[kib])
        growth = found[100][0] / found[25][0]
        figures.add(f"{name}: 100 KiB / 25 KiB in time", growth, 8)
        largest = max(size or 0 for _, size in found.values())
        figures.add(f"{name}: most KiB of HTML", largest / 1024, 250)
    unbounded = MarkdownIt("commonmark").render(WORST["a long reference, used often"](25))
    figures.add("without a bound, a long reference, 25 KiB: KiB of HTML", len(unbounded) / 1024)


def _milliseconds(text: str) -> tuple[float, int | None]:
    """Return the median time of a few renderings, and the bytes of HTML, or None if it is
    refused."""
    times, size = [], None
    for _ in range(TURNS):
        started = time.perf_counter()
        try:
            size = len(rendered(text).html.encode())
        except Unprocessable:
            size = None
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times), size


def _filled(piece: str, kib: int) -> str:
    length = kib * 1024
    return (piece * (length // len(piece) + 1))[:length]


def _nested(opened: str, closed: str, kib: int) -> str:
    count = kib * 1024 // len(opened + closed)
    return opened * count + closed * count


WORST: dict[str, Callable[[int], str]] = {
    "a long reference, used often": lambda kib: (
        "[a]: https://a.example/" + "u" * (kib * 512 - 32) + "\n\n" + _filled("[a] ", kib // 2)
    ),
    "a footnote, used often": lambda kib: "[^1]: x\n\n" + _filled("[^1]", kib)[:-16],
    "nested quotes": lambda kib: _filled("> > > > > > > > > > a\n", kib),
    "quotes that go on": lambda kib: _filled("> ", kib // 2) + "\n" + _filled("a\n", kib // 2)[:-1],
    "nested lists": lambda kib: _filled("- - - - - - a\n", kib),
    "nested links": lambda kib: _nested("[", "](a)", kib),
    "nested images": lambda kib: _nested("![", "](a)", kib),
    "open brackets": lambda kib: _filled("[", kib),
    "nested emphasis": lambda kib: _nested("*a **a ", " a** a*", kib),
    "open emphasis": lambda kib: _filled("*a _b ", kib),
    "backticks of every length": lambda kib: "".join(
        "a" + "`" * n for n in range(1, int(math.sqrt(kib * 2000)))
    )[: kib * 1024],
    "addresses without an end": lambda kib: _filled("http://a.b/?(", kib),
    "addresses side by side": lambda kib: _filled("http://a/,http://a/; ", kib),
    "a wide table": lambda kib: _filled("|a", kib // 2) + "\n" + _filled("|-", kib // 2),
    "character references": lambda kib: _filled("&amp;&lt;&#35;", kib),
}
