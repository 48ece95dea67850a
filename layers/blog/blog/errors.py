"""Errors that become HTTP responses.

Problem (RFC 9457)
├── BadRequest            400   malformed JSON, UTF-8, query, cursor or If-Match
├── Unauthorized          401   no token, or a token that has expired since it was verified
├── Forbidden             403   visible, but it belongs to another user
│   └── InsufficientScope 403   a permission is missing
├── NotFound              404   does not exist, or is private
├── Conflict              409
│   ├── SlugTaken         409
│   └── WriteContended    409   other requests kept changing the same item
├── PreconditionFailed    412   If-Match does not match
├── ContentTooLarge       413
├── UnsupportedMediaType  415
├── Unprocessable         422   fields are invalid; the response names each
├── TooManyRequests       429   over an hourly limit
├── InternalError         500   an error in this code
└── Unavailable           503   DynamoDB or S3 is not available

Each class owns its status, title and headers; `blog.http.responses` renders them.
"""

import math
import traceback
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from blog.clock import to_rfc3339


class FieldError(NamedTuple):
    """An invalid member of a body and what is wrong with it. `tags.3` is the fourth tag."""

    field: str
    message: str


class Problem(Exception):
    """Root of all errors that become a response. Its text is for the client."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this kind of error."""
        return {}

    @property
    def members(self) -> dict[str, Any]:
        """Return the members of the body besides type, title, status and detail."""
        return {}


class BadRequest(Problem):
    """The request cannot be understood."""

    status = 400
    title = "Bad Request"


class Unauthorized(Problem):
    """The request has no token, or the token has expired (RFC 6750 §3)."""

    status = 401
    title = "Unauthorized"

    def __init__(self, detail: str, error: str) -> None:
        super().__init__(detail)
        self.error = error

    @property
    def headers(self) -> dict[str, str]:
        """Return the challenge, with the error if there was a token.

        API Gateway renames the header, so the body says the same.
        """
        has_token = self.error == "invalid_token"
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if has_token else "Bearer"}

    @property
    def members(self) -> dict[str, Any]:
        """Return the error code of RFC 6750 and its description."""
        return {"error": self.error, "error_description": self.detail}


class Forbidden(Problem):
    """The token is valid and the item is visible, but the caller may not change it."""

    status = 403
    title = "Forbidden"


class InsufficientScope(Forbidden):
    """The token lacks a permission (RFC 6750 §3.1)."""

    @property
    def headers(self) -> dict[str, str]:
        """Return the challenge. API Gateway renames the header, so the body says the same."""
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}

    @property
    def members(self) -> dict[str, Any]:
        """Return the error code of RFC 6750 and its description."""
        return {"error": "insufficient_scope", "error_description": self.detail}


class NotFound(Problem):
    """The item does not exist, or its existence is private."""

    status = 404
    title = "Not Found"


class Conflict(Problem):
    """The request conflicts with the stored state."""

    status = 409
    title = "Conflict"


class SlugTaken(Conflict):
    """The requested slug belongs to another post, which the response does not name."""

    def __init__(self) -> None:
        super().__init__("The slug is taken: choose another one.")


class WriteContended(Conflict):
    """A write lost the race against other writes at every attempt."""

    def __init__(self) -> None:
        super().__init__("Other requests changed this at the same time: try again.")


class PreconditionFailed(Problem):
    """The request's If-Match does not name the current version."""

    status = 412
    title = "Precondition Failed"

    def __init__(self, current_version: int) -> None:
        super().__init__("It has changed since the version that If-Match names.")
        self.current_version = current_version

    @property
    def members(self) -> dict[str, Any]:
        """Return the version that a new attempt must name."""
        return {"current_version": self.current_version}


class ContentTooLarge(Problem):
    """The request's body is larger than the API accepts."""

    status = 413
    title = "Content Too Large"


class UnsupportedMediaType(Problem):
    """The request's body is not JSON."""

    status = 415
    title = "Unsupported Media Type"


class Unprocessable(Problem):
    """Some fields are invalid."""

    status = 422
    title = "Unprocessable Content"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("Some fields are not valid.")
        self.errors = errors

    @property
    def members(self) -> dict[str, Any]:
        """Return the invalid fields and what is wrong with each."""
        return {"errors": [error._asdict() for error in self.errors]}


class TooManyRequests(Problem):
    """The caller has reached an hourly limit."""

    status = 429
    title = "Too Many Requests"

    def __init__(
        self, limit: str, what: str, per_hour: int, at: datetime, resets_at: datetime
    ) -> None:
        """Give the limit's name, what it limits in words, its number, and when its hour ends."""
        super().__init__(
            f"You have reached the limit of {per_hour} {what} an hour, until {resets_at:%H:%M} UTC."
        )
        self.limit = limit
        self._per_hour = per_hour
        self._resets_at = resets_at
        self._seconds = max(1, math.ceil((resets_at - at).total_seconds()))

    @property
    def headers(self) -> dict[str, str]:
        """Return when to try again, in seconds."""
        return {"Retry-After": str(self._seconds)}

    @property
    def members(self) -> dict[str, Any]:
        """Return the limit's name and number, and when it resets."""
        resets_at = to_rfc3339(self._resets_at)
        return {"limit": self.limit, "per_hour": self._per_hour, "resets_at": resets_at}


class InternalError(Problem):
    """An unexpected error; the log has the details."""

    status = 500
    title = "Internal Server Error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on the server: try again later.")


class Unavailable(Problem):
    """DynamoDB or S3 throttles requests or cannot be reached."""

    status = 503
    title = "Service Unavailable"

    def __init__(self, reasons: Sequence[str] = ()) -> None:
        """Keep DynamoDB's reasons for throttling, such as TableWriteKeyRangeThroughputExceeded."""
        self.reasons = tuple(reasons)
        super().__init__("A service that this API depends on is not available: try again later.")

    @property
    def headers(self) -> dict[str, str]:
        """Return when to try again, in seconds."""
        return {"Retry-After": "5"}


def traceback_frames(error: BaseException) -> list[str]:
    """Return the lines of code of an exception's traceback, for the log.

    The exception's text is never logged, because it may hold personal data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
