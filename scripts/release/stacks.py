"""Read a stage's stack from CloudFormation."""

import tomllib
from collections.abc import Mapping
from typing import Any

import boto3

from scripts.release.deploy import ROOT, CannotDeploy


def deployed(stage: str) -> dict[str, Any]:
    """Return the description of a stage's stack.

    Raise CannotDeploy if samconfig.toml has no such stage, and the errors of boto3.
    """
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text()).get(stage, {}).get("deploy")
    if settings is None:
        raise CannotDeploy(f"samconfig.toml has no [{stage}.deploy.parameters]")
    name = settings["parameters"]["stack_name"]
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's outputs by name."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
