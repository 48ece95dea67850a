"""Entity tags and the preconditions made of them (RFC 9110 §8.8.3, §13.1)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from blog.errors import BadRequest

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Empty elements are to be accepted (RFC 9110 §5.6.1.2); no two runs of white space are adjacent.
_TAG_LIST = re.compile(rf"(?:[ \t]*(?:{_TAG}[ \t]*)?,)*[ \t]*(?:{_TAG}[ \t]*)?")
_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})(?:-[^"]*)?"')


def entity_tag(version: int, text: str) -> str:
    """`"<version>-<digest of everything else in the representation>"`, a strong tag.

    `text` is the representation as pydantic writes it: JSON without spaces, whose strings hold no
    quotes that are not escaped, so nothing but the member looks like it.
    """
    rest = text.replace(f'"version":{version},', "", 1).encode()
    return f'"{version}-{hashlib.sha256(rest).hexdigest()[:16]}"'


@dataclass(frozen=True)
class IfMatch:
    """The versions that a client is ready to change; None for any, as `*` says.

    It compares the version alone, also in a tag that a proxy has weakened. RFC 9110 §13.1.1 would
    compare whole tags, and then a like, or a publication on schedule, would spoil an editor's save.
    """

    versions: frozenset[int] | None

    @classmethod
    def parse(cls, field: str | None) -> Self | None:
        """From the request's If-Match, or None where there is none.

        A tag that none of ours could be is well-formed and matches nothing. Raises BadRequest for
        what is no list of entity tags.
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
        """Whether the current version is one of them."""
        return self.versions is None or version in self.versions


def none_match(field: str | None, current: str) -> bool:
    """Whether If-None-Match lets a GET answer in full; weak comparison (RFC 9110 §13.1.2)."""
    if field is None:
        return True
    tags = (tag.removeprefix("W/") for tag in re.findall(_TAG, field))
    return field.strip() != "*" and current not in tags
