"""Whether an answer is what the OpenAPI document says: it has each member that is required, and
none that is not named. What the members hold is the conformance test's affair."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.support import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions/public/openapi.json").read_text())
REFERENCE = "#/components/schemas/"


def undocumented(event: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with a route's answer, where that is JSON that the document describes."""
    operations = DOCUMENT["paths"].get(event["resource"], {})
    method = event["httpMethod"].lower()
    described = operations.get(method, {}).get("responses", {}).get(str(answer["statusCode"]), {})
    schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    return list(_faults(json.loads(answer["body"]), schema, "answer")) if schema else []


def _faults(value: Any, schema: Mapping[str, Any], where: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].removeprefix(REFERENCE)]
    if "anyOf" in schema:
        found = [list(_faults(value, one, where)) for one in schema["anyOf"]]
        yield from min(found, key=len)
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from _faults(one, schema.get("items", {}), f"{where}[{n}]")
    elif isinstance(value, dict) and "properties" in schema:
        missing = set(schema.get("required", [])) - value.keys()
        yield from (f"{where}.{name} is missing" for name in missing)
        for name, one in value.items():
            if name in schema["properties"]:
                yield from _faults(one, schema["properties"][name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is not documented"
