"""`make deploy-app`: the build's settings of the app, and the upload of its files."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from scripts.release.deploy_app import build, checked_variables, main, upload, variables
from scripts.release.stacks import CannotDeploy

BUCKET = "the-app"


def stack(outputs: dict[str, str] | None = None, **parameters: str) -> dict[str, Any]:
    """Return a stack as CloudFormation describes it."""
    default_outputs = {
        "SiteAddress": "https://d111111abcdef8.cloudfront.net",
        "SiteBucketName": BUCKET,
        "MediaOrigin": "https://pictures.s3.eu-central-1.amazonaws.com",
    }
    default_parameters = {
        "Auth0Domain": "tenant.example.com",
        "Auth0Issuer": "",
        "Auth0Audience": "https://blog.example.com/api",
        "Auth0ClientIds": "",
        "SiteDomain": "",
    }
    return {
        "Outputs": [
            {"OutputKey": key, "OutputValue": value}
            for key, value in (default_outputs if outputs is None else outputs).items()
        ],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in {**default_parameters, **parameters}.items()
        ],
    }


def test_the_app_is_built_for_the_deployed_stack() -> None:
    assert variables(stack(), "spa") == {
        "VITE_API_URL": "https://d111111abcdef8.cloudfront.net/v1",
        "VITE_MEDIA_ORIGIN": "https://pictures.s3.eu-central-1.amazonaws.com",
        "VITE_AUTH0_DOMAIN": "tenant.example.com",
        "VITE_AUTH0_CLIENT_ID": "spa",
        "VITE_AUTH0_AUDIENCE": "https://blog.example.com/api",
    }


def test_the_app_uses_the_stacks_domain_issuer_and_client() -> None:
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


def test_a_missing_output_is_named() -> None:
    with pytest.raises(CannotDeploy, match="Cdn=on"):
        variables(stack(outputs={}), "spa")
    with pytest.raises(CannotDeploy, match="CLIENT_ID"):
        variables(stack(), "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "output of make app-variables"),
        ("VITE_API_URL=x", "output of make app-variables"),
        ("[]", "begin with VITE_"),
        ('{"NODE_OPTIONS": "--require x"}', "begin with VITE_"),
        ('{"VITE_API_URL": 1}', "begin with VITE_"),
    ],
)
def test_variables_that_the_stack_does_not_have_are_refused(text: str, reason: str) -> None:
    with pytest.raises(CannotDeploy, match=reason):
        checked_variables(text)
    printed = json.dumps(variables(stack(), "spa"))
    assert checked_variables(printed) == variables(stack(), "spa")


def test_packages_of_npm_get_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, text in (("node", "echo v22.12.0"), ("npm", "env")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "must-not-leak")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "must-not-leak")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "must-not-leak")
    build(tmp_path / "app", {"VITE_API_URL": "https://blog.example.com/v1"})
    printed = capfd.readouterr().out
    assert "VITE_API_URL=https://blog.example.com/v1" in printed
    assert "must-not-leak" not in printed


def test_without_a_build_nothing_is_uploaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["deploy_app", "upload", "staging", str(tmp_path)])
    assert main() == 1
    assert "run make build-app" in capsys.readouterr().err


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket=BUCKET)
        yield made


def test_files_are_cached_for_as_long_as_they_cannot_change(client: Any, tmp_path: Path) -> None:
    for name in ("index.html", "icon.svg", "headers.json", "assets/index-B1.js", "assets/s.css"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    asked: list[str] = []
    client.meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: asked.append(params["Key"])
    )
    assert upload(tmp_path, BUCKET, client) == 4
    assert set(asked[:2]) == {"assets/index-B1.js", "assets/s.css"}
    assert asked[-1] == "index.html", "it refers to the others"
    objects = {name: client.get_object(Bucket=BUCKET, Key=name) for name in asked}
    assert {name: (one["ContentType"], one["CacheControl"]) for name, one in objects.items()} == {
        "index.html": ("text/html", "no-cache"),
        "icon.svg": ("image/svg+xml", "no-cache"),
        "assets/index-B1.js": ("text/javascript", "public, max-age=31536000, immutable"),
        "assets/s.css": ("text/css", "public, max-age=31536000, immutable"),
    }
