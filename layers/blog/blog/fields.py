"""Field types of request bodies, with their limits."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError, Url

from blog.characters import (
    DIRECTION,
    changes_direction,
    has_hidden_tags,
    has_visible,
    piles_marks,
)
from blog.identifiers import media_id_of
from blog.tags import (
    JOINERS,
    MAX_TAG_CHARACTERS,
    has_tag_characters,
    is_path,
    normalised_tag,
)

MAX_BODY_BYTES = 256 * 1024
MAX_TAGS = 10
MAX_ADDRESS_CHARACTERS = 2000

# Control characters except tab and line breaks, lone surrogates, and two non-characters. XML cannot
# hold them, and the Atom feed is XML.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


# The same characters for the OpenAPI document, whose regular expressions cannot name surrogates.
_CONTROL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff"
# Most invisible characters. Regular expressions differ in how they name the others.
_UNSEEN = (
    r"\s\x85\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc"
)


def _pattern(refused: str, *, blank: bool) -> Any:
    """Build the documented pattern of a text without some characters, and perhaps not blank."""
    middle = "" if blank else f"[^{_UNSEEN}{refused}][^{refused}]*"
    return Field(json_schema_extra={"pattern": f"^[^{refused}]*{middle}$"})


_VISIBLE = Field(json_schema_extra={"pattern": f"[^{_UNSEEN}{_CONTROL}]"})
_LINE = _pattern(_CONTROL + DIRECTION, blank=True)
_LINE_NOT_BLANK = _pattern(_CONTROL + DIRECTION, blank=False)
_HTTPS = "[hH][tT][tT][pP][sS]://"
_ADDRESS = Field(json_schema_extra={"pattern": f"^{_HTTPS}[^{_CONTROL}]+$"})
_COVER = Field(json_schema_extra={"pattern": f"^({_HTTPS}|/media/)[^{_CONTROL}]+$"})
_WIDE = r"\u00a0\u3000"
_IN_TAGS = r"\p{L}\p{M}\p{N}_.+#&'\u00b7()\u2018\u2019\uff07"
_TAG = Field(
    json_schema_extra={
        "maxLength": MAX_TAG_CHARACTERS,
        "pattern": f"^[ {_WIDE}]*[{_IN_TAGS}-][{_IN_TAGS} {_WIDE}{JOINERS}-]*$",
    }
)

_SLUG = "[a-z0-9-]{1,120}"


def is_slug(text: str) -> bool:
    """Return whether a post can have this slug."""
    return re.fullmatch(_SLUG, text) is not None


def without_refused(text: str) -> str:
    """Replace each character that XML cannot hold with the replacement character."""
    return _REFUSED.sub("\ufffd", text)


def _plain(text: str) -> str:
    if refused := _REFUSED.search(text):
        line, column = _place(text, refused.start())
        message = "Must not contain control characters: one is in line {line}, column {column}"
        raise PydanticCustomError("control_character", message, {"line": line, "column": column})
    return text


def _place(text: str, index: int) -> tuple[int, int]:
    """Return the line and the column of a character, both from 1, as editors count them."""
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _without_control(value: object) -> object:
    """Drop the characters that XML cannot hold, and byte order marks. Exports leave them behind."""
    return _REFUSED.sub("", value).replace("\ufeff", "") if isinstance(value, str) else value


def _not_blank(text: str) -> str:
    if not has_visible(text):
        raise PydanticCustomError("blank", "Must not be blank")
    return text


def _few_marks(text: str) -> str:
    if piles_marks(text):
        message = "Must not have more than 5 accents or other marks in a row"
        raise PydanticCustomError("marks", message)
    return text


def _line(text: str) -> str:
    """Refuse what deceives readers where other texts stand beside this one, as in lists."""
    if changes_direction(_plain(text)):
        message = "Must not contain characters that change the direction of text"
        raise PydanticCustomError("direction", message)
    if has_hidden_tags(text):
        raise PydanticCustomError("hidden_tags", "Must not contain hidden tag characters")
    return _few_marks(text)


def _name(text: str) -> str:
    from blog.names import enforced  # noqa: PLC0415 - it loads slowly, and only one route needs it

    return enforced(_not_blank(_plain(text)))


def _within_body_limit(text: str) -> str:
    if len(text.encode()) > MAX_BODY_BYTES:
        raise PydanticCustomError("too_long", "Must be at most 256 KiB of UTF-8")
    return text


def _tag(tag: str) -> str:
    normal = normalised_tag(_plain(tag))
    if not 1 <= len(normal) <= MAX_TAG_CHARACTERS:
        raise PydanticCustomError("tag_length", "Must have 1 to 40 characters")
    if not has_tag_characters(normal):
        raise PydanticCustomError(
            "tag_characters", "Must only have letters, digits, spaces and - _ . + # & ' \u00b7 ( )"
        )
    if is_path(normal):
        raise PydanticCustomError(
            "tag_path", "Must not be . or .., because addresses cannot have it"
        )
    return _few_marks(_not_blank(normal))


def _https_address(text: str) -> str:
    """Normalise an https address as the URL standard does: no character can end an attribute."""
    try:
        url = Url(_plain(text))
    except ValidationError as e:
        raise PydanticCustomError("address", "Must be an https address") from e
    if url.scheme != "https" or not url.host or url.username or url.password:
        raise PydanticCustomError("address", "Must be an https address without a password")
    if len(str(url)) > MAX_ADDRESS_CHARACTERS:
        raise PydanticCustomError("too_long", "Must have at most 2000 characters when encoded")
    return str(url)


def _cover_image(text: str) -> str:
    """Accept an https address or a media path; the write checks that the caller owns the image."""
    if media_id_of(text):
        return text
    try:
        return _https_address(text)
    except PydanticCustomError as e:
        if e.type != "address":
            raise
        message = "Must be an https address, or the path of your own image: /media/ and its id"
        raise PydanticCustomError("address", message) from e


def _empty_as_none(value: object) -> object:
    return None if value == "" else value


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _none_as_empty(value: object) -> object:
    return [] if value is None else value


Title = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_line),
    AfterValidator(_not_blank),
    _LINE_NOT_BLANK,
]
Body = Annotated[
    str,
    BeforeValidator(_without_control, json_schema_input_type=str),
    AfterValidator(_within_body_limit),
]
Excerpt = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    AfterValidator(_line),
    AfterValidator(_not_blank),
    _LINE_NOT_BLANK,
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=80),
    AfterValidator(_name),
    AfterValidator(_not_blank),
    AfterValidator(_few_marks),
    _LINE_NOT_BLANK,
]
_CommentLength = StringConstraints(min_length=1, max_length=5000)
CommentBody = Annotated[
    str,
    _CommentLength,
    BeforeValidator(
        _without_control, json_schema_input_type=Annotated[str, _CommentLength, _VISIBLE]
    ),
    AfterValidator(_not_blank),
]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    AfterValidator(_line),
    AfterValidator(_not_blank),
    _LINE_NOT_BLANK,
]
Bio = Annotated[str, StringConstraints(max_length=500), AfterValidator(_line), _LINE]
BioOrNone = Annotated[Bio | None, BeforeValidator(_empty_as_none)]
HttpsAddress = Annotated[
    str,
    StringConstraints(max_length=MAX_ADDRESS_CHARACTERS),
    AfterValidator(_https_address),
    _ADDRESS,
]
# An empty text clears an address, as null does.
HttpsAddressOrNone = Annotated[
    HttpsAddress | None,
    BeforeValidator(
        _empty_as_none,
        json_schema_input_type=Annotated[
            str,
            StringConstraints(max_length=MAX_ADDRESS_CHARACTERS),
            Field(json_schema_extra={"pattern": f"^({_HTTPS}[^{_CONTROL}]+)?$"}),
        ]
        | None,
    ),
]
CoverImage = Annotated[
    str,
    StringConstraints(max_length=MAX_ADDRESS_CHARACTERS),
    AfterValidator(_cover_image),
    _COVER,
]
Slug = Annotated[str, StringConstraints(pattern=f"^{_SLUG}$")]
Tag = Annotated[str, AfterValidator(_tag)]
Tags = Annotated[
    list[Tag],
    Field(max_length=MAX_TAGS),
    AfterValidator(_unique),
    BeforeValidator(
        _none_as_empty,
        json_schema_input_type=Annotated[
            list[Annotated[str, _TAG]] | None, Field(json_schema_extra={"maxItems": MAX_TAGS})
        ],
    ),
]
