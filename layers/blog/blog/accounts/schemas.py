"""Exports and erasures in responses."""

from typing import Literal

from pydantic import BaseModel

from blog.clock import Timestamp


class Export(BaseModel):
    """Everything of one's own, as a zip; `url` holds until `expires_at`, then ask again."""

    status: Literal["none", "preparing", "ready"]
    url: str | None
    expires_at: Timestamp | None


ErasureContent = Literal["erase", "anonymise"]


class Erasure(BaseModel):
    """What has become of one's erasure; told for 30 days after it is done."""

    status: Literal["none", "erasing", "done"]
    content: ErasureContent | None = None
    requested_at: Timestamp | None = None
    finished_at: Timestamp | None = None
