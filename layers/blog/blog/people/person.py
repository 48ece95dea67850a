"""Users: the person behind a request, and the author that everyone sees."""

from typing import Any, NamedTuple, Self

from pydantic import BaseModel

NEUTRAL_NAME = "Unnamed author"


class Person(NamedTuple):
    """A user: the raw `sub`, which never leaves the back end, and the public author id."""

    sub: str
    author_id: str


class Author(BaseModel):
    """An author, under the public author id."""

    id: str
    name: str
    picture: str | None

    @classmethod
    def of(cls, author_id: str, profile: dict[str, Any] | None) -> Self:
        """Build an author from the stored profile, with a neutral name if there is none."""
        profile = profile or {}
        name = profile.get("name") or NEUTRAL_NAME
        return cls(id=author_id, name=name, picture=profile.get("picture"))
