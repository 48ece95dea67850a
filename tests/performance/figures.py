"""The results of the benchmarks: printed as a table, stored as JSON, and compared with their
limits."""

import json
import sys

from tests.support.samples import ROOT

RESULTS = ROOT / "bench-results.json"


class Figures:
    """Named numbers, some with a limit."""

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self._limits: dict[str, float] = {}

    def add(self, name: str, value: float, at_most: float | None = None) -> None:
        """Store a number and print its line."""
        self._values[name] = value
        limit = ""
        if at_most is not None:
            self._limits[name] = at_most
            limit = f"   at most {at_most:g}" + ("" if value <= at_most else "   EXCEEDED")
        print(f"  {name:<52}{value:>10.3f}{limit}", flush=True)

    def left_out(self, what: str, why: str) -> None:
        """Print what could not be measured here, and why."""
        sys.stderr.write(f"  {what} is left out: {why}\n")

    def save(self) -> int:
        """Write the file, and return the number of exceeded limits."""
        rounded = {name: round(value, 4) for name, value in self._values.items()}
        RESULTS.write_text(json.dumps(rounded, indent=2) + "\n")
        print(f"\nkept in {RESULTS.name}")
        return sum(self._values[name] > limit for name, limit in self._limits.items())
