"""Permissions in template.yaml: what each role may do, and which services may use what.

Everything is read from the template as SAM transforms it. Permissions that are written in an
unexpected place or form raise ValueError, so that none is overlooked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from devserver.settings import TEMPLATE
from devserver.template.rights import bounded
from devserver.template.sam import transformed

# Values for the parameters without a default.
PARAMETERS = {"Auth0Domain": "tenant.example.com", "Auth0Audience": "a", "AuthorIdKey": "k" * 32}
# Actions of the policies that AWS manages, from its Managed Policy Reference.
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
RESOURCE_POLICIES = ("AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy")
TLS_ONLY = ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
ATTACHMENTS = {"Groups", "Roles", "Users"}
# The source of a permission to invoke a function: a route in any stage, as SAM writes it.
ROUTE = re.compile(
    r"arn:\S+:execute-api:\$\{AWS::Region\}:\$\{AWS::AccountId\}:\$\{Api\}/\*/([A-Z]+)(/\S+)"
)

ActionsByResource = dict[str, set[str]]


class Grant(NamedTuple):
    """A permission of a service on a resource, with the source or condition that limits it."""

    service: str
    action: str
    resource: str
    source: str


def template_resources() -> dict[str, Any]:
    """Return the resources of the transformed template by logical id."""
    resources: dict[str, Any] = transformed(TEMPLATE, PARAMETERS)["Resources"]
    return resources


def roles(resources: Mapping[str, Any]) -> dict[str, ActionsByResource]:
    """Return the rights of every role by its logical id.

    Raise ValueError for a statement that is not a plain permission, and for a role whose boundary
    forbids what its own policies allow.
    """
    return {
        name: _rights(name, one["Properties"], resources)
        for name, one in resources.items()
        if one["Type"] == "AWS::IAM::Role"
    }


def _rights(name: str, role: Mapping[str, Any], resources: Mapping[str, Any]) -> ActionsByResource:
    managed = [
        (action, "*")
        for arn in role.get("ManagedPolicyArns", [])
        for action in MANAGED[_text(arn).rpartition("/")[2]]
    ]
    own = [one for policy in role.get("Policies", []) for one in _allowed(policy)]
    actions = [*managed, *own]
    if boundary := role.get("PermissionsBoundary"):
        actions = list(bounded(actions, _allowed(resources[boundary["Ref"]]["Properties"])))
    if forbidden := set(own) - set(actions):
        raise ValueError(f"{name} has a boundary that forbids {sorted(forbidden)}")
    rights: ActionsByResource = {}
    for action, resource in actions:
        rights.setdefault(resource, set()).add(action)
    return rights


def _allowed(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in statements(policy["PolicyDocument"]):
        if statement.keys() - {"Sid", "Effect", "Action", "Resource"}:
            raise ValueError(f"not a plain permission: {statement}")
        if statement["Effect"] != "Allow":
            raise ValueError(f"not a permission: {statement}")
        for resource in _as_list(statement["Resource"]):
            for action in _as_list(statement["Action"]):
                yield action, _text(resource)


def grants(resources: Mapping[str, Any]) -> list[Grant]:
    """Return what services may do: assume a role, use a resource, or invoke a function.

    Raise ValueError for a statement that is not a plain grant to a service, and for permissions in
    any other kind of resource.
    """
    references = (
        one.get("Properties", {}).get("PermissionsBoundary") for one in resources.values()
    )
    boundaries = {
        boundary["Ref"]
        for boundary in references
        if boundary and not resources[boundary["Ref"]]["Properties"].keys() & ATTACHMENTS
    }
    found: list[Grant] = []
    for name, one in resources.items():
        kind, properties = one["Type"], one.get("Properties", {})
        if kind == "AWS::IAM::Role":
            found.extend(_service_grants(properties["AssumeRolePolicyDocument"], name))
        elif kind == "AWS::Lambda::Permission":
            found.append(_invocation(properties))
        elif kind in RESOURCE_POLICIES:
            if kind in TLS_ONLY:
                _check_tls(name, properties["PolicyDocument"])
            found.extend(_service_grants(properties["PolicyDocument"], ""))
        elif name not in boundaries and (
            kind.startswith("AWS::IAM::")
            or kind.endswith("Permission")
            or "Effect" in json.dumps(properties)  # each statement of a policy has it
        ):
            raise ValueError(
                f"{name} gives permissions, which only roles and resource policies may do"
            )
    return found


def statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the statements of a policy, also those that a condition of the template adds."""
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in document["Statement"]]


def _check_tls(name: str, document: Mapping[str, Any]) -> None:
    for statement in statements(document):
        match statement:
            case {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*" | "sqs:*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }:
                return
    raise ValueError(f"{name} accepts requests without TLS")


def _service_grants(document: Mapping[str, Any], resource: str) -> Iterator[Grant]:
    for statement in statements(document):
        if statement["Effect"] == "Deny":
            continue
        match statement["Principal"]:
            case {"Service": services, **others} if not others:
                pass
            case _:
                raise ValueError(f"not a plain grant to a service: {statement}")
        for service in _as_list(services):
            for action in _as_list(statement["Action"]):
                for one in _as_list(statement.get("Resource", resource)):
                    yield Grant(service, action, _text(one), _condition(statement))


def _condition(statement: Mapping[str, Any]) -> str:
    return " and ".join(
        f"{name} {operator} {' or '.join(map(_text, _as_list(values)))}"
        for operator, names in statement.get("Condition", {}).items()
        for name, values in names.items()
    )


def _invocation(permission: Mapping[str, Any]) -> Grant:
    function = _text(permission["FunctionName"]).replace("FunctionAliaslive", "Function.live")
    source = _text(permission["SourceArn"])
    return Grant(permission["Principal"], permission["Action"], function, source)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """Return a value in the notation of Fn::Sub."""
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
            raise ValueError(f"not a plain value: {value}")
