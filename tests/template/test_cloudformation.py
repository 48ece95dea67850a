"""The transformed template, created as a stack: its resources are what the template describes."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from devserver.settings import TEMPLATE
from devserver.template.deployment import read_deployment
from devserver.template.intrinsics import Resolver
from devserver.template.policies import PARAMETERS
from devserver.template.sam import transformed
from tests.support.cloudformation import REGION, create, expected_types, template

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
ALL_OPTIONS = {
    "AlarmEmail": "operator@example.com",
    "ApiCertificate": CERTIFICATE,
    "ApiDomain": "api.example.com",
    "AuthorizerConcurrency": "10",
    "Cdn": "on",
    "Firewall": "on",
    "PublicConcurrency": "10",
    "SiteCertificate": CERTIFICATE,
    "SiteDomain": "blog.example.com",
}
# Resources that only cfn-lint, checkov and the unit tests check. They also check properties that
# moto ignores: the table's recovery and expiry, and the access to buckets.
UNKNOWN_TO_MOTO = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::DomainName",
    "AWS::ApiGateway::Stage",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation",
}


class Stack:
    """A stack that was created, and the names of its resources."""

    def __init__(self, name: str, parameters: dict[str, str]) -> None:
        self.parameters = parameters
        self.document = template(parameters)
        client = create(self.document, parameters, name)
        (description,) = client.describe_stacks(StackName=name)["Stacks"]
        self.status: str = description["StackStatus"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in description["Outputs"]}
        found = client.describe_stack_resources(StackName=name)["StackResources"]
        self.names: dict[str, str] = {
            one["LogicalResourceId"]: one.get("PhysicalResourceId", "")
            for one in found
            if "LogicalResourceId" in one  # moto also lists resources without a logical id
        }


@pytest.fixture(scope="module")
def everything() -> Iterator[Stack]:
    """Create a stack with all options, for all tests that options do not affect."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        yield Stack("everything", {**PARAMETERS, **ALL_OPTIONS})


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]  # its stubs want literals


def test_all_resources_are_created_with_these_parameters(everything: Stack) -> None:
    assert everything.status == "CREATE_COMPLETE"
    assert (
        everything.names.keys() == expected_types(everything.document, everything.parameters).keys()
    )
    whole = transformed(TEMPLATE, everything.parameters)["Resources"]
    left_out = {name: one["Type"] for name, one in whole.items() if name not in everything.names}
    assert set(left_out.values()) == UNKNOWN_TO_MOTO


def test_all_other_resources_are_created_without_options() -> None:
    with mock_aws():
        plain = Stack("plain", PARAMETERS)
    assert plain.status == "CREATE_COMPLETE"
    assert plain.names.keys() == expected_types(plain.document, PARAMETERS).keys()
    assert "SiteBucket" not in plain.names


def test_the_table_has_its_keys_and_is_protected(everything: Stack) -> None:
    dynamodb, name = client("dynamodb"), everything.names["BlogTable"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert {one["AttributeName"]: one["KeyType"] for one in table["KeySchema"]} == {
        "pk": "HASH", "sk": "RANGE"
    }  # fmt: skip
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True


@pytest.mark.parametrize("bucket", ["MediaBucket", "SiteBucket"])
def test_buckets_are_encrypted(everything: Stack, bucket: str) -> None:
    s3, name = client("s3"), everything.names[bucket]
    encryption = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_functions_refer_to_the_created_resources(everything: Stack) -> None:
    functions = client("lambda")
    table, bucket = everything.names["BlogTable"], everything.names["MediaBucket"]
    for name, function in read_deployment(TEMPLATE, everything.parameters).functions.items():
        made = functions.get_function_configuration(FunctionName=everything.names[name])
        assert (made["Timeout"], made["MemorySize"]) == (function.timeout, function.memory)
        variables = made["Environment"]["Variables"]
        assert variables.keys() == function.environment.keys()
        assert variables.get("TABLE_NAME", table) == table
        assert variables.get("MEDIA_BUCKET", bucket) == bucket
        role = made["Role"].rpartition("/")[2]
        assert role == everything.names[f"{name}Role"]
        allowed = client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        assert bool(allowed) == (name != "AuthorizerFunction")
        boundary = client("iam").get_role(RoleName=role)["Role"]["PermissionsBoundary"]
        assert boundary["PermissionsBoundaryArn"] == everything.names["FunctionsBoundary"]


def test_logs_are_kept_for_the_configured_time(everything: Stack) -> None:
    groups = client("logs").describe_log_groups()["logGroups"]
    retention = {one["logGroupName"]: one["retentionInDays"] for one in groups}
    for name in ("FunctionLogs", "AccessLogs"):
        assert retention[everything.names[name]] == int(
            everything.parameters.get("LogRetentionDays", 30)
        )


def test_schedules_and_upload_events_are_created(everything: Stack) -> None:
    events = client("events")
    rules = {
        one["Name"]: one
        for one in events.list_rules()["Rules"]
        if one["Name"] in everything.names.values()
    }
    found = {
        target["Arn"].rpartition(":")[2]: (
            rule.get("ScheduleExpression"), json.loads(rule.get("EventPattern", "{}"))
        )
        for name, rule in rules.items()
        for target in events.list_targets_by_rule(Rule=name)["Targets"]
    }  # fmt: skip
    assert {name: expression for name, (expression, _) in found.items() if expression} == {
        everything.names["PublisherFunction"]: "rate(1 minute)",
        everything.names["JobsFunction"]: "rate(1 minute)",
    }
    _, pattern = found[everything.names["InspectorFunction"]]
    assert pattern["detail"]["bucket"]["name"] == [everything.names["MediaBucket"]]


def test_the_api_can_be_imported_with_all_its_methods(everything: Stack) -> None:
    api = everything.document["Resources"]["Api"]["Properties"]["Body"]
    resolver = Resolver(everything.document, everything.parameters)
    body = resolver.resolve(api)
    body["info"].setdefault("description", "The blog")
    for operations in body["paths"].values():
        for operation in operations.values():  # moto also wants an address for mock integrations
            operation["x-amazon-apigateway-integration"].setdefault("uri", "")
            operation["x-amazon-apigateway-integration"].setdefault("httpMethod", "POST")
    gateway = client("apigateway")
    made = gateway.import_rest_api(body=json.dumps(body).encode())
    several = gateway.get_resources(restApiId=made["id"], limit=500)["items"]
    imported = {
        (method, one["path"]) for one in several for method in one.get("resourceMethods", {})
    }
    routes = read_deployment(TEMPLATE, everything.parameters).routes
    assert imported == {(route.method, route.resource) for route in routes}
