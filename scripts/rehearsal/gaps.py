"""Check that MiniStack still lacks what the rehearsal leaves out or does itself.

A gap that is closed is an error: then the rehearsal should stop working around it.
"""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import requests
from botocore.exceptions import ClientError

from scripts.rehearsal.engine import REGION, Engine, RehearsalError
from scripts.rehearsal.template import UNKNOWN_TYPES

_ECHO = """
import json
def handler(event, context):
    if event["path"].endswith("/empty"):
        return {"statusCode": 204, "body": None}
    return {"statusCode": 200, "body": json.dumps({"path": event["path"]})}
"""
_TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}


def check_gaps(engine: Engine) -> None:
    """Print each gap. Raise RehearsalError if one is closed."""
    echo = _echo_api(engine)
    gaps: dict[str, Callable[[], bool]] = {
        **{f"it does not know {kind}": _refuses(engine, kind) for kind in UNKNOWN_TYPES},
        "it knows no metric math in alarms": _refuses(
            engine,
            "AWS::CloudWatch::Alarm",
            {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "Metrics": [{"Id": "one", "Expression": "1 + 1"}],
            },
        ),
        "it decodes paths, which AWS does not": lambda: (
            requests.get(f"{echo}/c%23", timeout=30).json()["path"].endswith("/c#")
        ),
        "it crashes when a result has no body": lambda: (
            requests.get(f"{echo}/empty", timeout=30).status_code == 500
        ),
    }
    closed = [gap for gap, is_open in gaps.items() if not is_open()]
    for gap in gaps:
        print(f"  gap   {gap}: {'closed' if gap in closed else 'still open'}")
    if closed:
        raise RehearsalError(f"no longer true of MiniStack: {'; '.join(closed)}")


def _refuses(
    engine: Engine, kind: str, properties: dict[str, Any] | None = None
) -> Callable[[], bool]:
    def is_open() -> bool:
        """Return whether a stack with only this resource cannot be created."""
        client = engine.client("cloudformation")
        name = "gap-" + kind.replace("::", "-")
        template = {"Resources": {"One": {"Type": kind, "Properties": properties or {}}}}
        try:
            client.create_stack(StackName=name, TemplateBody=json.dumps(template))
            client.get_waiter("stack_create_complete").wait(
                StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
            )
        except ClientError:
            return True
        except Exception as e:  # noqa: BLE001 - the waiter's own error says that creation failed
            return "StackCreateComplete" in str(e)
        return False

    return is_open


def _echo_api(engine: Engine) -> str:
    """Create an API that returns the path of its event; return its address."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", _ECHO)
    role = engine.client("iam").create_role(
        RoleName="echo", AssumeRolePolicyDocument=json.dumps(_TRUST)
    )
    function = engine.client("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )
    gateway = engine.client("apigateway")
    api = gateway.create_rest_api(name="echo")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    place = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    uri = (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
        f"{function['FunctionArn']}/invocations"
    )
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="test")
    return f"{engine.url}/restapis/{api}/test/_user_request_"
