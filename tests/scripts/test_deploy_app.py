"""`make deploy-app`: what the app is built with, and how its files are put up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.release.deploy import CannotDeploy
from scripts.release.deploy_app import upload, variables

BUCKET = "the-app"


def stack(outputs: dict[str, str] | None = None, **parameters: str) -> dict[str, Any]:
    """As CloudFormation tells of one."""
    told = {
        "SiteAddress": "https://d111111abcdef8.cloudfront.net",
        "SiteBucketName": BUCKET,
        "MediaOrigin": "https://pictures.s3.eu-central-1.amazonaws.com",
    }
    given = {
        "Auth0Domain": "tenant.example.com",
        "Auth0Issuer": "",
        "Auth0Audience": "https://blog.example.com/api",
        "Auth0ClientIds": "",
        "SiteDomain": "",
    }
    return {
        "Outputs": [
            {"OutputKey": key, "OutputValue": value}
            for key, value in (told if outputs is None else outputs).items()
        ],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in {**given, **parameters}.items()
        ],
    }


def test_the_app_is_built_for_what_is_deployed() -> None:
    assert variables(stack(), "spa") == {
        "VITE_API_URL": "https://d111111abcdef8.cloudfront.net/v1",
        "VITE_MEDIA_ORIGIN": "https://pictures.s3.eu-central-1.amazonaws.com",
        "VITE_AUTH0_DOMAIN": "tenant.example.com",
        "VITE_AUTH0_CLIENT_ID": "spa",
        "VITE_AUTH0_AUDIENCE": "https://blog.example.com/api",
    }


def test_its_own_domain_issuer_and_client_are_the_stacks() -> None:
    found = variables(
        stack(
            SiteDomain="blog.example.com",
            Auth0Domain="",
            Auth0Issuer="https://login.example.com/,https://old.example.com/",
            Auth0ClientIds="the-spa,another",
        ),
        "",
    )
    assert found["VITE_API_URL"] == "https://blog.example.com/v1"
    assert found["VITE_AUTH0_DOMAIN"] == "https://login.example.com"
    assert found["VITE_AUTH0_CLIENT_ID"] == "the-spa"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(CannotDeploy, match="Cdn=on"):
        variables(stack(outputs={}), "spa")
    with pytest.raises(CannotDeploy, match="CLIENT_ID"):
        variables(stack(), "")


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket=BUCKET)
        yield made


def test_files_are_kept_for_as_long_as_they_stay_what_they_are(client: Any, tmp_path: Path) -> None:
    for name in ("index.html", "icon.svg", "headers.json", "assets/index-B1.js", "assets/s.css"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    asked: list[str] = []
    client.meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: asked.append(params["Key"])
    )
    assert upload(tmp_path, BUCKET, client) == 4
    assert set(asked[:2]) == {"assets/index-B1.js", "assets/s.css"}
    assert asked[-1] == "index.html", "which names the others"
    kept = {name: client.get_object(Bucket=BUCKET, Key=name) for name in asked}
    assert {name: (one["ContentType"], one["CacheControl"]) for name, one in kept.items()} == {
        "index.html": ("text/html", "no-cache"),
        "icon.svg": ("image/svg+xml", "no-cache"),
        "assets/index-B1.js": ("text/javascript", "public, max-age=31536000, immutable"),
        "assets/s.css": ("text/css", "public, max-age=31536000, immutable"),
    }
