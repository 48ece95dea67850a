"""Least privilege: the rights of each role of the deployment, and of all others.

docs/roles.md lists them.
"""

import re
from typing import Any

import pytest

from devserver.settings import TEMPLATE
from devserver.template.deployment import read_deployment
from devserver.template.policies import (
    MANAGED,
    PARAMETERS,
    ROUTE,
    ActionsByResource,
    Grant,
    grants,
    roles,
    statements,
    template_resources,
)

LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
READ = {"BatchGetItem", "GetItem", "Query"}
WRITE = {"ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
FAILURES = {"${FailedEvents.Arn}": {"sqs:SendMessage"}}


def on_table(actions: set[str], **folders: set[str]) -> ActionsByResource:
    """Return a function's rights besides writing its log; `bucket` is the bucket itself."""
    found = {"${FunctionLogs.Arn}": LOG}
    if actions:
        found["${BlogTable.Arn}"] = {f"dynamodb:{one}" for one in actions}
    for folder, allowed in folders.items():
        name = "${MediaBucket.Arn}" if folder == "bucket" else f"${{MediaBucket.Arn}}/{folder}/*"
        found[name] = {f"s3:{one}" for one in allowed}
    return found


FUNCTIONS = [
    f"{name}Function"
    for name in (
        "Account", "Authorizer", "Comments", "Inspector", "Jobs", "Media", "Moderation", "Pages",
        "Posts", "Public", "Publisher", "Reactions",
    )
]  # fmt: skip
MOVE_ALIAS = {"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"}
ROLES: dict[str, ActionsByResource] = {
    "AuthorizerFunctionRole": on_table(set()),
    "PublicFunctionRole": on_table(READ, media={"GetObject"}),
    "PagesFunctionRole": on_table(READ) | {"${SiteBucket.Arn}/index.html": {"s3:GetObject"}},
    "PostsFunctionRole": on_table(READ | WRITE),
    "AccountFunctionRole": on_table(
        {"BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"},
        exports={"GetObject"},
    ),
    "CommentsFunctionRole": on_table({"BatchGetItem", "Query"} | WRITE),
    "ReactionsFunctionRole": on_table((READ | WRITE) - {"ConditionCheckItem"}),
    "ModerationFunctionRole": on_table(
        {"BatchGetItem", "Query"} | WRITE, uploads={"DeleteObject"}, media={"DeleteObject"}
    ),
    "MediaFunctionRole": on_table(
        READ | WRITE, uploads={"DeleteObject", "PutObject"}, media={"DeleteObject"}
    ),
    "InspectorFunctionRole": FAILURES
    | on_table(
        {"ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"},
        uploads={"GetObject", "DeleteObject"},
        media={"PutObject", "DeleteObject"},
        bucket={"ListBucket"},
    ),
    "PublisherFunctionRole": FAILURES | on_table({"GetItem", "Query"} | WRITE),
    "JobsFunctionRole": FAILURES
    | on_table(
        READ | WRITE | {"BatchWriteItem"},
        uploads={"DeleteObject"},
        media={"GetObject", "PutObject", "DeleteObject"},
        exports={"AbortMultipartUpload", "PutObject", "DeleteObject"},
        bucket={"ListBucket"},
    ),
    "DeploymentRole": {
        "*": {"cloudwatch:DescribeAlarms"},
        **{
            f"${{{function}.Arn}}{alias}": MOVE_ALIAS
            for function in FUNCTIONS
            for alias in ("", ":live")
        },
    },
    "ApiGatewayLogsRole": {"*": MANAGED["AmazonAPIGatewayPushToCloudWatchLogs"]},
}  # fmt: skip


API = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}"
CDN = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
INVOKE, ASSUME = "lambda:InvokeFunction", "sts:AssumeRole"
# All principals besides API Gateway, which may call a function for each of its routes.
GRANTS = {
    *(Grant("lambda.amazonaws.com", ASSUME, f"{function}Role", "") for function in FUNCTIONS),
    Grant("codedeploy.amazonaws.com", ASSUME, "DeploymentRole", ""),
    Grant("apigateway.amazonaws.com", ASSUME, "ApiGatewayLogsRole", ""),
    Grant("apigateway.amazonaws.com", INVOKE, "${AuthorizerFunction.live}", f"{API}/authorizers/*"),
    Grant("events.amazonaws.com", INVOKE, "${InspectorFunction.live}",
          "${InspectorFunctionUpload.Arn}"),
    Grant("events.amazonaws.com", INVOKE, "${JobsFunction.live}",
          "${JobsFunctionEveryMinute.Arn}"),
    Grant("events.amazonaws.com", INVOKE, "${PublisherFunction.live}",
          "${PublisherFunctionEveryMinute.Arn}"),
    Grant("events.amazonaws.com", "sqs:SendMessage", "${FailedEvents.Arn}",
          "aws:SourceArn ArnEquals ${InspectorFunctionUpload.Arn} or"
          " ${PublisherFunctionEveryMinute.Arn} or ${JobsFunctionEveryMinute.Arn}"),
    Grant("cloudwatch.amazonaws.com", "sns:Publish", "${AlarmTopic}",
          "aws:SourceAccount StringEquals ${AWS::AccountId}"),
    Grant("cloudfront.amazonaws.com", "s3:GetObject", "${MediaBucket.Arn}/media/*",
          f"aws:SourceArn StringEquals {CDN}"),
    Grant("cloudfront.amazonaws.com", "s3:GetObject", "${SiteBucket.Arn}/*",
          f"aws:SourceArn StringEquals {CDN}"),
    Grant("cloudfront.amazonaws.com", "s3:ListBucket", "${SiteBucket.Arn}",
          f"aws:SourceArn StringEquals {CDN}"),
}  # fmt: skip


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return template_resources()


