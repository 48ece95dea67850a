"""`make docs`: docs/roles.md, what each role of the deployment may do, from the template as SAM
transforms it. With --check nothing is written, and the exit code says whether the page is up to
date, so that a right that is new is seen by whoever reviews the change."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from devserver.deployment import transformed
from scripts.pages import ROOT, keep

TARGET = ROOT / "docs" / "roles.md"

PARAMETERS = {"Auth0Domain": "tenant.example.com", "Auth0Audience": "a", "AuthorIdKey": "k" * 32}
# AWS's own policies, as its Managed Policy Reference lists them.
MANAGED = {
    "AWSLambdaBasicExecutionRole": {
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"
    },
    "AmazonAPIGatewayPushToCloudWatchLogs": {
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups",
        "logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents",
        "logs:PutLogEvents",
    },
}  # fmt: skip
# By which rights could come to a role without standing in it.
POLICIES = {
    f"AWS::IAM::{kind}"
    for kind in ("GroupPolicy", "ManagedPolicy", "Policy", "RolePolicy", "UserPolicy")
}
HEADING = """# What each role may do

Printed by `make docs` from `template.yaml` as SAM transforms it; `make lint` fails when it is not
up to date, and `tests/unit/test_roles.py` says what it must be. No role may do anything else.

| role | may | on |
| --- | --- | --- |
"""

Rights = dict[str, set[str]]


def roles() -> dict[str, Rights]:
    """Every role of the transformed template: what it may do, by what it may do that to.

    Raises ValueError for what is no plain permission, and where a right is given elsewhere.
    """
    return roles_of(transformed(ROOT / "template.yaml", PARAMETERS)["Resources"])


def roles_of(resources: Mapping[str, Any]) -> dict[str, Rights]:
    """The same of these resources."""
    for name, one in resources.items():
        is_policy = one["Type"] in POLICIES or (
            one["Type"] == "AWS::DynamoDB::Table" and "ResourcePolicy" in one["Properties"]
        )
        if is_policy:
            raise ValueError(f"rights are given in roles alone, not by {name}")
    return {
        name: _rights(one["Properties"])
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role"
    }


def _rights(role: Mapping[str, Any]) -> Rights:
    rights: Rights = {}
    for arn in role.get("ManagedPolicyArns", []):
        rights.setdefault("*", set()).update(MANAGED[_text(arn).rpartition("/")[2]])
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement.keys() - {"Sid", "Effect", "Action", "Resource"}:
                raise ValueError(f"no plain permission: {statement}")
            if statement["Effect"] != "Allow":
                raise ValueError(f"no permission: {statement}")
            for resource in _several(statement["Resource"]):
                rights.setdefault(_text(resource), set()).update(_several(statement["Action"]))
    return rights


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(resource: Any) -> str:
    """A resource as one would write it in Fn::Sub."""
    match resource:
        case str():
            return resource
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case _:
            raise ValueError(f"no plain resource: {resource}")


def page() -> str:
    """The page."""
    return HEADING + "".join(f"| {' | '.join(row)} |\n" for row in _rows(roles()))


def _rows(found: Mapping[str, Rights]) -> Iterator[tuple[str, str, str]]:
    for role, rights in sorted(found.items()):
        name = f"`{role}`"
        for resource, actions in sorted(rights.items()):
            yield name, ", ".join(f"`{one}`" for one in sorted(actions)), f"`{resource}`"
            name = ""


def main() -> int:
    """Write the page, or check it."""
    return keep(TARGET, page(), "make docs")


if __name__ == "__main__":
    sys.exit(main())
