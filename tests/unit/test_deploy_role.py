"""The roles of the pipeline: who comes into them, and that they reach what the stack has alone."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from scripts.roles import template_resources
from tests.support import ROOT

GITHUB = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def roles() -> dict[str, Any]:
    template = yaml_parse((ROOT / ".github" / "deploy-role.yaml").read_text())
    return {
        name: one["Properties"]
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::IAM::Role"
    }


def statements(role: dict[str, Any]) -> Iterator[tuple[list[str], list[str], dict[str, Any]]]:
    """Actions, resources and conditions."""
    for policy in role["Policies"]:
        for one in policy["PolicyDocument"]["Statement"]:
            actions, resources = (
                value if isinstance(value, list) else [value]
                for value in (one["Action"], one["Resource"])
            )
            yield actions, [str(place) for place in resources], one.get("Condition", {})


def test_github_comes_in_for_one_repository_and_environment_alone(roles: dict[str, Any]) -> None:
    (trust,) = roles["DeployRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
        }
    }


def test_github_hands_one_role_on_and_to_cloudformation_alone(roles: dict[str, Any]) -> None:
    ((resources, condition),) = [
        (resources, condition)
        for actions, resources, condition in statements(roles["DeployRole"])
        if any(action.startswith("iam:") for action in actions)
    ]
    assert resources == [str({"Fn::GetAtt": ["StackRole", "Arn"]})]
    assert condition == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_cloudformations_role_is_nobody_elses(roles: dict[str, Any]) -> None:
    (trust,) = roles["StackRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_every_service_of_the_template_may_be_used_and_no_other(roles: dict[str, Any]) -> None:
    used = {one["Type"].split("::")[1] for one in template_resources().values()}
    allowed = {
        action.partition(":")[0]
        for actions, _, _ in statements(roles["StackRole"])
        for action in actions
    }
    assert allowed == {one.lower() for one in used} | {"cloudformation"}


@pytest.mark.parametrize("role", ["DeployRole", "StackRole"])
def test_no_role_may_do_everything_to_anything(roles: dict[str, Any], role: str) -> None:
    for actions, resources, condition in statements(roles[role]):
        assert "*" not in actions
        assert not any(action.startswith("iam:") and "*" in action for action in actions)
        if "*" in resources and not condition:
            assert not [action for action in actions if re.search(r":\*|:(Put|Delete)\*", action)]


def test_the_stacks_that_they_reach_are_those_of_samconfig() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("staging", "production"):
        assert settings[stage]["deploy"]["parameters"]["stack_name"] == f"blog-{stage}"
