"""A part of moto in a process of its own, which ends with its parent."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any, Self


class MotoProcess:
    """A process that runs `python -m module arguments...` and prints lines about itself.

    It ends when its standard input ends, or at the end of the `with` block.
    """

    def __init__(self, module: str, *arguments: str, log: IO[str] | None = None) -> None:
        """Start the process. Its standard error goes to `log`, or to this process's own."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    @property
    def lines(self) -> IO[str]:
        """Return the process's standard output."""
        assert self._process.stdout is not None
        return self._process.stdout

    def send(self, value: object) -> None:
        """Send a value to the process, as one line of JSON."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()

    def first_line(self) -> str:
        """Wait until the process listens, and return its first line.

        Raises RuntimeError if it ends before.
        """
        line = self.lines.readline().strip()
        if not line:
            raise RuntimeError("moto's server did not start")
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its pipes
            self._process.kill()


def serve_until_input_ends(receive: Callable[[Any], object] | None = None) -> None:
    """Pass on the values that the parent sends, then end this process with all its threads."""
    # With one thread, requests wait by intention: do not log it.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    for line in sys.stdin:
        if receive is not None:
            receive(json.loads(line))
    os._exit(0)
