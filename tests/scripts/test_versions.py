"""Old versions of functions are deleted after a deployment, and those in use are kept."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from scripts.release import versions
from scripts.release.versions import clean_up, delete_old_versions, functions_of

STACK = "blog-staging"
FUNCTION = f"{STACK}-PostsFunction"


def package(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("app.py", text)
    return content.getvalue()


@pytest.fixture
def function() -> Iterator[Any]:
    """Create a function without versions."""
    with mock_aws():
        role = boto3.client("iam").create_role(
            RoleName="role", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"})
        )["Role"]["Arn"]
        client = boto3.client("lambda")
        client.create_function(
            FunctionName=FUNCTION,
            Role=role,
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": package("")},
        )
        yield client


def publish(client: Any, count: int) -> None:
    for number in range(count):
        client.update_function_code(FunctionName=FUNCTION, ZipFile=package(str(number)))
        client.publish_version(FunctionName=FUNCTION)


def remaining(client: Any) -> list[str]:
    found = client.list_versions_by_function(FunctionName=FUNCTION)["Versions"]
    return [one["Version"] for one in found]


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        (0, []),
        (2, ["1", "2"]),
        (3, ["1", "2", "3"]),
        (4, ["2", "3", "4"]),
        (12, ["10", "11", "12"]),
    ],
)
def test_the_last_three_versions_stay(function: Any, count: int, kept: list[str]) -> None:
    publish(function, count)
    assert delete_old_versions(FUNCTION, function) == count - len(kept)
    assert remaining(function) == ["$LATEST", *kept]


def test_a_version_that_an_alias_uses_stays(function: Any) -> None:
    publish(function, 6)
    function.create_alias(
        FunctionName=FUNCTION,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )
    assert delete_old_versions(FUNCTION, function) == 1
    assert remaining(function) == ["$LATEST", "1", "2", "4", "5", "6"]


def test_only_functions_of_the_stack_are_touched() -> None:
    with mock_aws():
        template = {
            "Resources": {
                "Topic": {"Type": "AWS::SNS::Topic"},
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17"}},
                },
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "FunctionName": FUNCTION,
                        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Runtime": "python3.13",
                        "Handler": "index.handler",
                        "Code": {"ZipFile": "handler = None"},
                    },
                },
            }
        }
        client = boto3.client("cloudformation")
        client.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
        assert list(functions_of(STACK, client)) == [FUNCTION]


def test_an_error_does_not_fail_the_deployment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "operation")

    monkeypatch.setattr(versions, "functions_of", refused)
    clean_up(STACK)
    printed = capsys.readouterr().err
    assert "AccessDenied" in printed
    assert "secret" not in printed
