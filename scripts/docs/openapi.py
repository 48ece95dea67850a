"""Merge the functions' OpenAPI documents into functions/public/openapi.json, for `make openapi`.

No function can do this at run time, because each zip contains only one function. This module also
adds what is the same for all handlers. With --check it writes nothing, and the exit code says
whether the file is up to date.
"""

import importlib
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

from scripts.docs.openapi_examples import EXAMPLES, problem_example
from scripts.docs.pages import ROOT, keep

TARGET = ROOT / "functions" / "public" / "openapi.json"
FUNCTIONS = ("public", "posts", "account", "comments", "reactions", "moderation", "media")
# Variables that the handlers require at import. None of them gets into the document.
VARIABLES = {
    "TABLE_NAME": "none",
    "MEDIA_BUCKET": "none",
    "ALLOWED_ORIGIN": "*",
    "SITE_URL": "https://blog.example.com",
    "AUTHOR_ID_KEY": "-" * 32,
    "AWS_DEFAULT_REGION": "us-east-1",
}
PROBLEM = "application/problem+json"
WITH_ENTITY_TAG = {"PostDetail", "OwnPost", "CommentDetail"}
HEADERS = {
    "ETag": "The entity tag: the version, and a digest of the rest",
    "Location": "The path of the resource",
    "Retry-After": "When to try again, in seconds",
    "WWW-Authenticate": "RFC 6750; API Gateway renames it, so the body says the same",
}
# Operations on an item that a route has created, and their parameters.
LINKS = {
    "createPost": (
        {"post_id": "$response.body#/id"},
        ("getMyPost", "getPost", "editPost", "deletePost", "listRevisions", "createComment"),
    ),
    "createComment": (
        {"post_id": "$request.path.post_id", "comment_id": "$response.body#/id"},
        ("editComment", "deleteComment", "reportComment"),
    ),
    "createMedia": ({"media_id": "$response.body#/media/id"}, ("getMedia",)),
}
Json = dict[str, Any]


def document() -> str:
    """Return the merged document as JSON."""
    os.environ.update(VARIABLES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    merge = OpenAPIMerge(
        title="Serverless blog",
        version=project["version"],
        description=project["description"],
        on_conflict="error",
    )
    for function in FUNCTIONS:
        app = importlib.import_module(f"functions.{function}.app").app
        merge.add_schema(app.get_openapi_schema())
    merged = OpenAPI(**merge.get_openapi_schema())
    schema = json.loads(merged.model_dump_json(by_alias=True, exclude_none=True))
    schema["servers"] = [{"url": "/"}]
    for operation in _operations(schema):
        _correct(operation)
        _complete(operation)
    for name in {_component(operation.get("requestBody")) for operation in _operations(schema)}:
        _describe_defaults(schema["components"]["schemas"].get(name, {}))
    for component in schema["components"]["schemas"].values():
        for member in component.get("properties", {}).values():
            member.pop("title", None)  # pydantic's, from the name; generators name classes after it
    make_unions_exclusive(schema)
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schema["components"]["schemas"].pop(name, None)
    for name, example in EXAMPLES.items():
        schema["components"]["schemas"][name]["examples"] = [example]
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _operations(schema: Json) -> Iterator[Json]:
    for operations in schema["paths"].values():
        yield from operations.values()


def _correct(operation: Json) -> None:
    """Correct what Powertools documents wrongly.

    No route responds with 422 in Powertools' own format. 204, 304 and redirects have no body.
    Header names are not in lower case. A query parameter that is left out is not null.
    """
    responses = operation["responses"]
    if "HTTPValidationError" in json.dumps(responses.get("422")):
        del responses["422"]
    for empty in responses.keys() & {"204", "301", "302", "304"}:
        responses[empty].pop("content", None)
    for parameter in operation.get("parameters", []):
        match parameter["schema"]:
            case {"anyOf": [schema, {"type": "null"}], **others}:
                parameter["schema"] = schema | others
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()


def _complete(operation: Json) -> None:
    """Add headers, examples, and the responses of API Gateway and the request guard.

    An empty `security` marks public operations.
    """
    operation.setdefault("security", [])
    responses = operation["responses"]
    responses["default"] = _problem("Any other error, in the same form")
    for status, response in responses.items():
        headers = [*_headers(status, response)]
        if headers:
            response["headers"] = {
                name: {"description": HEADERS[name], "schema": {"type": "string"}}
                for name in headers
            }
        if PROBLEM in response.get("content", {}) and status.isdecimal():
            response["content"][PROBLEM]["example"] = problem_example(int(status))
    if operation["operationId"] in LINKS:
        parameters, others = LINKS[operation["operationId"]]
        responses["201"]["links"] = {
            other: {"operationId": other, "parameters": parameters} for other in others
        }
    operation["responses"] = dict(sorted(responses.items()))


def _describe_defaults(component: Json) -> None:
    """Move the defaults of a body's members into their descriptions.

    openapi-typescript requires each member that has a default, also in requests.
    """
    for member in component.get("properties", {}).values():
        if "default" in member:
            default = f"Default: `{json.dumps(member.pop('default'))}`"
            member["description"] = ". ".join(filter(None, (member.get("description"), default)))


def make_unions_exclusive(part: Any) -> None:
    """Turn each union of components into a `oneOf`; several generators skip an `anyOf`.

    A test checks that each of these components has required members that the others lack.
    """
    match part:
        case {"anyOf": [*members]} if all("$ref" in member for member in members):
            part["oneOf"] = part.pop("anyOf")
            part.pop("title", None)
        case dict():
            for inner in part.values():
                make_unions_exclusive(inner)
        case list():
            for inner in part:
                make_unions_exclusive(inner)


def _problem(description: str) -> Json:
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": description, "content": {PROBLEM: {"schema": schema}}}


def _component(message: Json | None) -> str:
    """Return the name of the component that a request or a response has as JSON, or nothing."""
    content = (message or {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _headers(status: str, response: Json) -> Iterator[str]:
    if status == "304" or _component(response) in WITH_ENTITY_TAG:
        yield "ETag"
    if status in ("201", "202", "301", "302"):
        yield "Location"
    if status in ("429", "503"):
        yield "Retry-After"
    if status == "401":
        yield "WWW-Authenticate"


def main() -> int:
    """Write or check the file; return the exit code."""
    return keep(TARGET, document(), "make openapi")


if __name__ == "__main__":
    sys.exit(main())
