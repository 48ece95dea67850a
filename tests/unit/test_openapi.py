"""The OpenAPI document matches the code, and its examples match their schemas."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from blog.http.handler import resolver
from blog.http.openapi import documented_responses
from scripts.docs.openapi import make_unions_exclusive
from tests.support.openapi_document import DOCUMENT, OPERATIONS, SCHEMAS
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


def unions(part: Any) -> Iterator[dict[str, Any]]:
    """Yield each union of components in a part of the document."""
    if isinstance(part, dict):
        members = part.get("anyOf") or part.get("oneOf") or [{}]
        if all("$ref" in member for member in members):
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from unions(one)


UNIONS = [*unions(DOCUMENT)]


def test_a_public_operation_says_that_it_needs_no_token() -> None:
    assert OPERATIONS["getPost"]["security"] == []
    assert OPERATIONS["createPost"]["security"] == [{"access_token": []}]


def test_the_members_of_each_union_differ_in_their_required_members() -> None:
    """Generated clients know no other way: some ignore values, and some unknown members."""
    assert len(UNIONS) >= 3
    for union in UNIONS:
        names = [member["$ref"].rpartition("/")[2] for member in union["oneOf"]]
        for one, other in permutations((SCHEMAS[name] for name in names), 2):
            assert set(one["required"]) - other["properties"].keys(), names


@pytest.mark.parametrize(
    ("placeholder", "member", "value"),
    [("Tombstone", "deleted", True), ("UnavailableItem", "available", False)],
)
def test_a_placeholder_requires_the_member_that_marks_it(
    placeholder: str, member: str, value: bool
) -> None:
    schema = SCHEMAS[placeholder]
    assert member in schema["required"]
    # A `const` or an `enum` of a boolean breaks the Java and Python clients of OpenAPI Generator.
    assert schema["properties"][member] == {
        "type": "boolean",
        "description": f"Always {value}".capitalize(),
    }


def test_a_member_with_a_default_is_optional_for_all_generators() -> None:
    """openapi-typescript requires every member that has a `default`."""
    for name, schema in SCHEMAS.items():
        for member, one in schema.get("properties", {}).items():
            assert "default" not in one, f"{name}.{member}"
    assert SCHEMAS["NewPost"]["properties"]["status"]["description"] == 'Default: `"draft"`'
    assert SCHEMAS["NewPost"]["properties"]["body"]["description"] == 'Markdown. Default: `""`'


def test_a_body_has_one_media_type() -> None:
    """openapi-python-client makes modules that cannot be imported from some with two."""
    for operation in OPERATIONS.values():
        content = operation.get("requestBody", {"content": ["application/json"]})["content"]
        assert list(content) == ["application/json"]


def test_a_response_may_be_a_union() -> None:
    class Page(BaseModel):
        items: list[str]

    class Ids(BaseModel):
        ids: list[str]

    app = resolver()
    app.get("/either", responses=documented_responses(200, Page | Ids))(lambda: None)
    document = json.loads(app.get_openapi_json_schema())
    make_unions_exclusive(document)
    content = document["paths"]["/either"]["get"]["responses"]["200"]["content"]
    expected = [{"$ref": f"#/components/schemas/{name}"} for name in ("Page", "Ids")]
    assert content["application/json"]["schema"] == {"oneOf": expected}