@pytest.fixture(scope="module")
def found(resources: dict[str, Any]) -> dict[str, ActionsByResource]:
    return roles(resources)


def test_each_role_has_exactly_the_rights_it_needs(found: dict[str, ActionsByResource]) -> None:
    assert found == ROLES


def test_no_function_exceeds_the_boundary(resources: dict[str, Any]) -> None:
    for function in FUNCTIONS:
        role = resources[f"{function}Role"]["Properties"]
        assert role["PermissionsBoundary"] == {"Ref": "FunctionsBoundary"}


def test_other_grants_are_exactly_the_expected_ones(resources: dict[str, Any]) -> None:
    others = grants(resources)
    assert {grant for grant in others if not ROUTE.fullmatch(grant.source)} == GRANTS
    routes = [(grant.resource, grant.source.partition("/*/")[2]) for grant in others
              if ROUTE.fullmatch(grant.source)]  # fmt: skip
    declared = read_deployment(TEMPLATE, PARAMETERS).routes
    assert sorted(routes) == sorted(
        (f"${{{one.function}.live}}", one.method + re.sub(r"\{\w+\+?\}", "*", one.resource))
        for one in declared
        if one.function
    )
    assert {grant.service for grant in others if ROUTE.fullmatch(grant.source)} == {
        "apigateway.amazonaws.com"
    }


def statement(**members: Any) -> dict[str, Any]:
    return {"PolicyDocument": {"Statement": [{"Effect": "Allow", **members}]}}


ANYONE = {"Principal": "*", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    "planted",
    [
        *({"Type": f"AWS::IAM::{kind}", "Properties": {}}
          for kind in ("Policy", "ManagedPolicy", "RolePolicy", "User")),
        {"Type": "AWS::DynamoDB::Table", "Properties": {"ResourcePolicy": statement(**ANYONE)}},
        {"Type": "AWS::Lambda::LayerVersionPermission", "Properties": {"Principal": "*"}},
        {"Type": "AWS::Logs::ResourcePolicy",
         "Properties": {"PolicyDocument": '{"Statement": [{"Effect": "Allow"}]}'}},
        {"Type": "AWS::SNS::TopicPolicy", "Properties": statement(**ANYONE)},
        {"Type": "AWS::SNS::TopicPolicy",
         "Properties": statement(**{**ANYONE, "Principal": {"AWS": "123456789012"}})},
    ],
)  # fmt: skip
def test_an_unexpected_grant_is_an_error(planted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Planted|plain grant"):
        grants({"Planted": planted})


def test_a_boundary_grants_no_rights(resources: dict[str, Any]) -> None:
    boundary = resources["FunctionsBoundary"]
    attached = {"Properties": {**boundary["Properties"], "Roles": [{"Ref": "PublicFunctionRole"}]}}
    with pytest.raises(ValueError, match="FunctionsBoundary"):
        grants({**resources, "FunctionsBoundary": boundary | attached})


@pytest.mark.parametrize("policy", ["FailedEventsPolicy", "MediaBucketPolicy", "SiteBucketPolicy"])
def test_requests_without_tls_are_denied(resources: dict[str, Any], policy: str) -> None:
    properties = resources[policy]["Properties"]
    allowed = [one for one in statements(properties["PolicyDocument"]) if one["Effect"] == "Allow"]
    open_ = {"Properties": {**properties, "PolicyDocument": {"Statement": allowed}}}
    with pytest.raises(ValueError, match=f"{policy} .* without TLS"):
        grants({**resources, policy: resources[policy] | open_})


def test_a_right_outside_the_boundary_is_reported(resources: dict[str, Any]) -> None:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Policies": [statement(Action="dynamodb:Scan", Resource="${BlogTable.Arn}")],
            "PermissionsBoundary": {"Ref": "FunctionsBoundary"},
        },
    }
    with pytest.raises(ValueError, match="dynamodb:Scan"):
        roles({"Planted": role, "FunctionsBoundary": resources["FunctionsBoundary"]})


def test_the_public_function_writes_only_its_log(
    found: dict[str, ActionsByResource],
) -> None:
    actions = {action for allowed in found["PublicFunctionRole"].values() for action in allowed}
    is_reading = re.compile(r"dynamodb:(BatchGet|Get|Query)\w*|s3:Get\w+")
    assert {action for action in actions if not is_reading.fullmatch(action)} == LOG
