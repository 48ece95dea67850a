"""`make docs`: docs/roles.md, what each role of the deployment may do, and who else may do what,
from the template as SAM transforms it. With --check nothing is written, and the exit code says
whether the page is up to date, so that a right that is new is seen by whoever reviews the change.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from devserver.lambda_.roles import bounded
from devserver.template.deployment import transformed
from scripts.docs.pages import ROOT, keep

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
ON_RESOURCES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
OVER_TLS = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
ATTACHMENTS = {"Groups", "Roles", "Users"}
# What SAM lets API Gateway invoke a function for: any stage's route.
ROUTE = re.compile(
    r"arn:\S+:execute-api:\$\{AWS::Region\}:\$\{AWS::AccountId\}:\$\{Api\}/\*/([A-Z]+)(/\S+)"
)
HEADING = """# What each role may do

Printed by `make docs` from `template.yaml` as SAM transforms it; `make lint` fails when it is not
up to date, and `tests/template/test_roles.py` says what it must be. No role may do anything else.

A function's is what its own policies and `FunctionsBoundary`, the most that any may do, both allow.

| role | may | on |
| --- | --- | --- |
"""
OTHERS = """
## Who else may do what

Services of AWS, by the policies of the resources themselves. Nobody may come to a bucket or the
queue but over TLS.

| service | may | on | for |
| --- | --- | --- | --- |
"""

Rights = dict[str, set[str]]


class Grant(NamedTuple):
    """What a service may do to a resource, and the source or condition that it may for."""

    service: str
    action: str
    resource: str
    source: str


def template_resources() -> dict[str, Any]:
    """Those of the transformed template."""
    resources: dict[str, Any] = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    return resources


def roles(resources: Mapping[str, Any]) -> dict[str, Rights]:
    """Every role: what it may do, by what it may do that to.

    Raises ValueError for what is no plain permission, or where a boundary takes away what a role's
    own policies say.
    """
    return {
        name: _rights(name, one["Properties"], resources)
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role"
    }


def _rights(name: str, role: Mapping[str, Any], resources: Mapping[str, Any]) -> Rights:
    managed = [
        (action, "*")
        for arn in role.get("ManagedPolicyArns", [])
        for action in MANAGED[_text(arn).rpartition("/")[2]]
    ]
    own = [one for policy in role.get("Policies", []) for one in _allowed(policy)]
    given = [*managed, *own]
    if boundary := role.get("PermissionsBoundary"):
        given = list(bounded(given, _allowed(resources[boundary["Ref"]]["Properties"])))
    if beyond := set(own) - set(given):
        raise ValueError(f"{name} is bounded, so that it may not {sorted(beyond)}")
    rights: Rights = {}
    for action, resource in given:
        rights.setdefault(resource, set()).add(action)
    return rights


def _allowed(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement.keys() - {"Sid", "Effect", "Action", "Resource"}:
            raise ValueError(f"no plain permission: {statement}")
        if statement["Effect"] != "Allow":
            raise ValueError(f"no permission: {statement}")
        for resource in _several(statement["Resource"]):
            for action in _several(statement["Action"]):
                yield action, _text(resource)


def grants(resources: Mapping[str, Any]) -> list[Grant]:
    """What others may do: who assumes a role, whom a resource's policy lets in, who invokes a
    function.

    Raises ValueError for what is no plain grant to a service, and where rights are given otherwise.
    """
    named = (one.get("Properties", {}).get("PermissionsBoundary") for one in resources.values())
    boundaries = {
        boundary["Ref"]
        for boundary in named
        if boundary and not resources[boundary["Ref"]]["Properties"].keys() & ATTACHMENTS
    }
    found: list[Grant] = []
    for name, one in resources.items():
        kind, properties = one["Type"], one.get("Properties", {})
        if kind == "AWS::IAM::Role":
            found.extend(_granted(properties["AssumeRolePolicyDocument"], name))
        elif kind == "AWS::Lambda::Permission":
            found.append(_invocation(properties))
        elif kind in ON_RESOURCES:
            if kind in OVER_TLS:
                _check_tls(name, properties["PolicyDocument"])
            found.extend(_granted(properties["PolicyDocument"], ""))
        elif name not in boundaries and (
            kind.startswith("AWS::IAM::")
            or kind.endswith("Permission")
            or "Effect" in json.dumps(properties)  # as each statement of a policy has
        ):
            raise ValueError(f"{name} gives rights, and this is no place for that")
    return found


def _check_tls(name: str, document: Mapping[str, Any]) -> None:
    for statement in document["Statement"]:
        match statement:
            case {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*" | "sqs:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }:
                return
    raise ValueError(f"{name} lets requests in that come without TLS")


def _granted(document: Mapping[str, Any], resource: str) -> Iterator[Grant]:
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        match statement["Principal"]:
            case {"Service": services, **others} if not others:
                pass
            case _:
                raise ValueError(f"no plain grant to a service: {statement}")
        for service in _several(services):
            for action in _several(statement["Action"]):
                for one in _several(statement.get("Resource", resource)):
                    yield Grant(service, action, _text(one), _condition(statement))


def _condition(statement: Mapping[str, Any]) -> str:
    return " and ".join(
        f"{name} {operator} {' or '.join(map(_text, _several(values)))}"
        for operator, names in statement.get("Condition", {}).items()
        for name, values in names.items()
    )


def _invocation(permission: Mapping[str, Any]) -> Grant:
    function = _text(permission["FunctionName"]).replace("FunctionAliaslive", "Function.live")
    source = _text(permission["SourceArn"])
    return Grant(permission["Principal"], permission["Action"], function, source)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value as one would write it in Fn::Sub."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return f"${{{name}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case {"Fn::Sub": [str(text), dict(local)]}:
            for name, one in local.items():
                text = text.replace(f"${{{name}}}", _text(one))
            return text
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case _:
            raise ValueError(f"no plain value: {value}")


def page() -> str:
    """The page."""
    resources = template_resources()
    ours, theirs = _rows(roles(resources)), _others(grants(resources))
    return HEADING + _table(ours) + OTHERS + _table(theirs)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _rows(found: Mapping[str, Rights]) -> Iterator[tuple[str, str, str]]:
    for role, rights in sorted(found.items()):
        name = f"`{role}`"
        for resource, actions in sorted(rights.items()):
            yield name, ", ".join(f"`{one}`" for one in sorted(actions)), f"`{resource}`"
            name = ""


def _others(found: Iterable[Grant]) -> Iterator[tuple[str, str, str, str]]:
    """One for each that differs in more than the resource, and a function's routes as one."""
    together: dict[tuple[str, str, str], dict[str, int]] = {}
    for grant in found:
        source = "a route of `${Api}`" if ROUTE.fullmatch(grant.source) else f"`{grant.source}`"
        count = together.setdefault((grant.service, grant.action, source.replace("``", "")), {})
        count[grant.resource] = count.get(grant.resource, 0) + 1
    for (service, action, source), resources in sorted(together.items()):
        names = ", ".join(
            f"`{name}`" + (f" ({count} routes)" if count > 1 else "")
            for name, count in sorted(resources.items())
        )
        yield f"`{service}`", f"`{action}`", names, source


def main() -> int:
    """Write the page, or check it."""
    return keep(TARGET, page(), "make docs")


if __name__ == "__main__":
    sys.exit(main())
