"""People: who they are to the table, and to everyone else."""

from typing import Any, NamedTuple, Self

from pydantic import BaseModel

NEUTRAL_NAME = "Unnamed author"


class Person(NamedTuple):
    """Somebody who writes: the raw sub, which never leaves the back end, and its public name."""

    sub: str
    author_id: str


class Author(BaseModel):
    """Who wrote something, under their public id."""

    id: str
    name: str
    picture: str | None

    @classmethod
    def of(cls, author_id: str, profile: dict[str, Any] | None) -> Self:
        """From the stored profile; a neutral name where there is none."""
        profile = profile or {}
        name = profile.get("name") or NEUTRAL_NAME
        return cls(id=author_id, name=name, picture=profile.get("picture"))
