"""`make torture`, with settings from the environment.

ARGS selects parts: `make torture ARGS=abuse`. SEED (the time) is of all parts.

history: OPERATIONS (100000), FAULTS (0.02 of the calls to DynamoDB, 0 for none), CLIENTS (6),
KILLS (mean seconds between two kills, 2; 0 for none).

abuse: SECONDS (120) of the flood, RATE (20 requests a second), BODY (100 KiB, its largest body),
TICK (5 seconds).
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.torture import abuse
from tests.torture.run import Plan, run_plan

Result = tuple[list[str], bool]


def _history(folder: Path, seed: int) -> Result:
    plan = Plan(
        operations=int(os.environ.get("OPERATIONS", "100000")),
        fault_rate=float(os.environ.get("FAULTS", "0.02")),
        clients=int(os.environ.get("CLIENTS", "6")),
        seed=seed,
        seconds_between_kills=float(os.environ.get("KILLS", "2")),
    )
    report = run_plan(plan, folder, print)
    return report.lines, bool(report.findings)


def _abuse(folder: Path, seed: int) -> Result:
    plan = abuse.Plan(
        seconds=float(os.environ.get("SECONDS", "120")),
        rate=float(os.environ.get("RATE", "20")),
        body_kib=int(os.environ.get("BODY", "100")),
        tick=int(os.environ.get("TICK", "5")),
        seed=seed,
    )
    report = abuse.run_abuse(plan, folder, print)
    return report.lines, bool(report.findings)


PARTS: dict[str, Callable[[Path, int], Result]] = {"history": _history, "abuse": _abuse}


def main(chosen: list[str]) -> bool:
    """Run the chosen parts, or all. Return whether one failed."""
    seed = int(os.environ.get("SEED") or time.time())
    has_failed = False
    for name in chosen:
        folder = Path(tempfile.mkdtemp(prefix=f"torture-{name}-"))
        print(f"{name}:", flush=True)
        lines, is_wrong = PARTS[name](folder, seed)
        print("\n".join(lines), flush=True)
        if is_wrong:
            print(f"the records of {name} are in {folder}")
        else:
            shutil.rmtree(folder)
        has_failed |= is_wrong
    return has_failed


if __name__ == "__main__":
    parts = sys.argv[1:] or list(PARTS)
    if unknown := set(parts) - PARTS.keys():
        sys.exit(f"make torture: no such part: {', '.join(sorted(unknown))}; there are {[*PARTS]}")
    sys.exit(main(parts))
