"""The template against AWS's limits, with the longest names."""

import re

import pytest

from scripts.release import limits
from scripts.release.limits import Measure, measures
from tests.support.samples import ROOT

MEASURES = measures()
# A hard limit of ten, which grows by one with each function.
METRICS_OF_AN_ALARM = re.compile(r"metrics of \w+Alarm")


@pytest.mark.parametrize("measure", MEASURES, ids=lambda one: one.what.replace(" ", "-"))
def test_less_than_80_percent_of_each_limit_is_used(measure: Measure) -> None:
    if METRICS_OF_AN_ALARM.fullmatch(measure.what):
        assert measure.value <= measure.limit
    else:
        assert measure.percent < 80, f"{measure.value} of {measure.limit}"


def test_everything_that_has_a_limit_is_measured() -> None:
    found = {re.sub(r"(?<= of )\w+(?=,|$)|\w*[A-Z]\w*", "_", one.what) for one in MEASURES}
    assert found == {
        "template, bytes after the transform", "resources", "parameters", "outputs",
        "resources of the _", "policy of _, bytes", "variables of _, bytes",
        "managed policy _, characters", "inline policies of _, characters",
        "trust policy of _, characters", "metrics of _", "widgets of the dashboard",
        "metrics of a widget", "name of _, characters", "code of _, bytes",
        "behaviours of the distribution",
    }  # fmt: skip
    assert all(one.value > 0 for one in MEASURES if not one.what.startswith("inline"))


def test_the_policy_of_a_function_is_measured_as_lambda_stores_it() -> None:
    # 36 permissions of 443 bytes each: an audit calculated 15,956 bytes for this function.
    (public,) = (one for one in MEASURES if one.what.startswith("policy of PublicFunction"))
    assert 15_000 < public.value < 16_384


def test_the_longest_name_of_a_stack_is_documented() -> None:
    text = " ".join((ROOT / "docs" / "deployment.md").read_text().split())
    assert f"at most {len(limits.STACK)} characters" in text
