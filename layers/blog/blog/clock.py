"""Times: UTC, to the millisecond, written as RFC 3339 with three decimals and a Z."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Protocol

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    Strict,
)
from pydantic_core import PydanticCustomError

# What a scheduled run keeps in reserve: more than a publication or a batch of deletions takes at
# its worst, when every call needs its last retry.
MILLISECONDS_TO_END = 15_000


def now() -> datetime:
    """Return the current time."""
    return to_millisecond(datetime.now(UTC))


def to_millisecond(time: datetime) -> datetime:
    """Convert a time to UTC and cut it to milliseconds, the precision that is stored.

    Raises PydanticCustomError if the result is before the year 1 or after 9999.
    """
    if time.tzinfo is UTC and not time.microsecond % 1000:
        return time
    try:
        time = time.astimezone(UTC)
    except OverflowError as e:
        raise PydanticCustomError("time_range", "Must be between the years 1 and 9999") from e
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def to_rfc3339(time: datetime) -> str:
    """Format a time as `2026-01-31T09:30:00.000Z`. Such texts sort like the times."""
    in_utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return f"{in_utc.isoformat(timespec='milliseconds')[:-6]}Z"


class _Context(Protocol):
    """The part of a Lambda context that knows the time left."""

    def get_remaining_time_in_millis(self) -> int: ...


def ends_soon(context: _Context) -> Callable[[], bool]:
    """Return a function that says whether a scheduled run must stop before Lambda ends it."""
    return lambda: context.get_remaining_time_in_millis() < MILLISECONDS_TO_END


def _text(value: object) -> str:
    # Pydantic also reads a number in a text, as seconds from 1970.
    if not isinstance(value, str) or not _DATE.match(value):
        raise PydanticCustomError("time_type", "Must be a time such as 2026-01-31T09:30:00Z")
    return value


_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = Field(json_schema_extra={"format": "date-time"})

# A time in a request: text, with an offset.
TimestampInput = Annotated[
    AwareDatetime,
    Strict(False),
    BeforeValidator(_text, json_schema_input_type=str),
    AfterValidator(to_millisecond),
    _DATE_TIME,
]
Timestamp = Annotated[
    datetime,
    AfterValidator(to_millisecond),
    PlainSerializer(to_rfc3339, return_type=str),
    _DATE_TIME,
]
