"""The base class of request bodies, and members with one value, for the schemas of all subjects."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, WithJsonSchema

# A member with one value. OpenAPI Generator makes code that does not compile from a `const` or an
# `enum` of a boolean, so the document only describes the value.
AlwaysTrue = Annotated[
    Literal[True], WithJsonSchema({"type": "boolean", "description": "Always true"})
]
AlwaysFalse = Annotated[
    Literal[False], WithJsonSchema({"type": "boolean", "description": "Always false"})
]


class RequestBody(BaseModel):
    """A request's body: unknown members are rejected, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
