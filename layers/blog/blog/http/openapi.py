"""The responses and the security scheme of every route in the OpenAPI document."""

from http import HTTPStatus
from types import UnionType
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, ConfigDict

ACCESS_TOKEN: dict[str, Any] = {"access_token": HTTPBearer(bearerFormat="JWT")}
SECURITY: list[dict[str, list[str]]] = [{"access_token": []}]

_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}


class InvalidField(BaseModel):
    """An invalid member of the body."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[InvalidField] | None = None
    error: str | None = None
    error_description: str | None = None
    current_version: int | None = None


def documented_responses(
    status: int,
    model: type[BaseModel] | UnionType | None,
    *problems: int,
    redirect: int | None = None,
    not_modified: bool = False,
    document: str | None = None,
) -> dict[int, OpenAPIResponse]:
    """Return the documented responses of a route: success, problems and redirects.

    The success response is JSON of `model`, which may be a union of models, or a `document` of this
    media type, or has no body.
    """
    documented: dict[int, OpenAPIResponse] = {status: {"description": phrase(status)}}
    if model is not None:
        documented[status]["content"] = {"application/json": {"model": model}}
    elif document is not None:
        kind = "object" if document.endswith("json") else "string"
        documented[status]["content"] = {document: {"schema": {"type": kind}}}
    bodiless = [redirect] if redirect is not None else []
    bodiless += [HTTPStatus.NOT_MODIFIED] if not_modified else []
    for other in bodiless:
        documented[other] = {"description": phrase(other)}
    for problem in (*problems, 503):
        documented[problem] = {
            "description": phrase(problem),
            "content": {"application/problem+json": {"model": ProblemDetails}},
        }
    return documented


def phrase(status: int) -> str:
    """Return the name of a status (RFC 9110 §15). Before Python 3.13, http has two older names."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase
