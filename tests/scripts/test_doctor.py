"""`make doctor`: what is missing is told, and only what all needs makes it fail."""

from pathlib import Path

import pytest

from scripts import doctor


def tool(folder: Path, name: str, says: str, exit_code: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {exit_code}\n")
    path.chmod(0o755)


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One with nothing but the Python that runs this."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What is said of each, `ok` or `missing`."""
    said = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    return {
        f"{name} {rest}".partition(",")[0].partition(":")[0]: word
        for word, name, rest in said
        if word != "note"
    }


def test_python_alone_is_enough(empty_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main() == 0
    said = lines(capsys)
    assert said.pop("Python 3.11+") == "ok"
    assert len(said) == len(doctor.NEEDS) - 1
    assert set(said.values()) == {"missing"}


def test_each_that_is_missing_comes_with_what_it_is_for_and_where_it_is(
    empty_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.main()
    said = capsys.readouterr().out
    assert "missing  uv, for make lock: https://docs.astral.sh/uv" in said


def test_an_old_python_is_all_that_fails_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 0))
    assert doctor.main() == 1
    assert lines(capsys)["Python 3.11+"] == "missing"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("v20.18.1", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.0.0", True),
        ("no such version", False),
    ],
)
def test_the_node_that_vite_takes_is_found(empty_machine: Path, version: str, found: bool) -> None:
    tool(empty_machine, "node", version)
    tool(empty_machine, "npm", "10.0.0")
    assert bool(doctor._node()) is found


def test_a_python_that_does_not_run_is_missing(empty_machine: Path) -> None:
    tool(empty_machine, "python3.13", "command not found", exit_code=127)  # as a shim of pyenv's
    (probe,) = (need.probe for need in doctor.NEEDS if need.name == "Python 3.13")
    assert probe() == ""
    tool(empty_machine / "versions" / "3.13.9" / "bin", "python3.13", "")
    assert probe().endswith("versions/3.13.9/bin/python3.13")
    tool(empty_machine, "python3.13", "")
    assert probe() == "python3.13"


def test_a_docker_without_its_engine_is_missing(
    empty_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool(empty_machine, "docker", "", exit_code=1)
    doctor.main()
    assert "missing  Docker" in capsys.readouterr().out
