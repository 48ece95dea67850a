"""`make audit` fails for each finding, and reports what it could not check."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.release import audit

CLEAN = {"dependencies": [{"name": "pyjwt", "version": "2", "vulns": []}]}
ILL = {"dependencies": [{"name": "pyjwt", "version": "1", "vulns": [{"id": "CVE-1"}]}]}
UNKNOWN = {"dependencies": [{"name": "pyjwt", "skip_reason": "not found"}]}

CAT = shutil.which("cat")


def tool(folder: Path, name: str, says: str, exit_code: int = 0) -> None:
    path = folder / name
    (folder / f"{name}.txt").write_text(says)
    path.write_text(f'#!/bin/sh\n"{CAT}" "{path}.txt"\nexit {exit_code}\n')
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install all five tools, each without findings, and no other tool."""
    tool(tmp_path, "sam", "template.yaml is a valid SAM Template")
    tool(tmp_path, "checkov", "Passed checks: 51, Failed checks: 0, Skipped checks: 0")
    tool(tmp_path, "actionlint", "")
    tool(tmp_path, "pip-audit", json.dumps(CLEAN))
    tool(tmp_path, "npm", json.dumps({"vulnerabilities": {}}))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["audit", str(tmp_path)])
    monkeypatch.delenv("AUDIT", raising=False)
    return tmp_path


def test_an_audit_without_findings_succeeds(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.main() == 0
    assert capsys.readouterr().out.count("no findings") == 5


@pytest.mark.parametrize(
    ("name", "says", "expected_text"),
    [
        ("sam", "[E3002] 1:1", "E3002"),
        ("checkov", "Check: CKV_AWS_1", "CKV_AWS_1"),
        ("actionlint", "pipeline.yml:3: no such key", "no such key"),
        ("pip-audit", json.dumps(ILL), "CVE-1"),
        ("npm", json.dumps({"vulnerabilities": {"vite": {"severity": "high"}}}), "vite: high"),
        (
            "npm",
            json.dumps({"vulnerabilities": {"typescript": {"severity": "low"}}}),
            "tests/clients/package-lock.json: typescript: low",
        ),
    ],
)
def test_a_finding_fails_the_audit(
    tools: Path, capsys: pytest.CaptureFixture[str], name: str, says: str, expected_text: str
) -> None:
    tool(tools, name, says, 1)
    assert audit.main() == 1
    assert expected_text in capsys.readouterr().out


UNREAD = [
    ("pip-audit", json.dumps(UNKNOWN), 0),
    ("pip-audit", "", 1),
    ("npm", json.dumps({"error": {}}), 1),
]


@pytest.mark.parametrize("response", UNREAD)
def test_an_unavailable_service_is_reported_and_fails_the_audit_where_it_matters(
    tools: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    response: tuple[str, str, int],
) -> None:
    tool(tools, *response)
    assert audit.main() == 0
    assert "NOT CHECKED" in capsys.readouterr().out
    monkeypatch.setenv("AUDIT", "insist")
    assert audit.main() == 1


@pytest.mark.parametrize(
    ("missing", "expected_text"),
    [
        ("sam", "sam validate: NOT CHECKED: sam is not in"),
        ("checkov", "checkov: NOT CHECKED: checkov is not in"),
        ("actionlint", "actionlint: NOT CHECKED: neither actionlint nor Go"),
        ("pip-audit", "python advisories: NOT CHECKED: pip-audit is not in"),
        ("npm", "npm advisories: NOT CHECKED: npm is not on this machine"),
    ],
)
def test_a_missing_tool_fails_the_audit(
    tools: Path, capsys: pytest.CaptureFixture[str], missing: str, expected_text: str
) -> None:
    (tools / missing).unlink()
    assert audit.main() == 1
    assert expected_text in capsys.readouterr().out


def test_an_actionlint_that_does_not_start_fails_the_audit(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool(tools, "actionlint", "", 2)
    assert audit.main() == 1
    assert "actionlint: NOT CHECKED: actionlint could not be run" in capsys.readouterr().out


def test_findings_before_a_failed_lookup_are_reported_and_fail_the_audit(
    tools: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = {"dependencies": [*ILL["dependencies"], *UNKNOWN["dependencies"]]}
    tool(tools, "pip-audit", json.dumps(half), 1)
    assert audit.main() == 1
    output = capsys.readouterr().out
    assert "NOT CHECKED" in output
    assert "CVE-1" in output
