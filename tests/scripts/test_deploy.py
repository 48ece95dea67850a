"""`make deploy`: the arguments of SAM CLI, and when functions get a new version."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.release.deploy import digest, parameters, settings
from scripts.release.stacks import CannotDeploy
from tests.support.samples import ROOT

CONFIG = """
[staging.deploy.parameters]
stack_name = "blog-staging"
parameter_overrides = ["DeploymentType=AllAtOnce", "SiteUrl=https://a.example"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "samconfig.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    for name in ("template.yaml", "PostsFunction/app.py", "BlogLayer/python/blog/posts.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_the_environment_overrides_the_file(config: Path) -> None:
    environment = {"PARAMETERS": "SiteUrl=https://b.example AllowedOrigin='*'"}
    environment["AUTHOR_ID_KEY"] = "k" * 32
    assert parameters("staging", config, environment) == {
        "DeploymentType": "AllAtOnce",
        "SiteUrl": "https://b.example",
        "AllowedOrigin": "*",
        "AuthorIdKey": "k" * 32,
    }


def test_a_missing_secret_is_left_unchanged(config: Path) -> None:
    assert "AuthorIdKey" not in parameters("staging", config, {"AUTHOR_ID_KEY": ""})


@pytest.mark.parametrize(
    ("stage", "overrides", "named"),
    [("nowhere", "", "nowhere"), ("staging", "SiteUrl", "SiteUrl"), ("staging", "=x", "not ")],
)
def test_an_invalid_setting_is_named(config: Path, stage: str, overrides: str, named: str) -> None:
    with pytest.raises(CannotDeploy, match=named):
        parameters(stage, config, {"PARAMETERS": overrides})


def test_each_stage_of_the_project_can_be_deployed() -> None:
    for stage in ("staging", "production"):
        assert parameters(stage, ROOT / "samconfig.toml", {})


def test_every_change_gives_another_digest(build: Path) -> None:
    overrides = {"SiteUrl": "https://a.example"}
    seen = {digest(build, overrides)}
    assert digest(build, overrides) in seen, "the same input gives the same digest"
    assert digest(build, {**overrides, "AuthorIdKey": "k" * 32}) in seen, (
        "a secret does not change the digest"
    )
    seen.add(digest(build, {"SiteUrl": "https://b.example"}))
    (build / "BlogLayer" / "python" / "blog" / "posts.py").write_text("another")
    seen.add(digest(build, overrides))
    (build / "PostsFunction" / "app.py").rename(build / "PostsFunction" / "other.py")
    seen.add(digest(build, overrides))
    (build / "PostsFunction" / "empty.py").touch()
    seen.add(digest(build, overrides))
    assert len(seen) == 5


def test_a_deployment_without_a_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotDeploy, match="make build"):
        digest(tmp_path, {})


def test_sams_settings_contain_all_parameters_and_the_digest(config: Path, build: Path) -> None:
    overrides = {"AllowedOrigin": "*"}
    stages = tomllib.loads(settings("staging", config, build, overrides))
    assert stages == {
        "version": 0.1,
        "staging": {
            "deploy": {
                "parameters": {
                    "stack_name": "blog-staging",
                    "parameter_overrides": [
                        'AllowedOrigin="*"',
                        f'ArtifactsDigest="{digest(build, overrides)}"',
                    ],
                }
            }
        },
    }


def test_cloudformation_uses_its_own_role_if_there_is_one(config: Path, build: Path) -> None:
    role = "arn:aws:iam::123456789012:role/stack"
    for overrides, expected in ((role, role), ("", None)):
        stages = tomllib.loads(settings("staging", config, build, {}, role=overrides))
        assert stages["staging"]["deploy"]["parameters"].get("role_arn") == expected


def test_a_secret_with_any_characters_reaches_sam_unchanged(config: Path, build: Path) -> None:
    stages = tomllib.loads(settings("staging", config, build, {"AuthorIdKey": "k'k\"k k$k"}))
    overrides = stages["staging"]["deploy"]["parameters"]["parameter_overrides"]
    assert 'AuthorIdKey="k\'k\\"k k$k"' in overrides
    with pytest.raises(CannotDeploy, match="backslash"):
        settings("staging", config, build, {"AuthorIdKey": "k\\k"})


def test_a_secret_is_in_no_process_list_and_in_no_file_that_remains(
    tmp_path: Path, build: Path
) -> None:
    (tmp_path / "sam").write_text(
        f"#!{sys.executable}\n"
        "import os, pathlib, sys\n"
        "file = pathlib.Path(sys.argv[sys.argv.index('--config-file') + 1])\n"
        "print(oct(file.stat().st_mode)[-3:], 'kkkk' in file.read_text(), sys.argv[1:], file)\n"
        "print('environment', 'AUTHOR_ID_KEY' in os.environ)\n"
        "sys.exit(7)\n"
    )
    (tmp_path / "sam").chmod(0o755)
    result = subprocess.run(
        [sys.executable, "-m", "scripts.release.deploy", "staging", str(build)],
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": str(tmp_path),
            "AUTHOR_ID_KEY": "k" * 32,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": "http://127.0.0.1:9",  # nobody responds here
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 7, result.stderr
    assert "blog-staging is unknown (EndpointConnectionError)" in result.stderr
    mode_and_found, environment = result.stdout.splitlines()
    assert mode_and_found.startswith("600 True ['deploy'")
    assert environment == "environment False"
    assert "kkkk" not in mode_and_found
    assert not Path(mode_and_found.rpartition(" ")[2]).exists()


@pytest.mark.parametrize(
    ("variables", "expected_text"),
    [
        ({}, "API_URL names no API"),
        ({"API_URL": "https://api.example.com/v1"}, "nobody to log in as"),
        ({"API_URL": "https://api.example.com/v1", "ALICE_TOKEN": "x"}, "nobody to log in as"),
    ],
)
def test_a_smoke_test_without_its_settings_fails(
    variables: dict[str, str], expected_text: str
) -> None:
    command = ["make", "--old-file", ".venv/ready", "smoke"]
    environment = {"PATH": os.environ["PATH"], **variables}
    result = subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    assert result.returncode != 0
    assert expected_text in result.stderr
