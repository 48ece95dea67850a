"""Least privilege: what each role of the deployment may do, as docs/roles.md prints it."""

import re
from typing import Any

import pytest

from scripts.roles import MANAGED, Rights, roles, roles_of

LOG = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
READ = {"BatchGetItem", "GetItem", "Query"}
WRITE = {"ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
FAILURES = {"${FailedEvents.Arn}": {"sqs:SendMessage"}}


def on_table(actions: set[str], **folders: set[str]) -> Rights:
    """What a function may do beside writing its log; `bucket` is the bucket itself."""
    found = {"*": LOG}
    if actions:
        found["${BlogTable.Arn}"] = {f"dynamodb:{one}" for one in actions}
    for folder, allowed in folders.items():
        name = "${MediaBucket.Arn}" if folder == "bucket" else f"${{MediaBucket.Arn}}/{folder}/*"
        found[name] = {f"s3:{one}" for one in allowed}
    return found


FUNCTIONS = [
    f"{name}Function"
    for name in (
        "Account", "Authorizer", "Comments", "Inspector", "Jobs", "Media", "Moderation", "Posts",
        "Public", "Publisher", "Reactions",
    )
]  # fmt: skip
MOVE_ALIAS = {"lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"}
ROLES: dict[str, Rights] = {
    "AuthorizerFunctionRole": on_table(set()),
    "PublicFunctionRole": on_table(READ, media={"GetObject"}),
    "PostsFunctionRole": on_table(READ | WRITE),
    "AccountFunctionRole": on_table(
        {"BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"},
        exports={"GetObject"},
    ),
    "CommentsFunctionRole": on_table({"BatchGetItem", "Query"} | WRITE),
    "ReactionsFunctionRole": on_table(READ | WRITE),
    "ModerationFunctionRole": on_table({"BatchGetItem", "Query"} | WRITE),
    "MediaFunctionRole": on_table(
        {"ConditionCheckItem", "PutItem", "UpdateItem"}, uploads={"PutObject"}
    ),
    "InspectorFunctionRole": FAILURES
    | on_table(
        {"ConditionCheckItem", "GetItem", "UpdateItem"},
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


@pytest.fixture(scope="module")
def found() -> dict[str, Rights]:
    return roles()


def test_a_role_may_do_what_it_needs_and_no_more(found: dict[str, Rights]) -> None:
    assert found == ROLES


@pytest.mark.parametrize(
    "planted",
    [
        {"Type": f"AWS::IAM::{kind}", "Properties": {}}
        for kind in ("Policy", "ManagedPolicy", "RolePolicy")
    ]
    + [{"Type": "AWS::DynamoDB::Table", "Properties": {"ResourcePolicy": {}}}],
)
def test_no_right_is_given_beside_the_roles(planted: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not by Planted"):
        roles_of({"Planted": planted})


def test_what_the_anonymous_internet_reaches_writes_nothing_but_its_log(
    found: dict[str, Rights],
) -> None:
    actions = {action for allowed in found["PublicFunctionRole"].values() for action in allowed}
    is_reading = re.compile(r"dynamodb:(BatchGet|Get|Query)\w*|s3:Get\w+")
    assert {action for action in actions if not is_reading.fullmatch(action)} == LOG
