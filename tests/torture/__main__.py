"""`make torture`, with settings from the environment.

OPERATIONS (100000), FAULTS (0.02 of the calls to DynamoDB, 0 for none), CLIENTS (6), SEED (the
time), KILLS (mean seconds between two kills, 2; 0 for none).
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.torture.run import Plan, run_plan

if __name__ == "__main__":
    plan = Plan(
        operations=int(os.environ.get("OPERATIONS", "100000")),
        fault_rate=float(os.environ.get("FAULTS", "0.02")),
        clients=int(os.environ.get("CLIENTS", "6")),
        seed=int(os.environ.get("SEED") or time.time()),
        seconds_between_kills=float(os.environ.get("KILLS", "2")),
    )
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    report = run_plan(plan, folder, print)
    print("\n".join(report.lines))
    if report.findings:
        print(f"the history is in {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(bool(report.findings))
