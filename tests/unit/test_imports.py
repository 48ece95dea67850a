"""A function imports only its layers and Lambda's runtime: each import costs time at a cold
start."""

import functools
import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.support.samples import ROOT

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
# The most modules outside the standard library: each costs about half a millisecond at a cold
# start.
BUDGETS = {
    "authorizer": 75,
    "public": 410,
    "pages": 344,
    "posts": 488,
    "account": 392,
    "comments": 481,
    "reactions": 403,
    "moderation": 407,
    "media": 398,
    "inspector": 286,
    "publisher": 292,
    "jobs": 327,
}
# Modules of partly imported packages that load slowly and that no request needs.
HEAVY = {
    "aws_lambda_powertools.utilities.parser",
    "aws_xray_sdk",
    "awscrt",
    "pydantic.mypy",
    "pydantic.v1",
}
PROGRAM = """
import json, sys
before = set(sys.modules)
import app
print(json.dumps(sorted(set(sys.modules) - before)))
import gc
assert gc.isenabled() and gc.get_freeze_count() > 10_000, "blog.cold_start did not begin, or end"
models = sys.modules.get("aws_lambda_powertools.event_handler.openapi.models")
assert models is None or not models.OpenAPI.__pydantic_complete__, "built without need"
"""


@functools.cache
def all_imported(function: str) -> frozenset[str]:
    """Return the modules that loading a function imports."""
    layers = ("auth",) if function == "authorizer" else ("auth", "blog")
    folders = [ROOT / "functions" / function, *(ROOT / "layers" / layer for layer in layers)]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        cwd=ROOT / "functions" / function,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(json.loads(result.stdout.splitlines()[-1]))


def imported(function: str) -> set[str]:
    """Return the top-level modules that loading a function imports."""
    return {name.partition(".")[0] for name in all_imported(function)}


def distributions(modules: set[str]) -> set[str]:
    """Return the distributions of these modules, without the standard library and our own."""
    known = packages_distributions()
    return {name.lower().replace("_", "-") for module in modules for name in known.get(module, [])}


def locked(layer: str) -> set[str]:
    text = (ROOT / "layers" / layer / "requirements.txt").read_text()
    return {
        name.lower().replace("_", "-")
        for name in re.findall(r"^([\w.-]+)(?:\[\w+\])?==", text, re.M)
    }


@pytest.mark.parametrize("function", sorted(BUDGETS.keys() - {"authorizer"}))
def test_a_handler_imports_only_its_layers_and_the_runtime(function: str) -> None:
    modules = imported(function)
    assert distributions(modules) <= locked("auth") | locked("blog") | RUNTIME
    assert not {"jwt", "cryptography"} & modules


@pytest.mark.parametrize(
    "function",
    ["public", "account", "reactions", "moderation", "media", "inspector", "publisher", "jobs"],
)
def test_functions_that_write_no_text_do_not_import_rendering(function: str) -> None:
    modules = imported(function)
    assert not {"comrak", "nh3", "slugify"} & modules


@pytest.mark.parametrize("function", sorted(BUDGETS))
def test_no_cold_start_loads_what_only_a_new_name_needs(function: str) -> None:
    assert not {"blog.names", "precis_i18n", "precis_i18n.profile"} & all_imported(function)


@pytest.mark.parametrize("function", sorted(BUDGETS))
def test_no_function_imports_pillow_into_its_own_process(function: str) -> None:
    assert "PIL" not in imported(function)


def test_only_the_program_that_rewrites_images_imports_pillow() -> None:
    places = ("functions", "layers", "devserver", "scripts")
    files = (path for place in places for path in (ROOT / place).rglob("*.py"))
    importing = [
        path for path in files if re.search(r"^\s*(from|import) PIL\b", path.read_text(), re.M)
    ]
    assert importing == [ROOT / "layers" / "blog" / "blog" / "media" / "rewriting.py"]


def test_what_starts_that_program_does_not_import_it() -> None:
    program = (
        "import sys, blog.media.rewriter\n"
        "assert not {'PIL', 'blog.media.rewriting'} & {*sys.modules}"
    )
    folder = {**os.environ, "PYTHONPATH": str(ROOT / "layers" / "blog")}
    subprocess.run([sys.executable, "-c", program], env=folder, check=True)


def test_pillow_lies_in_a_layer_of_its_own() -> None:
    assert locked("images") == {"pillow"}
    assert not locked("images") & (locked("auth") | locked("blog"))


def test_the_authorizer_imports_only_its_own_layer() -> None:
    modules = imported("authorizer")
    assert distributions(modules) <= locked("auth")
    assert not {"boto3", "botocore", "pydantic", "aws_lambda_powertools"} & modules


@pytest.mark.parametrize("function", BUDGETS)
def test_a_cold_start_stays_within_its_budget_of_imports(function: str) -> None:
    modules = all_imported(function)
    assert not modules & HEAVY
    counted = [name for name in modules if name.partition(".")[0] not in sys.stdlib_module_names]
    assert len(counted) <= BUDGETS[function], sorted(counted)
