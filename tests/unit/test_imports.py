"""A function imports what its layers bring, and Lambda's runtime; a cold start pays for each."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.support import ROOT

RUNTIME = {
    "boto3",
    "botocore",
    "certifi",
    "s3transfer",
    "jmespath",
    "python-dateutil",
    "six",
    "urllib3",
}
PROGRAM = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def imported(function: str, *layers: str) -> set[str]:
    """The top-level modules that loading a function imports."""
    folders = [ROOT / "functions" / function, *(ROOT / "layers" / layer for layer in layers)]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        cwd=ROOT / "functions" / function,
        capture_output=True,
        text=True,
        check=True,
    )
    modules: list[str] = json.loads(result.stdout.splitlines()[-1])
    return set(modules)


def distributions(modules: set[str]) -> set[str]:
    """The packages that these modules come from, without Python's own and ours."""
    known = packages_distributions()
    return {name.lower().replace("_", "-") for module in modules for name in known.get(module, [])}


def locked(layer: str) -> set[str]:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text()
    return {
        name.lower().replace("_", "-")
        for name in re.findall(r"^([\w.-]+)(?:\[\w+\])?==", text, re.M)
    }


@pytest.mark.parametrize(
    "function",
    [
        "public",
        "posts",
        "account",
        "comments",
        "reactions",
        "moderation",
        "media",
        "inspector",
        "publisher",
        "jobs",
    ],
)
def test_a_handler_imports_what_its_layers_and_the_runtime_bring(function: str) -> None:
    modules = imported(function, "auth", "blog")
    assert distributions(modules) <= locked("auth") | locked("blog") | RUNTIME
    assert not {"jwt", "cryptography", "aws_xray_sdk"} & modules


@pytest.mark.parametrize(
    "function",
    ["public", "account", "reactions", "moderation", "media", "inspector", "publisher", "jobs"],
)
def test_who_writes_no_text_pays_for_no_rendering(function: str) -> None:
    modules = imported(function, "auth", "blog")
    assert not {"markdown_it", "linkify_it", "mdit_py_plugins", "nh3", "slugify"} & modules


def test_the_authorizer_imports_its_own_layer_and_nothing_else() -> None:
    modules = imported("authorizer", "auth")
    assert distributions(modules) <= locked("auth")
    assert not {"boto3", "botocore", "pydantic", "aws_lambda_powertools"} & modules
