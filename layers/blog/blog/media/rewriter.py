"""Starts the program that rewrites an upload (rewriting.py), and reads its result.

It never imports Pillow: the program decodes files of strangers in a process of its own, which has
limits and no credentials.
"""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from blog.media import reasons
from blog.media.image_types import HEAD_BYTES, is_image

SECONDS = 45.0  # of the 60 that the inspector has
MEMORY = 1536 * 1024 * 1024  # of the 2,048 MB that the inspector has
MAX_OUTPUT = 4096

_COLOR = re.compile("#[0-9a-f]{6}")


@dataclass(frozen=True)
class Rewritten:
    """The files `<width>.webp` in the folder, with their sizes in bytes by width.

    `width` and `height` are those of the largest. `color` is the average, as #rrggbb.
    """

    width: int
    height: int
    color: str
    sizes: dict[int, int]


@dataclass(frozen=True)
class Refused:
    """The upload cannot become an image. `reason` is for its owner (reasons.py)."""

    reason: str


class RewriterFailed(Exception):
    """The machine failed, not the image: the same upload may succeed later."""


def rewrite(
    upload: Path,
    folder: Path,
    content_type: str,
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Rewritten | Refused:
    """Write the image of this file into the folder, as `<width>.webp` for each width.

    `content_type` is the announced type; `seconds` and `memory` (bytes) limit the program. A crash
    and an exceeded limit are refusals, because they would come again. Raises RewriterFailed, and
    OSError if the program cannot be started.
    """
    program = [sys.executable, "-P", "-m", "blog.media.rewriting"]
    arguments = [str(upload.absolute()), str(folder.absolute()), content_type, str(memory)]
    with (
        TemporaryFile() as output,
        subprocess.Popen(  # noqa: S603 - our own program, and no shell
            [*program, *arguments],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return Refused(reasons.TOO_SLOW)
        finally:
            process.kill()  # also after an interruption; it does nothing once the program has ended
        size = output.seek(0, os.SEEK_END)
        output.seek(max(0, size - MAX_OUTPUT))
        text = output.read(MAX_OUTPUT).decode(errors="replace")
    if code == -signal.SIGKILL:
        return Refused(reasons.TOO_MUCH_MEMORY)  # the kernel ended it
    if code < 0:
        return Refused(reasons.DAMAGED)
    if code > 0:
        raise RewriterFailed(f"The program ended with code {code}: {text}")
    return _result(text, folder)


def _environment() -> dict[str, str]:
    """Return the program's environment. It contains no credentials."""
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if "LD_LIBRARY_PATH" in os.environ:  # by which Lambda's Python finds its own libraries
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return environment


def _result(text: str, folder: Path) -> Rewritten | Refused:
    """Parse what the program printed, and check the files that it wrote.

    A program that a hostile file has taken over may print and write anything.
    """
    try:
        result: dict[str, Any] = json.loads(text.splitlines()[-1])
        if "refused" in result:
            return Refused(str(result["refused"]))
        width, height, color = int(result["width"]), int(result["height"]), str(result["color"])
        sizes = {int(width): int(size) for width, size in result["sizes"].items()}
        if not _COLOR.fullmatch(color) or max(sizes) != width:  # both become part of HTML
            raise ValueError("no color, or no file of this width")
    except (ValueError, TypeError, LookupError, AttributeError) as e:
        raise RewriterFailed(f"The program printed no result: {text}") from e
    for one, size in sizes.items():
        path = folder / f"{one}.webp"
        with path.open("rb") as file:
            is_webp = is_image(file.read(HEAD_BYTES), "image/webp")
        if not is_webp or path.stat().st_size != size:
            raise RewriterFailed(f"The program wrote another file than it says: {path.name}")
    return Rewritten(width, height, color, sizes)
