"""HTTP responses: models, entities with entity tags, documents and problems."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from blog.entity_tags import entity_tag, none_match
from blog.errors import (
    BadRequest,
    FieldError,
    InternalError,
    NotFound,
    Problem,
    Unauthorized,
    Unprocessable,
)
from blog.http.headers import PRIVATE, PUBLIC
from blog_auth.errors import NotAuthenticated
from blog_auth.refusals import NO_TOKEN

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
ATOM = "application/atom+xml"
JSON_FEED = "application/feed+json"
XML = "application/xml"
HTML = "text/html"

# A body of many unknown members has as many errors; the response must stay within its limit.
MAX_FIELD_ERRORS = 50
MAX_FIELD_NAME = 100

_MESSAGES = {
    "extra_forbidden": "Unknown field",
    "missing": "Is missing",
    "datetime_from_date_parsing": "Must be a time such as 2026-01-31T09:30:00Z",
    "datetime_parsing": "Must be a time such as 2026-01-31T09:30:00Z",
    "timezone_aware": "Must have an offset, such as Z or +02:00",
}


class Versioned(Protocol):
    """A model with a version, which its entity tag names."""

    @property
    def version(self) -> int:
        """Return the version, which each edit increments."""

    def model_dump_json(self) -> str:
        """Return the model as JSON."""


TextResponse = Response[str | None]  # a route's response: serialised text, or no body


def json_response(
    model: BaseModel,
    *,
    cache_control: str,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> TextResponse:
    """Return a model as JSON text.

    A route that returned the model itself would make the resolver convert and validate it again.
    """
    headers = {"Cache-Control": cache_control, **(headers or {})}
    return Response(status, JSON, model.model_dump_json(), headers)


def entity_response(
    model: Versioned,
    *,
    cache_control: str,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    if_none_match: str | None = None,
) -> TextResponse:
    """Return a post or a comment with its entity tag, or 304 if the client's copy is current."""
    text = model.model_dump_json()
    tag = entity_tag(model.version, text)
    headers = {"ETag": tag, "Cache-Control": cache_control, **(headers or {})}
    if not none_match(if_none_match, tag):
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(status, JSON, text, headers)


def no_content() -> Response[None]:
    """Return 204 No Content."""
    return Response(HTTPStatus.NO_CONTENT, headers={"Cache-Control": PRIVATE})


def document_response(document: str, media_type: str, if_none_match: str | None) -> TextResponse:
    """Return a public document of this media type with its entity tag, or 304."""
    tag = f'"{hashlib.sha256(document.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": PUBLIC}
    content_type = f"{media_type}; charset=utf-8"  # also for 304, whose default would be JSON
    if not none_match(if_none_match, tag):
        return Response(HTTPStatus.NOT_MODIFIED, content_type, "", headers)
    return Response(HTTPStatus.OK, content_type, document, headers)


def problem_body(problem: Problem, request_id: str) -> str:
    """Return the body of an error (RFC 9457); `instance` holds the id of the request."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:uuid:{request_id}",
        **problem.members,
    }
    return json.dumps(members)


def problem_headers(problem: Problem) -> dict[str, str]:
    """Return the headers of an error."""
    return {"Content-Type": PROBLEM_JSON, "Cache-Control": PRIVATE, **problem.headers}


def as_problem(error: Exception) -> Problem:
    """Return the problem that an exception means to the client; InternalError if unexpected."""
    match error:
        case Problem():
            return error
        case NotAuthenticated():
            is_missing = error.refusal == NO_TOKEN
            return Unauthorized(
                error.refusal.description, "invalid_request" if is_missing else "invalid_token"
            )
        case NotFoundError():
            return NotFound("There is no such route or method.")
        case RequestValidationError():
            return _invalid_request(error.errors())
        case _:
            return InternalError()


def _invalid_request(errors: Sequence[Any]) -> Problem:
    """Return 422 for invalid members of the body, and 400 for an invalid query or header."""
    first = errors[0]
    if first["loc"][0] != "body":
        name = ".".join(map(str, first["loc"][1:]))
        if first["type"] == "if_match":
            return BadRequest(first["msg"])  # which names the field
        return BadRequest(f"{name}: {_message(first)}")
    if first["loc"] == ("body",) and first["type"] == "missing":
        return BadRequest("The request has no body; it must be a JSON object.")
    fields = [
        FieldError(".".join(map(str, error["loc"][1:]))[:MAX_FIELD_NAME], _message(error))
        for error in errors[:MAX_FIELD_ERRORS]
    ]
    return Unprocessable(fields)


def _message(error: Any) -> str:
    """Return a message in this API's words, where pydantic's own message fits no client."""
    return _MESSAGES.get(error["type"], str(error["msg"]))
