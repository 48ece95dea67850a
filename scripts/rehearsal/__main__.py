"""Rehearse a deployment on this machine: `make rehearse`.

The real SAM CLI deploys the build through scripts/release/deploy.py, but to MiniStack, an emulator
of AWS. Then users send requests through its API Gateway and our authorizer to the built functions.
A second build is deployed, and the stack is deleted.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devserver.settings import ROOT
from devserver.startup import running_issuer
from scripts.rehearsal.engine import Engine, RehearsalError, running_engine
from scripts.rehearsal.gaps import check_gaps
from scripts.rehearsal.template import architecture, gateway_responses, rehearsal_template
from scripts.rehearsal.visits import before_gateway_responses, still_there, visit_all
from scripts.release.stacks import name_of, outputs_of

STAGE = "staging"
KEY = "the-key-of-the-rehearsal'$#={}+\"letters"
AUDIENCE = "https://blog.example.com/api"


def main() -> int:
    """Rehearse with a build folder and MiniStack's command; return the exit code."""
    build, ministack = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).absolute()
    port, issuer_port = _free_port(), _free_port()
    try:
        with (
            tempfile.TemporaryDirectory() as name,
            running_engine(ministack, Path(name), port) as engine,
            running_issuer(f"http://localhost:{issuer_port}/", issuer_port),
        ):
            _rehearse(engine, build, Path(name), issuer_port)
    except RehearsalError as e:
        sys.stderr.write(f"make rehearse: {e}\n")
        return 1
    print("The rehearsal succeeded.")
    return 0


def _rehearse(engine: Engine, build: Path, folder: Path, issuer_port: int) -> None:
    stage = folder / "build"
    with _step("What MiniStack lacks"):
        check_gaps(engine)
    with _step("Deploy the build"):
        document = _deploy(engine, build, stage, "a", issuer_port)
        base, api = _address(engine)
    with _step("Send requests"):
        before_gateway_responses(base)
        _install_gateway_responses(engine, api, document)
        post_id = visit_all(base, *(_token(issuer_port, user) for user in ("alice", "bob")))
    with _step("Deploy a second build"):
        before = _versions(engine)
        _deploy(engine, build, stage, "b", issuer_port)
        after = _versions(engine)
        if same := [name for name in before if before[name] == after[name]]:
            raise RehearsalError(f"these functions got no new version: {', '.join(same)}")
        print(f"  all {len(after)} functions have a new version")
        still_there(base, post_id)
    with _step("Delete the stack"):
        _delete(engine)


@contextmanager
def _step(title: str) -> Iterator[None]:
    started = time.monotonic()
    print(title, flush=True)
    yield
    print(f"  done  in {time.monotonic() - started:.0f} s", flush=True)


def _deploy(
    engine: Engine, build: Path, stage: Path, letter: str, issuer_port: int
) -> dict[str, Any]:
    """Deploy a build that differs in one file of the blog layer; return its template."""
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(build, stage)
    (stage / "BlogLayer" / "python" / "rehearsal.txt").write_text(letter)
    document = rehearsal_template(stage, letter * 64)
    (stage / "template.yaml").write_text(json.dumps(document))
    values = (
        f"Architecture={architecture()} Auth0Issuer=http://localhost:{issuer_port}/ "
        f"Auth0Audience={AUDIENCE}"
    )
    result = subprocess.run(
        [sys.executable, "-m", "scripts.release.deploy", STAGE, str(stage)],
        cwd=ROOT,
        env=engine.environment(PARAMETERS=values, AUTHOR_ID_KEY=KEY),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or KEY in result.stdout + result.stderr:
        raise RehearsalError(f"SAM CLI failed:\n{result.stdout[-3000:]}{result.stderr[-1000:]}")
    print(f"  {len(document['Resources'])} resources are deployed by SAM CLI")
    return document


def _address(engine: Engine) -> tuple[str, str]:
    """Return the address of the deployed API, and its id."""
    client = engine.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=name_of(STAGE))["Stacks"]
    api = outputs_of(stack)["ApiUrl"].removeprefix("https://").partition(".")[0]
    return f"{engine.url}/restapis/{api}/v1/_user_request_", api


def _install_gateway_responses(engine: Engine, api: str, document: dict[str, Any]) -> None:
    gateway = engine.client("apigateway")
    responses = gateway_responses(document)
    for kind, response in responses.items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **response)
    gateway.create_deployment(restApiId=api, stageName="v1")
    print(f"  {len(responses)} gateway responses are installed by API")


def _token(issuer_port: int, user: str) -> str:
    """Return an access token of the local issuer."""
    result = subprocess.run(
        [sys.executable, "-m", "devserver.token"],
        cwd=ROOT,
        env={**os.environ, "ISSUER_PORT": str(issuer_port), "TOKEN_USER": user},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def _versions(engine: Engine) -> dict[str, str]:
    """Return the version of each function's alias `live`."""
    resources = engine.client("cloudformation").describe_stack_resources(StackName=name_of(STAGE))
    client = engine.client("lambda")
    return {
        one["LogicalResourceId"]: client.get_alias(
            FunctionName=one["PhysicalResourceId"], Name="live"
        )["FunctionVersion"]
        for one in resources["StackResources"]
        if one["ResourceType"] == "AWS::Lambda::Function"
    }


def _delete(engine: Engine) -> None:
    """Delete the stack. Raise RehearsalError if functions stay, or if the table goes."""
    client = engine.client("cloudformation")
    (table,) = engine.client("dynamodb").list_tables()["TableNames"]
    client.delete_stack(StackName=name_of(STAGE))
    client.get_waiter("stack_delete_complete").wait(
        StackName=name_of(STAGE), WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    left = [
        one["FunctionName"]
        for one in engine.client("lambda").list_functions()["Functions"]
        if one["FunctionName"].startswith(name_of(STAGE))
    ]
    if left or engine.client("dynamodb").list_tables()["TableNames"] != [table]:
        raise RehearsalError(f"functions stay, or the table does not: {left}")
    print("  the functions are deleted, and the table with all posts stays")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
