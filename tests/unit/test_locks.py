"""What is locked: by hash, from anywhere, and tested in the versions that are deployed."""

import re
from pathlib import Path

import pytest

from tests.support import ROOT

LAYERS = sorted(ROOT.glob("layers/*/requirements.txt"))


@pytest.mark.parametrize(
    "lock",
    [*LAYERS, *sorted(ROOT.glob("requirements-*.txt"))],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_a_lock_pins_by_hash_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w, -]+\])?==(\S+)", text, re.M)
    assert len(pins) == len(re.findall(r"^\S", text.replace("#", " "), re.M))
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_tests_run_with_the_versions_that_are_deployed() -> None:
    development, *layers = (
        set(re.findall(r"^([A-Za-z0-9._-]+(?:\[[\w, -]+\])?==\S+)", lock.read_text(), re.M))
        for lock in (ROOT / "requirements-dev.txt", *LAYERS)
    )
    assert layers[0] <= development
    assert layers[1] <= development
