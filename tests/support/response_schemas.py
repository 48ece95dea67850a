"""Check JSON responses against the OpenAPI document.

Members that the document does not name are errors.
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from tests.support.openapi_document import DOCUMENT, SCHEMAS

CLOSED = {
    name: {"additionalProperties": False, **schema} if "properties" in schema else schema
    for name, schema in SCHEMAS.items()
}


def schema_errors(event: Mapping[str, Any], response: Mapping[str, Any]) -> list[str]:
    """Return the errors in a route's response, or nothing where the document describes no JSON for
    it."""
    validator = _validator(event["resource"], event["httpMethod"].lower(), response["statusCode"])
    if validator is None:
        return []
    return [error.message for error in validator.iter_errors(json.loads(response["body"]))]


@cache
def _validator(
    resource: str, method: str, status: int
) -> jsonschema_rs.Draft202012Validator | None:
    responses = DOCUMENT["paths"].get(resource, {}).get(method, {}).get("responses", {})
    content = responses.get(str(status), {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return None
    closed = {**schema, "components": {"schemas": CLOSED}}
    return jsonschema_rs.Draft202012Validator(closed)
