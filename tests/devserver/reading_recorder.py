"""`python -I reading_recorder.py RUNTIME FOLDER...`: the devserver's runtime, with an environment
that knows what was read of it, and says so as JSON on standard error when the process ends.

Before that, where the handler has a bucket, its client is made, which would be at the first use.
"""

import atexit
import json
import os
import runpy
import sys
from collections.abc import MutableMapping
from typing import Any


class Recorder(MutableMapping[str, str]):
    """The environment, and the names that were asked for; to copy all of it asks for none."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
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
        """As os.environ has it."""
        return dict(self._environment)


recorder = Recorder(os.environ)


def tell() -> None:
    if storage := sys.modules.get("blog.s3"):
        storage.Bucket("bucket")._client  # noqa: B018 - makes it
    sys.stderr.write(f"ASKED {json.dumps(sorted(recorder.asked))}\n")


atexit.register(tell)
os.environ = recorder  # type: ignore[assignment]  # noqa: B003 - the process's own stays
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
