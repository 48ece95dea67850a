"""Delete old versions of a stack's functions after a deployment.

SAM retains each published version. With SnapStart, AWS charges for the snapshot of each version as
long as it exists (docs.aws.amazon.com/lambda/latest/dg/snapstart.html, Pricing).
"""

import sys
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

VERSIONS_KEPT = 3  # the current one, the one before it, and one more
_QUICKLY = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


def functions_of(stack_name: str, cloudformation: Any) -> Iterator[str]:
    """Return the names of a stack's functions."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::Lambda::Function":
                yield resource["PhysicalResourceId"]


def delete_old_versions(function: str, client: Any) -> int:
    """Delete all but a function's last versions; return how many.

    A version that an alias uses stays. Raises ClientError.
    """
    used = {
        version
        for page in client.get_paginator("list_aliases").paginate(FunctionName=function)
        for alias in page["Aliases"]
        for version in (
            alias["FunctionVersion"],
            *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}),
        )
    }
    numbers = sorted(
        int(one["Version"])
        for page in client.get_paginator("list_versions_by_function").paginate(
            FunctionName=function
        )
        for one in page["Versions"]
        if one["Version"].isdecimal()  # not $LATEST
    )
    old = [str(number) for number in numbers[:-VERSIONS_KEPT] if str(number) not in used]
    for version in old:
        # Without a qualifier, this would delete the function.
        client.delete_function(FunctionName=function, Qualifier=version)
    return len(old)


def clean_up(stack_name: str) -> None:
    """Delete old versions of all functions of a stack. An error is only a warning."""
    try:
        lambda_client = boto3.client("lambda", config=_QUICKLY)
        cloudformation = boto3.client("cloudformation", config=_QUICKLY)
        functions = list(functions_of(stack_name, cloudformation))
        count = sum(delete_old_versions(function, lambda_client) for function in functions)
    except ClientError as e:
        _warn(e.response["Error"]["Code"])
    except BotoCoreError as e:
        _warn(type(e).__name__)
    else:
        print(f"{count} old versions of functions are deleted")


def _warn(reason: str) -> None:
    sys.stderr.write(
        f"make deploy: the deployment succeeded, but old versions stay ({reason}). "
        "The next deployment tries again\n"
    )
