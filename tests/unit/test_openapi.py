"""The OpenAPI document matches the code, and its examples match their schemas."""

import subprocess
import sys
from typing import Any

import jsonschema_rs
import pytest

from tests.support.openapi_document import OPERATIONS, SCHEMAS
from tests.support.samples import ROOT


def test_the_document_is_generated_from_the_handlers() -> None:
    path = f"{ROOT / 'layers' / 'auth'}:{ROOT / 'layers' / 'blog'}"
    result = subprocess.run(
        [sys.executable, "-m", "scripts.docs.openapi", "--check"],
        cwd=ROOT,
        check=False,
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", [name for name in SCHEMAS if "examples" in SCHEMAS[name]])
def test_an_example_is_valid_for_its_schema(name: str) -> None:
    (example,) = SCHEMAS[name]["examples"]
    whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema_rs.Draft202012Validator(whole).validate(example)
    assert example.keys() <= SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_an_operation_documents_its_problems_and_its_token(
    operation: dict[str, Any],
) -> None:
    responses = operation["responses"]
    problems = [status for status in responses if not status.isdecimal() or int(status) >= 400]
    for status in problems:
        assert list(responses[status]["content"]) == ["application/problem+json"], status
        if status.isdecimal():
            example = responses[status]["content"]["application/problem+json"]["example"]
            assert example["status"] == int(status)
    assert "default" in problems
    assert ("401" in problems) == bool(operation["security"])


def test_every_429_and_503_has_retry_after() -> None:
    for operation in OPERATIONS.values():
        for status in operation["responses"].keys() & {"429", "503"}:
            assert "Retry-After" in operation["responses"][status]["headers"]


def test_a_public_operation_says_that_it_needs_no_token() -> None:
    assert OPERATIONS["getPost"]["security"] == []
    assert OPERATIONS["createPost"]["security"] == [{"access_token": []}]
