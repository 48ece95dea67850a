"""Answers: posts and comments with their entity tags, and problems, rendered in one place."""

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
from blog_auth.errors import NotAuthenticated
from blog_auth.refusals import NO_TOKEN

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
ATOM = "application/atom+xml"
JSON_FEED = "application/feed+json"
XML = "application/xml"
HTML = "text/html"

# Shared caches may keep what is public for a minute; a browser asks each time, so that people see
# their own edits at once.
PUBLIC = "public, max-age=0, s-maxage=60"
PRIVATE = "private, no-store"

# A body of unknown members names as many faults: the answer must not outgrow its limit.
MAX_FIELD_ERRORS = 50
MAX_FIELD_NAME = 100

_MESSAGES = {
    "extra_forbidden": "Is no member that can be sent",
    "missing": "Is missing",
    "datetime_from_date_parsing": "Must be a time such as 2026-01-31T09:30:00Z",
    "datetime_parsing": "Must be a time such as 2026-01-31T09:30:00Z",
    "timezone_aware": "Must have an offset, such as Z or +02:00",
}


class Versioned(Protocol):
    """A model whose entity tag names its version."""

    @property
    def version(self) -> int:
        """The number that an edit raises."""

    def model_dump_json(self) -> str:
        """The model as JSON."""


TextResponse = Response[str | None]  # of a route: text that is written already, or no body


def json_response(
    shown: BaseModel,
    *,
    cache_control: str,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> TextResponse:
    """What a route answers, written here and once: given a model, the resolver would validate it
    again, and make a dict of it first."""
    headers = {"Cache-Control": cache_control, **(headers or {})}
    return Response(status, JSON, shown.model_dump_json(), headers)


def entity_response(
    shown: Versioned,
    *,
    cache_control: str,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    if_none_match: str | None = None,
) -> TextResponse:
    """A post or a comment with its entity tag, or 304 where the client has it as it is."""
    text = shown.model_dump_json()
    tag = entity_tag(shown.version, text)
    headers = {"ETag": tag, "Cache-Control": cache_control, **(headers or {})}
    if not none_match(if_none_match, tag):
        return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(status, JSON, text, headers)


def no_content() -> Response[None]:
    """That it is done, 204."""
    return Response(HTTPStatus.NO_CONTENT, headers={"Cache-Control": PRIVATE})


def document_response(document: str, media_type: str, if_none_match: str | None) -> TextResponse:
    """A public document that is no JSON of ours, with its entity tag, or 304."""
    tag = f'"{hashlib.sha256(document.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": PUBLIC}
    content_type = f"{media_type}; charset=utf-8"  # of a 304 too, else it would say JSON
    if not none_match(if_none_match, tag):
        return Response(HTTPStatus.NOT_MODIFIED, content_type, "", headers)
    return Response(HTTPStatus.OK, content_type, document, headers)


def problem_body(problem: Problem, request_id: str) -> str:
    """The body of an error (RFC 9457); `instance` is the request, as logs and headers call it."""
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
    """The headers of an error."""
    return {"Content-Type": PROBLEM_JSON, "Cache-Control": PRIVATE, **problem.headers}


def as_problem(error: Exception) -> Problem:
    """What a client is told of any exception: itself, its meaning, or that it is our fault."""
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


def _invalid_request(faults: Sequence[Any]) -> Problem:
    """422 for members of the body, 400 for what stands in the query or a header."""
    if faults[0]["loc"][0] != "body":
        name = ".".join(map(str, faults[0]["loc"][1:]))
        if faults[0]["type"] == "if_match":
            return BadRequest(faults[0]["msg"])  # which names the field
        return BadRequest(f"{name}: {_message(faults[0])}")
    if faults[0]["loc"] == ("body",) and faults[0]["type"] == "missing":
        return BadRequest("The request has no body: a JSON object is expected.")
    errors = [
        FieldError(".".join(map(str, fault["loc"][1:]))[:MAX_FIELD_NAME], _message(fault))
        for fault in faults[:MAX_FIELD_ERRORS]
    ]
    return Unprocessable(errors)


def _message(fault: Any) -> str:
    """In the words of the other messages, where pydantic's own speak of its inputs."""
    return _MESSAGES.get(fault["type"], str(fault["msg"]))
