"""Check that a deployment reads the stack's state, and refuses states that cannot be updated."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from scripts.release import deploy, stacks
from scripts.release.stacks import CannotDeploy, check_region, check_state, rolled_back_at

STARTED = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)
STACK = {
    "StackName": "blog-staging",
    "StackStatus": "UPDATE_COMPLETE",
    "CreationTime": STARTED,
    "LastUpdatedTime": STARTED,
}


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client("cloudformation")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stubber:
        yield stubber


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name blog-staging"),
        ("ROLLBACK_FAILED", "aws cloudformation delete-stack --stack-name blog-staging"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name blog-staging"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name blog-staging"),
    ],
)
def test_a_state_that_cloudformation_does_not_update_is_refused_with_advice(
    status: str, advice: str
) -> None:
    with pytest.raises(CannotDeploy) as refused:
        check_state({**STACK, "StackStatus": status})
    assert status in str(refused.value)
    assert advice in str(refused.value)
    assert "docs/deployment.md" in str(refused.value)


@pytest.mark.parametrize(
    "status",
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"],
)
def test_other_states_can_be_deployed(status: str) -> None:
    check_state({**STACK, "StackStatus": status})


def test_the_digest_changes_after_each_rollback_only(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("Resources: {}")
    rolled_back = {**STACK, "StackStatus": "UPDATE_ROLLBACK_COMPLETE"}
    later = {**rolled_back, "LastUpdatedTime": STARTED.replace(hour=13)}
    digests = [
        deploy.digest(tmp_path, {}, rolled_back_at(stack))
        for stack in (STACK, {}, rolled_back, later)
    ]
    assert digests[0] == digests[1] == deploy.digest(tmp_path, {})
    assert len(set(digests)) == 3


def test_a_missing_stack_is_a_first_deployment(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Stack with id blog-staging does not exist"
    cloudformation.add_client_error("describe_stacks", "ValidationError", text)
    assert stacks.found("blog-staging") is None
    assert capsys.readouterr().err == ""


def test_an_unreadable_stack_is_left_to_sam_with_a_warning(
    cloudformation: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.add_client_error("describe_stacks", "AccessDenied", "not authorized")
    assert stacks.found("blog-staging") is None
    assert "blog-staging is unknown (AccessDenied)" in capsys.readouterr().err


def test_make_deploy_stops_before_sam_if_the_first_deployment_failed(
    cloudformation: Stubber,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stack: Any = {**STACK, "StackStatus": "ROLLBACK_COMPLETE"}
    cloudformation.add_response("describe_stacks", {"Stacks": [stack]})
    monkeypatch.setattr("sys.argv", ["deploy", "staging", str(tmp_path)])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("sam was called"))
    assert deploy.main() == 1
    assert "make deploy: the stack blog-staging is in ROLLBACK_COMPLETE" in capsys.readouterr().err


BOTH = {"Firewall": "on", "Cdn": "on"}


@pytest.mark.parametrize(
    ("kept", "values"),
    [({}, BOTH), (BOTH, {}), ({"Cdn": "on"}, {"Firewall": "on"}), ({"Firewall": "off"}, BOTH)],
)
def test_a_firewall_of_cloudfront_needs_its_region(
    kept: dict[str, str], values: dict[str, str]
) -> None:
    stack = {
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in kept.items()
        ]
    }
    with pytest.raises(CannotDeploy, match=r"us-east-1.*eu-central-1"):
        check_region(stack, values, "eu-central-1")
    check_region(stack, values, "us-east-1")
    check_region(stack, {**values, "Firewall": "off"}, "eu-central-1")
    check_region(stack, {**values, "Cdn": "off"}, "eu-central-1")
