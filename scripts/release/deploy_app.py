"""Build the app for a stage's stack and upload it: `make deploy-app STAGE=staging`.

CLIENT_ID   the application's client id at Auth0, unless the stack's Auth0ClientIds contains it

The pipeline runs the steps in separate jobs, because packages of npm must not run where the role's
credentials are:

variables STAGE       print the variables of the app's build as JSON
build FOLDER          build with the variables in APP_VARIABLES, as printed
upload STAGE FOLDER   upload the build

Files under assets/ have a digest in their names. They are uploaded first, and old ones are kept for
open pages. index.html is uploaded last, so that it never refers to a missing file. No visitor gets
it: the API reads it to link the app's files in its pages.
"""

import argparse
import json
import mimetypes
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from devserver.spa import SPA, missing_node, set_up
from scripts.release.stacks import CannotDeploy, deployed, outputs_of

CACHE_FOREVER = "public, max-age=31536000, immutable"
NO_CACHE = "no-cache"
NOT_UPLOADED = "headers.json"  # the template sets these headers


def variables(stack: Mapping[str, Any], client_id: str) -> dict[str, str]:
    """Return the variables of the app's build, from a described stack and a client id.

    The client id may be empty. Raise CannotDeploy if the stack lacks CloudFront or a client id.
    """
    outputs = outputs_of(stack)
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    if "SiteBucketName" not in outputs:
        raise CannotDeploy("the stack has no CloudFront: deploy it with Cdn=on")
    client = client_id or parameters.get("Auth0ClientIds", "").partition(",")[0]
    if not client:
        raise CannotDeploy("CLIENT_ID is missing: the app's client id at Auth0")
    domain = parameters.get("SiteDomain")
    site = f"https://{domain}" if domain else outputs["SiteAddress"]
    issuer = parameters.get("Auth0Issuer", "").partition(",")[0].rstrip("/")
    return {
        "VITE_API_URL": f"{site}/v1",
        "VITE_MEDIA_ORIGIN": outputs["MediaOrigin"],
        "VITE_AUTH0_DOMAIN": parameters.get("Auth0Domain") or issuer,
        "VITE_AUTH0_CLIENT_ID": client,
        "VITE_AUTH0_AUDIENCE": parameters["Auth0Audience"],
    }


def upload(folder: Path, bucket: str, client: Any) -> int:
    """Upload a build to a bucket; return the number of files."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    names = [name for name in names if name != NOT_UPLOADED]
    for name in sorted(
        names, key=lambda name: (not name.startswith("assets/"), name == "index.html")
    ):
        kind, _ = mimetypes.guess_type(name)
        client.put_object(
            Bucket=bucket,
            Key=name,
            Body=(folder / name).read_bytes(),
            ContentType=kind or "application/octet-stream",
            CacheControl=CACHE_FOREVER if name.startswith("assets/") else NO_CACHE,
        )
    return len(names)


def checked_variables(text: str) -> dict[str, str]:
    """Return the variables in a JSON text. Raise CannotDeploy if it has another form."""
    try:
        found = json.loads(text)
    except ValueError as e:
        raise CannotDeploy("APP_VARIABLES must be the output of make app-variables") from e
    if not isinstance(found, dict) or not all(
        re.fullmatch("VITE_[A-Z0-9_]+", name) and isinstance(value, str)
        for name, value in found.items()
    ):
        raise CannotDeploy("APP_VARIABLES may contain only texts whose names begin with VITE_")
    return found


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what gives access to AWS or to GitHub's tokens."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AWS_", "ACTIONS_ID_TOKEN_"))
    }


def build(folder: Path, app_variables: Mapping[str, str]) -> None:
    """Build the app into a folder. Raise CannotDeploy if that fails."""
    if missing := missing_node():
        raise CannotDeploy(missing)
    commands = [
        *set_up(),
        ["npm", "run", "build", "--", "--outDir", str(folder.resolve()), "--emptyOutDir"],
    ]
    for command in commands:
        result = subprocess.run(
            command,
            cwd=SPA,
            env={**without_credentials(os.environ), **app_variables},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if result.returncode:
            raise CannotDeploy(f"`{' '.join(command)}` failed")


def _variables_of(stage: str) -> dict[str, str]:
    return variables(deployed(stage), os.environ.get("CLIENT_ID", ""))


def _upload(stage: str, folder: Path) -> None:
    if not (folder / "index.html").is_file():
        raise CannotDeploy(f"there is no build of the app in {folder}: run make build-app")
    outputs = outputs_of(deployed(stage))
    count = upload(folder, outputs["SiteBucketName"], boto3.client("s3"))
    print(f"{count} files are uploaded to {outputs['SiteAddress']}")


def _run(arguments: argparse.Namespace) -> None:
    if arguments.step == "variables":
        print(json.dumps(_variables_of(arguments.stage)))
    elif arguments.step == "build":
        build(arguments.folder, checked_variables(os.environ.get("APP_VARIABLES", "")))
    elif arguments.step == "upload":
        _upload(arguments.stage, arguments.folder)
    else:
        with tempfile.TemporaryDirectory() as name:
            build(Path(name), _variables_of(arguments.stage))
            _upload(arguments.stage, Path(name))


def main() -> int:
    """Run the steps that the arguments name; return the exit code."""
    parser = argparse.ArgumentParser()
    steps = parser.add_subparsers(dest="step", required=True)
    for step in ("all", "variables", "build", "upload"):
        subparser = steps.add_parser(step)
        if step != "build":
            subparser.add_argument("stage")
        if step in ("build", "upload"):
            subparser.add_argument("folder", type=Path)
    try:
        _run(parser.parse_args())
    except (CannotDeploy, BotoCoreError, ClientError) as e:
        sys.stderr.write(f"make deploy-app: {e}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
