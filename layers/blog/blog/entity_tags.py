"""Entity tags and preconditions (RFC 9110 §8.8.3, §13.1)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from blog.errors import BadRequest

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Lists may hold empty elements (RFC 9110 §5.6.1.2). No two repetitions of white space are adjacent
# in the pattern, so that matching takes linear time.
_TAG_LIST = re.compile(rf"(?:[ \t]*(?:{_TAG}[ \t]*)?,)*[ \t]*(?:{_TAG}[ \t]*)?")
_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})(?:-[^"]*)?"')


def entity_tag(version: int, text: str) -> str:
    """Return the strong tag `"<version>-<digest of the representation without its version>"`.

    `text` is the representation as pydantic writes it: JSON without spaces. Quotes in strings are
    escaped there, so only the member `version` itself can match. Cutting it out of the text saves
    a second serialisation without it.
    """
    rest = text.replace(f'"version":{version},', "", 1).encode()
    return f'"{version}-{hashlib.sha256(rest).hexdigest()[:16]}"'


@dataclass(frozen=True)
class IfMatch:
    """The versions that a request may change; `versions` is None for any version (`*`).

    Only the version is compared, even in a tag that a proxy has made weak. RFC 9110 §13.1.1
    compares whole tags; with that rule, a like or a scheduled publication would make an edit fail.
    """

    versions: frozenset[int] | None

    @classmethod
    def parse(cls, field: str | None) -> Self | None:
        """Parse the request's If-Match field; return None if it is absent.

        A well-formed tag that this API would never send matches nothing. Raises BadRequest if the
        field is not a list of entity tags.
        """
        if field is None:
            return None
        if field.strip(" \t") == "*":
            return cls(None)
        tags = re.findall(_TAG, field)
        if not tags or not _TAG_LIST.fullmatch(field):
            raise BadRequest('If-Match must be * or entity tags in double quotes, such as "3".')
        matches = (_VERSION.fullmatch(tag) for tag in tags)
        return cls(frozenset(int(match[1]) for match in matches if match))

    def holds(self, version: int) -> bool:
        """Return whether the current version is one of these versions."""
        return self.versions is None or version in self.versions


def none_match(field: str | None, current: str) -> bool:
    """Return whether a GET with this If-None-Match field needs a full response.

    The comparison is weak (RFC 9110 §13.1.2).
    """
    if field is None:
        return True
    tags = (tag.removeprefix("W/") for tag in re.findall(_TAG, field))
    return field.strip() != "*" and current not in tags
