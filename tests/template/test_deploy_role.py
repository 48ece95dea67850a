"""The roles of the pipeline: who comes into them, and how far they reach."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from devserver.template.policies import template_resources
from tests.support.samples import ROOT

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


def test_a_deployment_is_of_one_stack_and_its_artifacts(roles: dict[str, Any]) -> None:
    reached = [
        place
        for actions, resources, _ in statements(roles["DeployRole"])
        for place in resources
        if set(actions) & {"cloudformation:ExecuteChangeSet", "s3:PutObject"}
    ]
    assert len(reached) == 3
    assert [place for place in reached if not re.search(r"[:/]blog-\$\{Stage\}[-/]", place)] == []
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("staging", "production"):
        given = settings[stage]["deploy"]["parameters"]
        assert given["stack_name"] == given["s3_prefix"] == f"blog-{stage}"


SCOPED = ("cloudwatch", "codedeploy", "dynamodb", "events", "iam", "lambda", "logs", "sns", "sqs")


@pytest.mark.parametrize("service", [*SCOPED, "s3"])
def test_what_has_the_stacks_name_is_reached_by_it(roles: dict[str, Any], service: str) -> None:
    whole = next(
        (actions, resources)
        for actions, resources, _ in statements(roles["StackRole"])
        if {f"{service}:*", "iam:CreateRole"} & set(actions)
        and (service == "iam") == ("iam:CreateRole" in actions)
    )
    places = [place for place in whole[1] if f"}}:{service}:" in place]
    assert places
    # Layers have names of SAM's making, CodeDeploy's settings of AWS's own.
    odd = re.compile(r"layer:(Auth|Blog)Layer\*|deploymentconfig:\*")
    assert [
        place for place in places if "blog-${Stage}-*" not in place and not odd.search(place)
    ] == []
