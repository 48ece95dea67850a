"""Operations of a client and their responses: a line of JSON before each request, and one after
it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Operation:
    """A request in a history. `mark` is a unique word.

    `end` and `status` are None if the client was killed before the response.
    """

    id: str
    person: str
    kind: str
    target: str | None
    start: float
    sent: dict[str, Any] = field(default_factory=dict)
    if_match: int | None = None
    key: str | None = None
    end: float | None = None
    status: int | None = None
    response: dict[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether the response reported success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        """Whether the response reported a refusal."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def is_unknown(self) -> bool:
        """Whether the client does not know the result: it may be done, now or later."""
        return not self.is_done and not self.is_refused

    @property
    def until(self) -> float:
        """The latest time at which the operation can have taken effect."""
        return self.end if self.end is not None and not self.is_unknown else float("inf")


def before(operation: Operation) -> str:
    """Return the line to write before the request."""
    started = {**vars(operation), "end": None, "status": None, "response": {}}
    return json.dumps(started) + "\n"


def after(operation: Operation) -> str:
    """Return the line to write after the response."""
    names = ("id", "end", "status", "response")
    return json.dumps({name: getattr(operation, name) for name in names}) + "\n"


def read(files: Iterable[Path]) -> list[Operation]:
    """Return all operations of some clients, by their start.

    Unfinished lines of killed clients are skipped.
    """
    found: dict[str, Operation] = {}
    for path in files:
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                _add(found, json.loads(line))
    return sorted(found.values(), key=lambda operation: operation.start)


def _add(found: dict[str, Operation], line: Mapping[str, Any]) -> None:
    if "kind" in line:
        found[line["id"]] = Operation(**line)
    else:
        for name, value in line.items():
            setattr(found[line["id"]], name, value)
