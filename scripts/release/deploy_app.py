"""`make deploy-app STAGE=staging`: the app, built for a stage's stack and put where its CloudFront
finds it.

CLIENT_ID   the application's client id at Auth0, where the stack's Auth0ClientIds does not name it

Files under assets/ hold a digest in their names: they are uploaded first and kept, for the sake of
pages that are open; index.html is last, so that it never names a file that is not there.
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
from scripts.release.deploy import CannotDeploy
from scripts.release.stacks import deployed, outputs_of

FOR_EVER = "public, max-age=31536000, immutable"
NOT_AT_ALL = "no-cache"
NOT_FOR_THE_SITE = "headers.json"  # the template sends what it asks for


def variables(stack: Mapping[str, Any], client_id: str) -> dict[str, str]:
    """What the app is built with, from what CloudFormation tells of a stack and a client id, which
    may be empty. Raises CannotDeploy."""
    outputs = outputs_of(stack)
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    if "SiteBucketName" not in outputs:
        raise CannotDeploy("the stack has no CloudFront for the app: deploy it with Cdn=on")
    client = client_id or given.get("Auth0ClientIds", "").partition(",")[0]
    if not client:
        raise CannotDeploy("CLIENT_ID is missing: the app's client id at Auth0")
    domain = given.get("SiteDomain")
    site = f"https://{domain}" if domain else outputs["SiteAddress"]
    issuer = given.get("Auth0Issuer", "").partition(",")[0].rstrip("/")
    return {
        "VITE_API_URL": f"{site}/v1",
        "VITE_MEDIA_ORIGIN": outputs["MediaOrigin"],
        "VITE_AUTH0_DOMAIN": given.get("Auth0Domain") or issuer,
        "VITE_AUTH0_CLIENT_ID": client,
        "VITE_AUTH0_AUDIENCE": given["Auth0Audience"],
    }


def upload(folder: Path, bucket: str, client: Any) -> int:
    """Put a build into a bucket; the number of files."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    names = [name for name in names if name != NOT_FOR_THE_SITE]
    for name in sorted(
        names, key=lambda name: (not name.startswith("assets/"), name == "index.html")
    ):
        kind, _ = mimetypes.guess_type(name)
        client.put_object(
            Bucket=bucket,
            Key=name,
            Body=(folder / name).read_bytes(),
            ContentType=kind or "application/octet-stream",
            CacheControl=FOR_EVER if name.startswith("assets/") else NOT_AT_ALL,
        )
    return len(names)


def _build(folder: Path, wanted: Mapping[str, str]) -> None:
    if missing := missing_node():
        raise CannotDeploy(missing)
    commands = [*set_up(), ["npm", "run", "build", "--", "--outDir", str(folder), "--emptyOutDir"]]
    for command in commands:
        result = subprocess.run(
            command, cwd=SPA, env={**os.environ, **wanted}, stdin=subprocess.DEVNULL, check=False
        )
        if result.returncode:
            raise CannotDeploy(f"`{' '.join(command)}` failed")


def main() -> int:
    """Build and upload."""
    try:
        stack = deployed(sys.argv[1])
        wanted = variables(stack, os.environ.get("CLIENT_ID", ""))
        outputs = outputs_of(stack)
        with tempfile.TemporaryDirectory() as name:
            _build(Path(name), wanted)
            count = upload(Path(name), outputs["SiteBucketName"], boto3.client("s3"))
        print(f"{count} files are at {wanted['VITE_API_URL'].removesuffix('/v1')}")
    except (CannotDeploy, BotoCoreError, ClientError) as e:
        sys.stderr.write(f"make deploy-app: {e}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
