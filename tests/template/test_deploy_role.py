"""The pipeline's roles: who may assume them, and what they may do."""

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
    """Yield the actions, resources and conditions of a role's statements."""
    for policy in role["Policies"]:
        for one in policy["PolicyDocument"]["Statement"]:
            actions, resources = (
                value if isinstance(value, list) else [value]
                for value in (one["Action"], one["Resource"])
            )
            yield actions, [str(place) for place in resources], one.get("Condition", {})


def test_github_may_assume_the_role_from_one_repository_and_environment_only(
    roles: dict[str, Any],
) -> None:
    (trust,) = roles["DeployRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
        }
    }


@pytest.fixture(scope="module")
def repository() -> re.Pattern[str]:
    """Return the pattern of the repository's name."""
    template = yaml_parse((ROOT / ".github" / "deploy-role.yaml").read_text())
    return re.compile(template["Parameters"]["Repository"]["AllowedPattern"])


@pytest.mark.parametrize(
    "name",
    [
        "octocat/my-repo",
        "octocat/.github",
        # github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens
        "octocat@123456/my-repo@456789",
        "octo-org@1/a.b_c@2",
    ],
)
def test_both_forms_of_a_repository_in_githubs_tokens_are_accepted(
    repository: re.Pattern[str], name: str
) -> None:
    assert repository.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "octocat",
        "octocat/*",
        "octocat@*/my-repo@*",
        "octocat@123456/my-repo",  # GitHub gives both ids or none
        "octocat/my-repo@456789",
        "octocat@/my-repo@",
        "octocat@123456/my-repo@456789:ref:refs/heads/main",
        "repo:octocat/my-repo",
        "octocat/my-repo\n",
    ],
)
def test_other_names_of_a_repository_are_refused(repository: re.Pattern[str], name: str) -> None:
    assert not repository.fullmatch(name)


def test_github_may_pass_one_role_and_only_to_cloudformation(roles: dict[str, Any]) -> None:
    ((resources, condition),) = [
        (resources, condition)
        for actions, resources, condition in statements(roles["DeployRole"])
        if any(action.startswith("iam:") for action in actions)
    ]
    assert resources == [str({"Fn::GetAtt": ["StackRole", "Arn"]})]
    assert condition == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_only_cloudformation_may_assume_its_role(roles: dict[str, Any]) -> None:
    (trust,) = roles["StackRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_exactly_the_services_of_the_template_are_allowed(roles: dict[str, Any]) -> None:
    used = {one["Type"].split("::")[1] for one in template_resources().values()}
    allowed = {
        action.partition(":")[0]
        for actions, _, _ in statements(roles["StackRole"])
        for action in actions
    }
    assert allowed == {one.lower() for one in used} | {"cloudformation"}


@pytest.mark.parametrize("role", ["DeployRole", "StackRole"])
def test_no_role_may_do_everything_on_everything(roles: dict[str, Any], role: str) -> None:
    for actions, resources, condition in statements(roles[role]):
        assert "*" not in actions
        assert not any(action.startswith("iam:") and "*" in action for action in actions)
        if "*" in resources and not condition:
            assert not [action for action in actions if re.search(r":\*|:(Put|Delete)\*", action)]


def test_a_deployment_is_limited_to_one_stack_and_its_artifacts(roles: dict[str, Any]) -> None:
    allowed_places = [
        place
        for actions, resources, _ in statements(roles["DeployRole"])
        for place in resources
        if set(actions) & {"cloudformation:ExecuteChangeSet", "s3:PutObject"}
    ]
    assert len(allowed_places) == 3
    assert [
        place for place in allowed_places if not re.search(r"[:/]blog-\$\{Stage\}[-/]", place)
    ] == []
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for stage in ("staging", "production"):
        stage_parameters = settings[stage]["deploy"]["parameters"]
        assert stage_parameters["stack_name"] == stage_parameters["s3_prefix"] == f"blog-{stage}"


SCOPED = ("cloudwatch", "codedeploy", "dynamodb", "events", "iam", "lambda", "logs", "sns", "sqs")


@pytest.mark.parametrize("service", [*SCOPED, "s3"])
def test_resources_with_the_stacks_name_are_allowed_by_that_name(
    roles: dict[str, Any], service: str
) -> None:
    whole = next(
        (actions, resources)
        for actions, resources, _ in statements(roles["StackRole"])
        if {f"{service}:*", "iam:CreateRole"} & set(actions)
        and (service == "iam") == ("iam:CreateRole" in actions)
    )
    places = [place for place in whole[1] if f"}}:{service}:" in place]
    assert places
    # SAM generates the names of layers, and AWS the names of CodeDeploy's settings.
    odd = re.compile(r"layer:(Auth|Blog)Layer\*|deploymentconfig:\*")
    assert [
        place for place in places if "blog-${Stage}-*" not in place and not odd.search(place)
    ] == []
