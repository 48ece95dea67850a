"""A short run for CI; `make torture` is the long one."""

import os
import time
from pathlib import Path

import pytest

from tests.torture.run import Plan, run_plan

if os.environ.get("DYNAMODB") != "dynoxide":
    pytest.skip("moto ignores request tokens: make test-dynoxide", allow_module_level=True)


@pytest.mark.parametrize(("fault_rate", "seconds_between_kills"), [(0, 0), (0.03, 1.5)])
def test_no_data_is_lost_duplicated_or_stored_after_a_refusal_and_all_lists_agree(
    fault_rate: float, seconds_between_kills: float, tmp_path: Path
) -> None:
    plan = Plan(2500, fault_rate, 6, int(time.time()), seconds_between_kills)
    report = run_plan(plan, tmp_path, print)
    assert report.findings == [], report.lines
    assert len(report.history) >= plan.operations
    assert sum(one.is_done for one in report.history) > plan.operations / 2, report.lines
    if fault_rate == 0:
        assert not any(one.is_unknown for one in report.history), report.lines
