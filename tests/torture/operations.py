"""What a client did and what it was told: a line of JSON before, and one after."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Operation:
    """One request. `mark` is a word that nobody else writes; `end` and `status` are None where
    nobody was left to be told."""

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
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """It was said to be done."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        """It was said not to be done."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def is_unknown(self) -> bool:
        """Nobody was told whether it is done: it may be, and may yet be later."""
        return not self.is_done and not self.is_refused

    @property
    def until(self) -> float:
        """When it has taken effect at the latest, if at all."""
        return self.end if self.end is not None and not self.is_unknown else float("inf")


def before(operation: Operation) -> str:
    """The line that is written before the request."""
    begun = {**vars(operation), "end": None, "status": None, "answer": {}}
    return json.dumps(begun) + "\n"


def after(operation: Operation) -> str:
    """The line that is written after it."""
    names = ("id", "end", "status", "answer")
    return json.dumps({name: getattr(operation, name) for name in names}) + "\n"


def read(files: Iterable[Path]) -> list[Operation]:
    """All operations of some clients, by their start. A line that a killed client did not finish is
    none."""
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
