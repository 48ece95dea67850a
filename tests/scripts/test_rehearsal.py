"""What `make rehearse` deploys, and that it can reach no account. `.ci/run` runs it."""

import os
from typing import Any

import pytest

from devserver.template.policies import PARAMETERS
from devserver.template.sam import transformed
from scripts.rehearsal.engine import Engine
from scripts.rehearsal.template import UNKNOWN_TYPES, gateway_responses, rehearsal_template
from tests.support.samples import ROOT


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return rehearsal_template(ROOT, "a" * 64)


def test_only_the_unknown_types_are_left_out(document: dict[str, Any]) -> None:
    whole = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    unknown = {name for name, one in whole.items() if one["Type"] in UNKNOWN_TYPES}
    # The names of versions, and of a deployment of the API, contain digests.
    types = sorted(one["Type"] for name, one in whole.items() if name not in unknown)
    assert sorted(one["Type"] for one in document["Resources"].values()) == types
    assert len(unknown) == 19


def test_artifacts_are_folders_that_sam_cli_uploads(document: dict[str, Any]) -> None:
    for one in document["Resources"].values():
        if one["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
            code = one["Properties"].get("Code") or one["Properties"]["Content"]
            assert (ROOT / code).is_dir()


def test_another_digest_gives_each_function_another_version(document: dict[str, Any]) -> None:
    def versions(resources: dict[str, Any]) -> set[str]:
        return {name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Version"}

    other = rehearsal_template(ROOT, "b" * 64)
    assert len(versions(document["Resources"])) == 12
    assert not versions(document["Resources"]) & versions(other["Resources"])


def test_alarms_have_no_metric_math(document: dict[str, Any]) -> None:
    alarms = [one for one in document["Resources"].values() if one["Type"].endswith("::Alarm")]
    assert alarms
    for alarm in alarms:
        assert "Metrics" not in alarm["Properties"]
        assert alarm["Properties"]["MetricName"]


def test_gateway_responses_have_the_form_of_the_api(document: dict[str, Any]) -> None:
    responses = gateway_responses(document)
    assert responses["ACCESS_DENIED"]["statusCode"] == "401"
    for one in responses.values():
        assert all(isinstance(value, str) for value in one["responseParameters"].values())


def test_no_credentials_and_no_role_of_the_user_are_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "STACK_ROLE"):
        monkeypatch.setenv(name, "the user's own")
    variables = Engine(1).environment(PARAMETERS="A=b")
    assert "the user's own" not in variables.values()
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert variables["AWS_SHARED_CREDENTIALS_FILE"] == variables["AWS_CONFIG_FILE"] == os.devnull
    assert variables["PARAMETERS"] == "A=b"
