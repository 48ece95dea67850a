"""Read a stage's stack from CloudFormation, and decide whether it can be deployed."""

import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).parent.parent.parent
REGION_OF_CLOUDFRONT = "us-east-1"
GUIDE = "docs/deployment.md, When a deployment fails"
_QUICKLY = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})

# The states of a stack that CloudFormation does not update, and what to do.
_DEAD_ENDS = {
    "ROLLBACK_COMPLETE": "its first deployment failed, and CloudFormation cannot update it. Delete "
    "the stack with `aws cloudformation delete-stack --stack-name {name}`, and deploy again",
    "ROLLBACK_FAILED": "its first deployment failed and could not be rolled back. Delete the stack "
    "with `aws cloudformation delete-stack --stack-name {name}`, and deploy again",
    "DELETE_FAILED": "it could not be deleted. Remove what the stack's events name, and delete it "
    "again with `aws cloudformation delete-stack --stack-name {name}`",
    "UPDATE_ROLLBACK_FAILED": "a rollback failed. Remove the cause that the stack's events name, "
    "run `aws cloudformation continue-update-rollback --stack-name {name}`, and deploy again",
}


class CannotDeploy(Exception):
    """A deployment is impossible; the message says what is missing."""


def name_of(stage: str, config: Path = ROOT / "samconfig.toml") -> str:
    """Return the name of a stage's stack. Raise CannotDeploy if there is no such stage."""
    settings = tomllib.loads(config.read_text()).get(stage, {}).get("deploy")
    if settings is None:
        raise CannotDeploy(f"samconfig.toml has no [{stage}.deploy.parameters]")
    return str(settings["parameters"]["stack_name"])


def deployed(stage: str) -> dict[str, Any]:
    """Return the description of a stage's stack.

    Raise CannotDeploy if samconfig.toml has no such stage, and the errors of boto3.
    """
    return _described(boto3.client("cloudformation"), name_of(stage))


def found(name: str) -> dict[str, Any] | None:
    """Return the description of a stack, or None if it does not exist or cannot be read.

    SAM CLI needs the same right and reports its absence better, so this only warns.
    """
    try:
        return _described(boto3.client("cloudformation", config=_QUICKLY), name)
    except ClientError as e:
        # CloudFormation has no code of its own for this.
        if "does not exist" in e.response["Error"]["Message"]:
            return None
        _warn(name, e.response["Error"]["Code"])
    except BotoCoreError as e:
        _warn(name, type(e).__name__)
    return None


def _described(client: Any, name: str) -> dict[str, Any]:
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def _warn(name: str, reason: str) -> None:
    sys.stderr.write(f"make deploy: the state of the stack {name} is unknown ({reason})\n")


def check_state(stack: Mapping[str, Any]) -> None:
    """Raise CannotDeploy if CloudFormation does not update a stack in this state."""
    if advice := _DEAD_ENDS.get(stack["StackStatus"]):
        name = stack["StackName"]
        raise CannotDeploy(
            f"the stack {name} is in {stack['StackStatus']}: {advice.format(name=name)}. "
            f"See {GUIDE}"
        )


def check_region(stack: Mapping[str, Any], values: Mapping[str, str], region: str | None) -> None:
    """Raise CannotDeploy for a firewall of CloudFront that would be in another region.

    CloudFormation keeps the parameters that a deployment does not name.
    Source: docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html, Scope
    """
    kept = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    now = {**kept, **values}
    if now.get("Firewall") == now.get("Cdn") == "on" and region not in (None, REGION_OF_CLOUDFRONT):
        raise CannotDeploy(
            f"Firewall=on with Cdn=on needs a stack in {REGION_OF_CLOUDFRONT}, because AWS keeps "
            f"CloudFront's firewalls there. This stack is in {region}"
        )


def rolled_back_at(stack: Mapping[str, Any]) -> str:
    """Return when the last update began, if it was rolled back, and otherwise an empty text.

    The versions of such an update stay, so the same digest would publish nothing new.
    """
    if stack.get("StackStatus") != "UPDATE_ROLLBACK_COMPLETE":
        return ""
    return str(stack.get("LastUpdatedTime", ""))


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    """Return a stack's outputs by name."""
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
