"""Times: UTC, to the millisecond, written as RFC 3339 with three decimals and a Z."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    Strict,
)
from pydantic_core import PydanticCustomError


def now() -> datetime:
    """The present moment."""
    return to_millisecond(datetime.now(UTC))


def to_millisecond(moment: datetime) -> datetime:
    """The same moment in UTC, cut to the precision that is stored; a validation error where that
    would be before the year 1 or after 9999."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as e:
        raise PydanticCustomError("time_range", "Must be between the years 1 and 9999") from e
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_rfc3339(moment: datetime) -> str:
    """`2026-01-31T09:30:00.000Z`: texts of this form sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("time_type", "Must be a time such as 2026-01-31T09:30:00Z")
    return value


_DATE_TIME = Field(json_schema_extra={"format": "date-time"})

# A time as people send it: text, with an offset.
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
