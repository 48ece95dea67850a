"""The build's check of bytecode finds each way in which bytecode can be missing or stale."""

import compileall
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.release.bytecode import bytecode_problems
from tests.support.samples import ROOT

MODES = py_compile.PycInvalidationMode


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "Function" / "package"
    folder.mkdir(parents=True)
    (folder / "module.py").write_text("x = 1\n")
    return folder.parent


def compiled(artifact: Path, mode: py_compile.PycInvalidationMode) -> None:
    compileall.compile_dir(artifact, quiet=2, invalidation_mode=mode)


def test_unchecked_hashes_are_valid(artifact: Path) -> None:
    compiled(artifact, MODES.UNCHECKED_HASH)
    assert list(bytecode_problems(artifact)) == []


def test_a_module_without_bytecode_is_an_error(artifact: Path) -> None:
    assert list(bytecode_problems(artifact)) == ["Function/package/module.py has no bytecode"]


@pytest.mark.parametrize("mode", [MODES.TIMESTAMP, MODES.CHECKED_HASH])
def test_bytecode_with_a_timestamp_or_a_checked_hash_is_an_error(
    artifact: Path, mode: py_compile.PycInvalidationMode
) -> None:
    compiled(artifact, mode)
    assert list(bytecode_problems(artifact)) == [
        "Function/package/module.py has bytecode with a timestamp, or with a checked hash"
    ]


def test_bytecode_of_another_source_is_an_error(artifact: Path) -> None:
    compiled(artifact, MODES.UNCHECKED_HASH)
    (artifact / "package" / "module.py").write_text("x = 2\n")
    assert list(bytecode_problems(artifact)) == [
        "Function/package/module.py has bytecode of another source"
    ]


def test_truncated_bytecode_is_an_error(artifact: Path) -> None:
    compiled(artifact, MODES.UNCHECKED_HASH)
    (pyc,) = artifact.rglob("*.pyc")
    for length in (16, 20):
        pyc.write_bytes(pyc.read_bytes()[:length])
        assert list(bytecode_problems(artifact)) == [
            "Function/package/module.py has broken bytecode"
        ]


def test_the_check_fails_if_there_is_nothing_to_check(tmp_path: Path) -> None:
    check = [sys.executable, "scripts/release/bytecode.py", str(tmp_path), "--check"]
    assert subprocess.run(check, cwd=ROOT, capture_output=True, check=False).returncode == 1


def test_bytecode_of_another_python_is_an_error(artifact: Path) -> None:
    compiled(artifact, MODES.UNCHECKED_HASH)
    (pyc,) = artifact.rglob("*.pyc")
    pyc.write_bytes(b"\x00\x00\x0d\x0a" + pyc.read_bytes()[4:])
    assert list(bytecode_problems(artifact)) == [
        "Function/package/module.py has bytecode of another Python version"
    ]
