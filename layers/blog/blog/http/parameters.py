"""The query parameters and header fields of the routes."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from blog.entity_tags import IfMatch
from blog.errors import BadRequest

Tag = Annotated[
    str | None,
    Query(max_length=200, description="Only posts with this tag, in upper or lower case"),
]
AuthorId = Annotated[str | None, Query(max_length=200, description="Only posts by this author")]
Limit = Annotated[int, Query(ge=1, le=100, description="The maximum number of items on a page")]
Cursor = Annotated[
    str | None,
    Query(
        description="The next_cursor of the previous page",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


def _well_formed(field: str | None) -> str | None:
    """Check If-Match with the parameters, so that its error comes before errors of the body."""
    try:
        IfMatch.parse(field)
    except BadRequest as e:
        raise PydanticCustomError("if_match", "{detail}", {"detail": e.detail}) from e
    return field


IfMatchField = Annotated[
    str | None,
    AfterValidator(_well_formed),
    Header(
        alias="If-Match",
        description='The ETag that the client read; the version alone (`"3"`) works, too',
        json_schema_extra={
            "pattern": '^([*]|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$',
            "examples": ['"3"'],
        },
    ),
]
IdempotencyKeyField = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,255}$",
        description="For 24 hours, requests with the same key and body create one item only",
    ),
]
IfNoneMatchField = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag of the client's copy")
]
