"""Lock files pin every package by hash, name no host, and match the deployed versions."""

import re

import pytest

from scripts.release.audit import LOCKS
from tests.support.samples import ROOT

LAYERS = sorted(ROOT.glob("layers/*/requirements.txt"))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w, -]+\])?==(\S+)", text, re.M)
    assert len(pins) == len(re.findall(r"^\S", text.replace("#", " "), re.M))
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_tests_run_with_the_deployed_versions() -> None:
    development, *layers = (
        set(re.findall(r"^([A-Za-z0-9._-]+(?:\[[\w, -]+\])?==\S+)", lock.read_text(), re.M))
        for lock in (ROOT / "requirements-dev.txt", *LAYERS)
    )
    assert len(layers) >= 3
    for layer in layers:
        assert layer
        assert layer <= development
