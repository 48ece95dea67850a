"""`make deploy`: what SAM CLI is called with, and when functions get a new version."""

from pathlib import Path

import pytest

from scripts.deploy import CannotDeploy, command, digest, parameters
from tests.support import ROOT

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


def test_the_environment_goes_before_the_file(config: Path) -> None:
    environment = {"PARAMETERS": "SiteUrl=https://b.example AllowedOrigin='*'"}
    environment["AUTHOR_ID_KEY"] = "k" * 32
    assert parameters("staging", config, environment) == {
        "DeploymentType": "AllAtOnce",
        "SiteUrl": "https://b.example",
        "AllowedOrigin": "*",
        "AuthorIdKey": "k" * 32,
    }


def test_a_secret_that_is_not_given_is_left_as_it_was(config: Path) -> None:
    assert "AuthorIdKey" not in parameters("staging", config, {"AUTHOR_ID_KEY": ""})


@pytest.mark.parametrize(
    ("stage", "given", "named"),
    [("nowhere", "", "nowhere"), ("staging", "SiteUrl", "SiteUrl"), ("staging", "=x", "not ")],
)
def test_what_is_wrong_is_named(config: Path, stage: str, given: str, named: str) -> None:
    with pytest.raises(CannotDeploy, match=named):
        parameters(stage, config, {"PARAMETERS": given})


def test_each_stage_of_the_project_can_be_deployed() -> None:
    for stage in ("staging", "production"):
        assert parameters(stage, ROOT / "samconfig.toml", {})


def test_whatever_changes_gives_another_digest(build: Path) -> None:
    given = {"SiteUrl": "https://a.example"}
    seen = {digest(build, given)}
    assert digest(build, given) in seen, "and nothing else does"
    assert digest(build, {**given, "AuthorIdKey": "k" * 32}) in seen, "nothing is told of a secret"
    seen.add(digest(build, {"SiteUrl": "https://b.example"}))
    (build / "BlogLayer" / "python" / "blog" / "posts.py").write_text("another")
    seen.add(digest(build, given))
    (build / "PostsFunction" / "app.py").rename(build / "PostsFunction" / "other.py")
    seen.add(digest(build, given))
    (build / "PostsFunction" / "empty.py").touch()
    seen.add(digest(build, given))
    assert len(seen) == 5


def test_nothing_built_is_nothing_deployed(tmp_path: Path) -> None:
    with pytest.raises(CannotDeploy, match="make build"):
        digest(tmp_path, {})


def test_sam_is_called_with_all_parameters_and_the_digest(build: Path) -> None:
    given = {"AllowedOrigin": "*"}
    called = command("staging", build, given)
    assert called[:4] == ["sam", "deploy", "--config-env", "staging"]
    assert called[-2:] == ['AllowedOrigin="*"', f'ArtifactsDigest="{digest(build, given)}"']


def test_a_secret_of_any_characters_reaches_sam_whole(build: Path) -> None:
    called = command("staging", build, {"AuthorIdKey": "k'k\"k k$k"})
    assert 'AuthorIdKey="k\'k\\"k k$k"' in called
    with pytest.raises(CannotDeploy, match="backslash"):
        command("staging", build, {"AuthorIdKey": "k\\k"})
