"""README, CONTRIBUTING and the templates of .github name only things that exist."""

import re
import subprocess

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.support.samples import ROOT

README, CONTRIBUTING = "README.md", "CONTRIBUTING.md"
PULL_REQUEST = ".github/PULL_REQUEST_TEMPLATE.md"
PAGES = [README, CONTRIBUTING, "docs/api.md", "docs/development.md", PULL_REQUEST]
# Named by the pages, and not there yet: remove each when it is.
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M))


def text(page: str) -> str:
    return (ROOT / page).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_has_a_target(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", text(page)):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_exists(page: str) -> None:
    named = re.findall(r"(?:`|^    (?:\w+=\S* )*)make ((?:[a-z][a-z-]* ?)+)", text(page), re.M)
    assert {target for targets in named for target in targets.split()} <= TARGETS | {"help"}


def test_every_make_target_is_described() -> None:
    assert set(re.findall(r"make ([a-z-]+)", text(CONTRIBUTING))) >= TARGETS


def test_every_file_that_a_recipe_names_exists() -> None:
    named = re.findall(r"`([\w./-]+(?:/|\.)[\w./-]+)`", text(CONTRIBUTING))
    paths = {name for name in named if "/" in name or name.endswith((".md", ".yaml"))}
    assert len(paths) > 40
    for path in paths:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("posts/editing.py", "def created("),
        ("posts/editing.py", "class Edit"),
        ("posts/listing_entries.py", "def entries("),
        ("posts/model.py", "SCHEMA = "),
        ("posts/model.py", "class Entry"),
        ("posts/model.py", "class Stats"),
        ("posts/schemas.py", "class PostChanges"),
        ("posts/schemas.py", "class PostSummary"),
        ("dynamodb/keys.py", "_job_key("),
        ("dynamodb/listings.py", "class Listing"),
        ("dynamodb/paging.py", "def rows_of("),
        ("jobs/runner.py", "def _do("),
        ("http/openapi.py", "def documented_responses("),
    ],
)
def test_every_name_in_a_recipe_is_in_its_module(module: str, name: str) -> None:
    assert name in text(f"layers/blog/blog/{module}")
    assert re.split(r"[ (]", name.removeprefix("def ").removeprefix("class "))[0] in text(
        CONTRIBUTING
    )


def test_the_readme_is_short_and_its_commands_are_tested() -> None:
    lines = text(README).splitlines()
    assert len(lines) <= 90
    commands = [line.strip() for line in lines if line.startswith("    make ")]
    assert commands == ["make dev", "make test"]
    for command, module in zip(commands, ("-m devserver", "-m pytest"), strict=True):
        target = command.removeprefix("make ")
        printed = subprocess.run(
            ["make", "--dry-run", "--old-file=.venv/ready", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert module in printed.stdout


@pytest.mark.parametrize("name", ["bug.yml", "feature.yml"])
def test_an_issue_form_has_what_github_requires(name: str) -> None:
    form = yaml_parse(text(f".github/ISSUE_TEMPLATE/{name}"))
    assert {"name", "description", "body"} <= form.keys()
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids))
    for part in form["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert part["attributes"].get("label") or part["type"] == "markdown"


def test_codeowners_is_only_an_example() -> None:
    assert all(line.startswith("#") for line in text(".github/CODEOWNERS").splitlines())
