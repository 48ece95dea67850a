"""The query parameters and header fields of the routes: what each may be, and what it is for."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from blog.entity_tags import IfMatch
from blog.errors import BadRequest

Tag = Annotated[
    str | None,
    Query(max_length=200, description="Only those with this tag, in upper or lower case"),
]
AuthorId = Annotated[str | None, Query(max_length=200, description="Only those of this author")]
Limit = Annotated[int, Query(ge=1, le=100, description="Entries on a page")]
Cursor = Annotated[
    str | None,
    Query(
        description="The next_cursor of the page before",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


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
    Header(
        alias="If-Match",
        description='The ETag that was read; `"3"` alone will do, too',
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
        description="With the same key and body, the post is made once, for 24 h",
    ),
]
IfNoneMatchField = Annotated[
    str | None, Header(alias="If-None-Match", description="The ETag that is at hand")
]
