"""`make doctor` reports what is missing, and fails only without what everything needs."""

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
    """Hide everything except the Python that runs this test."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return the status of each tool, `ok` or `missing`."""
    statuses = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    return {
        f"{name} {rest}".partition(",")[0].partition(":")[0]: word
        for word, name, rest in statuses
        if word != "note"
    }


def test_python_alone_is_enough(empty_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main() == 0
    statuses = lines(capsys)
    assert statuses.pop("Python 3.11+") == "ok"
    assert len(statuses) == len(doctor.NEEDS) - 1
    assert set(statuses.values()) == {"missing"}


def test_a_missing_tool_is_reported_with_its_purpose_and_source(
    empty_machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor.main()
    output = capsys.readouterr().out
    assert "missing  uv, for make lock: https://docs.astral.sh/uv" in output


def test_only_an_old_python_fails_the_check(
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
def test_a_supported_node_is_found(empty_machine: Path, version: str, found: bool) -> None:
    tool(empty_machine, "node", version)
    tool(empty_machine, "npm", "10.0.0")
    assert bool(doctor._node()) is found


def test_a_python_that_does_not_run_is_missing(empty_machine: Path) -> None:
    tool(empty_machine, "python3.13", "command not found", exit_code=127)  # like a shim of pyenv
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
