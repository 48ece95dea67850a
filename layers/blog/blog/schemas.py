"""The base class of all request bodies."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """A request's body: unknown members are rejected, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
