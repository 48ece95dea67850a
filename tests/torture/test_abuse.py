"""A few seconds of the part *abuse*, so that it works when somebody runs it.

They are too short to judge latencies; `make torture ARGS=abuse` does.
"""

import os
from pathlib import Path

import pytest

from tests.torture.abuse import Plan, run_abuse
from tests.torture.verdict import FAILED, JOB_KINDS, LOST

if os.environ.get("DYNAMODB") != "dynoxide":
    pytest.skip("the part runs on Dynoxide: make test-dynoxide", allow_module_level=True)


def test_a_flood_causes_no_error_and_loses_no_write(tmp_path: Path) -> None:
    plan = Plan(2, rate=10, body_kib=2, tick=1, seed=1, environments=1, compares=False)
    report = run_abuse(plan, tmp_path, print)
    assert [one for one in report.findings if one[0] in (FAILED, LOST)] == [], report.lines
    assert len(report.run.flooded.sent) > 30
    assert {job.kind for job in report.run.flooded.jobs} == set(JOB_KINDS)
    assert {one.status // 100 for one in report.run.flood} >= {2, 4}
