"""What a request can end with instead of what was asked for.

Problem (RFC 9457)
├── BadRequest            400   malformed JSON, UTF-8, query, cursor or If-Match
├── Unauthorized          401   no token, or one that has expired since it was verified
├── Forbidden             403   visible, and not yours
│   └── InsufficientScope 403   a permission is missing
├── NotFound              404   not there, or not yours to know of
├── Conflict              409
│   ├── SlugTaken         409
│   └── WriteContended    409   others wrote the same thing again and again
├── PreconditionFailed    412   If-Match does not match
├── ContentTooLarge       413
├── UnsupportedMediaType  415
├── Unprocessable         422   fields are at fault, each named
├── TooManyRequests       429   as often as one may in an hour
├── InternalError         500   a fault of ours
└── Unavailable           503   a part that we depend on is away

Each class owns its status, title and headers; `blog.responses` renders them.
"""

import traceback
from typing import Any, ClassVar, NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one member of a body, `tags.3` for the fourth tag."""

    field: str
    message: str


class Problem(Exception):
    """Root of all errors that become an answer. Its text is for the client."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to this kind of error."""
        return {}

    @property
    def members(self) -> dict[str, Any]:
        """Members of the body beside type, title, status and detail."""
        return {}


class BadRequest(Problem):
    """The request cannot be understood."""

    status = 400
    title = "Bad Request"


class Unauthorized(Problem):
    """Nobody is behind the request, or no longer (RFC 6750 §3)."""

    status = 401
    title = "Unauthorized"

    def __init__(self, detail: str, error: str) -> None:
        super().__init__(detail)
        self.error = error

    @property
    def headers(self) -> dict[str, str]:
        """The challenge, with the error where a token came; API Gateway renames it, so the body
        says the same."""
        has_token = self.error == "invalid_token"
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if has_token else "Bearer"}

    @property
    def members(self) -> dict[str, Any]:
        """The error code of RFC 6750 and its description."""
        return {"error": self.error, "error_description": self.detail}


class Forbidden(Problem):
    """The token is good, the thing is visible, and it is not theirs to change."""

    status = 403
    title = "Forbidden"


class InsufficientScope(Forbidden):
    """The token lacks a permission (RFC 6750 §3.1)."""

    @property
    def headers(self) -> dict[str, str]:
        """The challenge; API Gateway renames it, so the body says the same."""
        return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}

    @property
    def members(self) -> dict[str, Any]:
        """The error code of RFC 6750 and its description."""
        return {"error": "insufficient_scope", "error_description": self.detail}


class NotFound(Problem):
    """It does not exist, or its existence is private."""

    status = 404
    title = "Not Found"


class Conflict(Problem):
    """The request does not fit what is stored."""

    status = 409
    title = "Conflict"


class SlugTaken(Conflict):
    """A slug that was asked for belongs to another post, which is not named."""

    def __init__(self) -> None:
        super().__init__("The slug is taken: choose another one.")


class WriteContended(Conflict):
    """A write lost the race against others as often as it was tried."""

    def __init__(self) -> None:
        super().__init__("Others changed this at the same moment: try again.")


class PreconditionFailed(Problem):
    """The If-Match of a request names another version than the current one."""

    status = 412
    title = "Precondition Failed"

    def __init__(self, current_version: int) -> None:
        super().__init__("It was changed since the version that If-Match names.")
        self.current_version = current_version

    @property
    def members(self) -> dict[str, Any]:
        """The version that a new attempt must name."""
        return {"current_version": self.current_version}


class ContentTooLarge(Problem):
    """The request's body is larger than any that would be accepted."""

    status = 413
    title = "Content Too Large"


class UnsupportedMediaType(Problem):
    """The request's body is not JSON."""

    status = 415
    title = "Unsupported Media Type"


class Unprocessable(Problem):
    """Fields are at fault."""

    status = 422
    title = "Unprocessable Content"

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("Some fields are not valid.")
        self.errors = errors

    @property
    def members(self) -> dict[str, Any]:
        """The fields and what is wrong with each."""
        return {"errors": [error._asdict() for error in self.errors]}


class TooManyRequests(Problem):
    """Somebody has done this as often as they may in an hour."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": str(self.retry_after)}


class InternalError(Problem):
    """Something failed that should not have; the log knows what."""

    status = 500
    title = "Internal Server Error"

    def __init__(self) -> None:
        super().__init__("Something went wrong on the server: try again later.")


class Unavailable(Problem):
    """DynamoDB or S3 throttles, or cannot be reached."""

    status = 503
    title = "Service Unavailable"

    def __init__(self) -> None:
        super().__init__("A part that this API depends on is away: try again later.")

    @property
    def headers(self) -> dict[str, str]:
        """When to try again, in seconds."""
        return {"Retry-After": "5"}


def traceback_frames(error: BaseException) -> list[str]:
    """The lines of code that an unexpected exception passed on its way.

    What is logged of it: never its text, in which there may be anybody's data.
    """
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
