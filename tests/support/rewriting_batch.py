"""Rewrites many files in one process, as the program of rewriting.py rewrites one.

    python -m tests.support.rewriting_batch MEMORY < FILES

FILES is what `packed` returns. It prints a line of JSON for each file (`Outcome`) as soon as it is
known. So the number of lines names the file that ended the process.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from blog.media import rewriting
from tests.support.memory import peak_memory
from tests.support.samples import ROOT


class Outcome(NamedTuple):
    """The widths of a rewritten file, or why it was refused. `peak` is the process's, in bytes."""

    widths: list[int] | None
    refused: str | None
    seconds: float
    peak: int


def batch(
    files: Sequence[tuple[str, bytes]], *, memory: int, seconds: float
) -> tuple[list[Outcome], str]:
    """Rewrite files (type and content); return their outcomes, and what ended the process early."""
    packed = b"".join(
        f"{content_type} {len(data)}\n".encode() + data for content_type, data in files
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.rewriting_batch", str(memory)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=ROOT,
            input=packed,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as e:
        return _outcomes(e.stdout or b""), "it took too long"
    fault = f"code {done.returncode}: {done.stderr.decode()[-2000:]}" if done.returncode else ""
    return _outcomes(done.stdout), fault


def _outcomes(output: bytes) -> list[Outcome]:
    return [Outcome(*json.loads(line)) for line in output.splitlines()]


def main() -> None:
    """Rewrite the files from standard input."""
    rewriting.limit(int(sys.argv[1]))
    while line := sys.stdin.buffer.readline():
        content_type, size = line.split()
        data = sys.stdin.buffer.read(int(size))
        widths, refused, started = None, None, time.monotonic()
        try:
            widths = [*rewriting.rewrite(data, content_type.decode()).files]
        except rewriting.Refusal as e:
            refused = str(e)
        seconds = time.monotonic() - started
        peak = peak_memory()
        sys.stdout.write(json.dumps(Outcome(widths, refused, seconds, peak)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
