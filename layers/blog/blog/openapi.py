"""What the OpenAPI document says of every route, beside what their types say."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from blog.entity_tags import IfMatch
from blog.errors import BadRequest

ACCESS_TOKEN: dict[str, Any] = {"access_token": HTTPBearer(bearerFormat="JWT")}
SECURITY: list[dict[str, list[str]]] = [{"access_token": []}]

Tag = Annotated[
    str | None,
    Query(max_length=200, description="Only those with this tag, in upper or lower case"),
]
AuthorId = Annotated[str | None, Query(max_length=200, description="Only those of this author")]
Limit = Annotated[int, Query(ge=1, le=100, description="Entries on a page")]
Cursor = Annotated[str | None, Query(description="The next_cursor of the page before")]


Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="One of the index, such as 2026-01"),
]
Part = Annotated[int, Query(ge=1, le=1024, description="Which part of the month, from 1")]
Of = Annotated[int, Query(ge=1, le=1024, description="How many parts the month has")]


def _well_formed(field: str | None) -> str | None:
    """Checked with the parameters, so that a malformed field is told before the body's faults."""
    try:
        IfMatch.parse(field)
    except BadRequest as e:
        raise PydanticCustomError("if_match", "{detail}", {"detail": e.detail}) from e
    return field


IfMatchField = Annotated[
    str | None,
    AfterValidator(_well_formed),
    Header(alias="If-Match", description='The ETag that was read; `"3"` alone will do, too'),
]
IdempotencyKeyField = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,255}$",
        description="With the same key and body, the post is made once, for 24 h",
    ),
]
IfNoneMatchField = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag that is at hand")
]


class InvalidField(BaseModel):
    """A member of the body that is at fault."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    errors: list[InvalidField] | None = None
    error: str | None = None
    error_description: str | None = None
    current_version: int | None = None


def answers(
    status: int,
    model: type[BaseModel] | None,
    *problems: int,
    redirect: int | None = None,
    not_modified: bool = False,
    media_type: str = "application/json",
) -> dict[int, OpenAPIResponse]:
    """The documented answers of a route: a success, the statuses of its problems, a redirect."""
    documented: dict[int, OpenAPIResponse] = {status: {"description": HTTPStatus(status).phrase}}
    if model is not None:
        documented[status]["content"] = {media_type: {"model": model}}
    elif media_type != "application/json":
        documented[status]["content"] = {media_type: {"schema": {"type": "string"}}}
    bodiless = [redirect] if redirect is not None else []
    bodiless += [HTTPStatus.NOT_MODIFIED] if not_modified else []
    for other in bodiless:
        documented[other] = {"description": HTTPStatus(other).phrase}
    for problem in (*problems, 503):
        documented[problem] = {
            "description": HTTPStatus(problem).phrase,
            "content": {"application/problem+json": {"model": ProblemDetails}},
        }
    return documented
