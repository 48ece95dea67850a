"""Exports and erasures in responses."""

from typing import Literal

from pydantic import BaseModel

from blog.clock import Timestamp


class Export(BaseModel):
    """The state of an export: a zip of everything that the user wrote and uploaded.

    `url` is valid until `expires_at`. After that, a new request returns a new URL.
    """

    status: Literal["none", "preparing", "ready"]
    url: str | None
    expires_at: Timestamp | None


ErasureContent = Literal["erase", "anonymise"]


class Erasure(BaseModel):
    """The state of an erasure. It is reported for 30 days after its end."""

    status: Literal["none", "erasing", "done"]
    content: ErasureContent | None = None
    requested_at: Timestamp | None = None
    finished_at: Timestamp | None = None
