"""Create the transformed template with moto's CloudFormation.

Resources that moto does not know are left out, and the tests count them. moto does not know aliases
of functions, so references to an alias name its function here.
"""

import io
import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any

import boto3
from moto.cloudformation.parsing import resource_class_from_type

from devserver.settings import TEMPLATE
from devserver.template.intrinsics import Resolver
from devserver.template.sam import transformed

STACK = "blog"
REGION = "us-east-1"
_BUCKET_OF_ARTIFACTS = "local"
# moto does not read an API from its Body, and deploys no API without methods.
_TAKES_NO_BODY = ("AWS::ApiGateway::Deployment",)


def template(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the template after SAM's transform.

    Resources that moto does not know are left out, and everything that refers to them.
    """
    document = transformed(TEMPLATE, parameters)
    text = re.sub(
        r'\{"Ref": "(\w+Function)Aliaslive"\}',
        r'{"Fn::GetAtt": ["\1", "Arn"]}',
        json.dumps(document),
    )
    document = json.loads(re.sub(r"\$\{(\w+Function)Aliaslive\}", r"${\1.Arn}", text))
    document["Resources"] = _without_no_value(document["Resources"], Resolver(document, parameters))
    for one in document["Resources"].values():
        one.pop("DependsOn", None)
    parts = {kind: document[kind] for kind in ("Resources", "Outputs")}
    unknown = {
        name
        for name, one in document["Resources"].items()
        if one["Type"] in _TAKES_NO_BODY or resource_class_from_type(one["Type"]) is None
    }
    while unknown:
        names = re.compile(rf"\b({'|'.join(unknown)})\b")
        parts = {
            kind: {name: one for name, one in several.items() if name not in unknown}
            for kind, several in parts.items()
        }
        unknown = {
            name
            for several in parts.values()
            for name, one in several.items()
            if names.search(json.dumps(one))
        }
    return {**document, **parts}


def _without_no_value(value: Any, resolver: Resolver) -> Any:
    """Remove the members of lists that a condition replaces by AWS::NoValue, which moto keeps."""
    if isinstance(value, dict):
        return {name: _without_no_value(member, resolver) for name, member in value.items()}
    if not isinstance(value, list):
        return value
    members = []
    for one in value:
        match one:
            case {"Fn::If": [str(name), met, {"Ref": "AWS::NoValue"}]}:
                members += [met] if resolver.holds(name) else []
            case _:
                members.append(one)
    return [_without_no_value(one, resolver) for one in members]


def create(document: Mapping[str, Any], parameters: Mapping[str, str], stack: str = STACK) -> Any:
    """Create the stack inside moto's mock_aws, and return CloudFormation's client."""
    storage = boto3.client("s3", region_name=REGION)
    storage.create_bucket(Bucket=_BUCKET_OF_ARTIFACTS)  # us-east-1 accepts an existing bucket
    for key in _artifacts(document):
        storage.put_object(Bucket=_BUCKET_OF_ARTIFACTS, Key=key, Body=_empty_artifact())
    client = boto3.client("cloudformation", region_name=REGION)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse .* not supported by moto")
        client.create_stack(
            StackName=stack,
            TemplateBody=json.dumps(document),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
    return client


def _artifacts(document: Mapping[str, Any]) -> set[str]:
    found = (
        one.get("Properties", {}).get(member, {})
        for one in document["Resources"].values()
        for member in ("Code", "Content")
    )
    return {one["S3Key"] for one in found if "S3Key" in one}


def _empty_artifact() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("app.py", "")
    return body.getvalue()


def expected_types(document: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the types of all resources that exist with these parameters."""
    resolver = Resolver(dict(document), parameters)
    return {
        name: one["Type"]
        for name, one in document["Resources"].items()
        if resolver.holds(one.get("Condition"))
    }
