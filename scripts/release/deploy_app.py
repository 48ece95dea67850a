"""Build the app for a stage's stack and upload it: `make deploy-app STAGE=staging`.

CLIENT_ID   the application's client id at Auth0, unless the stack's Auth0ClientIds contains it

Files under assets/ have a digest in their names. They are uploaded first, and old ones are kept for
open pages. index.html is uploaded last, so that it never refers to a missing file.
"""

import mimetypes
import os
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


def _build(folder: Path, environment: Mapping[str, str]) -> None:
    if missing := missing_node():
        raise CannotDeploy(missing)
    commands = [*set_up(), ["npm", "run", "build", "--", "--outDir", str(folder), "--emptyOutDir"]]
    for command in commands:
        result = subprocess.run(
            command,
            cwd=SPA,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if result.returncode:
            raise CannotDeploy(f"`{' '.join(command)}` failed")


def main() -> int:
    """Build and upload the app; return the exit code."""
    try:
        stack = deployed(sys.argv[1])
        environment = variables(stack, os.environ.get("CLIENT_ID", ""))
        outputs = outputs_of(stack)
        with tempfile.TemporaryDirectory() as name:
            _build(Path(name), environment)
            count = upload(Path(name), outputs["SiteBucketName"], boto3.client("s3"))
        print(f"{count} files are uploaded to {environment['VITE_API_URL'].removesuffix('/v1')}")
    except (CannotDeploy, BotoCoreError, ClientError) as e:
        sys.stderr.write(f"make deploy-app: {e}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
