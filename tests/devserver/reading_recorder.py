"""Run the dev server's runtime, and print which environment variables it read.

`python -I reading_recorder.py RUNTIME FOLDER...` prints their names as JSON on standard error when
the process ends. Handlers create the client of their bucket at its first use, so it is created
before that.
"""

import atexit
import json
import os
import runpy
import sys
from collections.abc import MutableMapping
from typing import Any


class Recorder(MutableMapping[str, str]):
    """The environment, with the names that were read. A copy of all of it reads none."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return str(self._environment[name])

    def __setitem__(self, name: str, value: str) -> None:
        self._environment[name] = value

    def __delitem__(self, name: str) -> None:
        del self._environment[name]

    def __iter__(self) -> Any:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)

    def items(self) -> Any:
        return self._environment.items()

    def copy(self) -> dict[str, str]:
        """Return a copy, as os.environ does."""
        return dict(self._environment)


recorder = Recorder(os.environ)


def print_read_names() -> None:
    if storage := sys.modules.get("blog.s3"):
        storage.Bucket("bucket")._client  # noqa: B018 - creates it
    sys.stderr.write(f"READ {json.dumps(sorted(recorder.read))}\n")


atexit.register(print_read_names)
os.environ = recorder  # type: ignore[assignment]  # noqa: B003 - the process's own environment stays
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
