"""Time and memory of the program that rewrites images, compared with Pillow's decoding alone.

Both decode the same file, each in a process of its own, in turn. CPU time and peak memory are those
of the whole process, with its imports. The program decodes large JPEG files at a smaller scale, so
it may need less than what it is compared with.
"""

import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from blog.media.image_types import MAX_BYTES
from blog.media.rewriter import MEMORY
from tests.performance.figures import Figures
from tests.support.images import animated, encoded, photo
from tests.support.samples import ROOT

TURNS = 3
SIZES = {"1 MP": (1200, 833), "12 MP": (4000, 3000), "50 MP": (8160, 6120)}
END = """
from tests.support.memory import peak_memory
print(time.process_time(), peak_memory() / 1024**2)
"""
DECODING = """
import sys, time
from PIL import Image
with Image.open(sys.argv[1]) as image:
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        image.load()
"""
REWRITING = """
import sys, time
from blog.media import rewriting
rewriting.main()
"""


class Case(NamedTuple):
    """A file, and the most CPU time and memory of those of decoding it."""

    name: str
    data: bytes
    content_type: str
    most_time: float
    most_memory: float


class _Cost(NamedTuple):
    seconds: float
    megabytes: float


def _cases() -> list[Case]:
    middle = _photo(2000, 1500).resize(SIZES["12 MP"])
    small, large = middle.resize(SIZES["1 MP"]), middle.resize(SIZES["50 MP"])
    moving = [small.crop((n, n, n + 500, n + 400)) for n in range(0, 240, 4)]
    jpeg = [encoded(image, "image/jpeg", quality=60) for image in (small, middle, large)]
    png = [encoded(photo(*size), "image/png", compress_level=1) for size in SIZES.values()]
    return [
        Case("JPEG, 1 MP", jpeg[0], "image/jpeg", 10, 3),
        Case("JPEG, 12 MP", jpeg[1], "image/jpeg", 22, 3.5),
        Case("JPEG, 50 MP", jpeg[2], "image/jpeg", 10, 1.2),
        Case("PNG, 1 MP", png[0], "image/png", 8, 3),
        Case("PNG, 12 MP", png[1], "image/png", 10, 3.5),
        Case("PNG, 50 MP", png[2], "image/png", 8, 2.5),
        Case("GIF, 60 frames, 12 MP", animated(moving, "image/gif"), "image/gif", 22, 12),
    ]


def _photo(width: int, height: int) -> Image.Image:
    """Return a photo with details of several sizes."""
    image = photo(width, height)
    for scale in (4, 16, 64):
        noise = Image.effect_noise((width // scale, height // scale), 60).resize((width, height))
        image = Image.blend(image, Image.merge("RGB", [noise] * 3), 0.15)
    return image


def measure(figures: Figures) -> None:
    """Rewrite and decode each file; measure the size of the layer."""
    for case in _cases():
        if len(case.data) > MAX_BYTES:
            raise ValueError(f"{case.name} is larger than an upload may be")
        rewriting, decoding = _measured(case)
        figures.add(f"{case.name}: rewriting, s", rewriting.seconds)
        figures.add(f"{case.name}: rewriting, MB", rewriting.megabytes, MEMORY / 1024**2 / 1.5)
        time, memory = (
            rewriting.seconds / decoding.seconds,
            rewriting.megabytes / decoding.megabytes,
        )
        figures.add(f"{case.name}: time / decoding", time, case.most_time)
        figures.add(f"{case.name}: memory / decoding", memory, case.most_memory)
    figures.add("the layer with Pillow, MB", _layer(), 30)


def _measured(case: Case) -> tuple[_Cost, _Cost]:
    """Return the costs of rewriting a file and of decoding it: the least of several turns."""
    with tempfile.TemporaryDirectory() as folder:
        upload = Path(folder, "upload")
        upload.write_bytes(case.data)
        arguments = (str(upload), folder, case.content_type, str(MEMORY))
        turns = [(_cost(REWRITING, arguments), _cost(DECODING, arguments)) for _ in range(TURNS)]
    rewriting, decoding = (
        _Cost(min(one.seconds for one in costs), min(one.megabytes for one in costs))
        for costs in zip(*turns, strict=True)
    )
    return rewriting, decoding


def _cost(program: str, arguments: tuple[str, ...]) -> _Cost:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", program + END, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    seconds, megabytes = done.stdout.splitlines()[-1].split()
    return _Cost(float(seconds), float(megabytes))


def _layer() -> float:
    """Return the size of Pillow as it is installed here, without bytecode."""
    files = importlib.metadata.files("pillow") or []
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.exists()) / 1024**2
