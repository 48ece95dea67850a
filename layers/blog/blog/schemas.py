"""What request bodies have in common."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """A request's body: unknown members are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
