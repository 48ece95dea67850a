"""What CloudFormation tells of a stage's stack."""

import tomllib
from collections.abc import Mapping
from typing import Any

import boto3

from scripts.release.deploy import ROOT, CannotDeploy


def deployed(stage: str) -> dict[str, Any]:
    """The stack of a stage of samconfig.toml, as CloudFormation describes it. Raises CannotDeploy
    for no such stage, and what boto3 raises."""
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text()).get(stage, {}).get("deploy")
    if settings is None:
        raise CannotDeploy(f"samconfig.toml has no [{stage}.deploy.parameters]")
    name = settings["parameters"]["stack_name"]
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """A stack's outputs by their names."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
