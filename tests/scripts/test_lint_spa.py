"""The checks of the app that `make lint` runs."""

import json
from pathlib import Path

import pytest

from devserver.spa import SPA
from scripts import lint_spa

FAKE_NPM = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in *{failing}*) echo "a finding"; exit 1;; esac
"""


@pytest.fixture
def npm_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace Node.js and npm; return the file that lists the calls of npm."""
    log = tmp_path / "calls"
    _install(tmp_path, "node", "#!/bin/sh\necho v20.19.0\n")
    _install(tmp_path, "npm", FAKE_NPM.format(log=log, failing="no-script"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(lint_spa, "set_up", list)
    return log


def _install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


def test_types_format_rules_and_unit_tests_are_checked(npm_log: Path) -> None:
    assert lint_spa.main() == 0
    scripts = json.loads((SPA / "package.json").read_text())["scripts"]
    called = [line.split()[-1] for line in npm_log.read_text().splitlines()]
    commands = " ".join(scripts[name] for name in called)
    for tool in ("tsc", "prettier --check", "eslint", "--test"):
        assert tool in commands


def test_a_failure_is_printed_and_does_not_hide_the_other_checks(
    npm_log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(tmp_path, "npm", FAKE_NPM.format(log=npm_log, failing=lint_spa.CHECKS[0]))
    assert lint_spa.main() == 1
    assert "a finding" in capsys.readouterr().err
    assert len(npm_log.read_text().splitlines()) == len(lint_spa.CHECKS)


def test_fix_only_formats(npm_log: Path) -> None:
    assert lint_spa.main(["--fix"]) == 0
    assert npm_log.read_text() == "run --silent format\n"


def test_without_nodejs_it_says_so_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lint_spa.main() == 0
    assert "The app was not checked: it needs Node.js" in capsys.readouterr().err
