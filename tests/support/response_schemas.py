"""Whether an answer is what the OpenAPI document says, without a member that it does not name."""

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


def undocumented(event: Mapping[str, Any], answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with a route's answer, where that is JSON that the document describes."""
    validator = _validator(event["resource"], event["httpMethod"].lower(), answer["statusCode"])
    if validator is None:
        return []
    return [error.message for error in validator.iter_errors(json.loads(answer["body"]))]


@cache
def _validator(
    resource: str, method: str, status: int
) -> jsonschema_rs.Draft202012Validator | None:
    responses = DOCUMENT["paths"].get(resource, {}).get(method, {}).get("responses", {})
    content = responses.get(str(status), {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return None
    whole = {**schema, "components": {"schemas": CLOSED}}
    return jsonschema_rs.Draft202012Validator(whole)
