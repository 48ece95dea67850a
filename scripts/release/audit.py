"""`make audit`: the template by SAM CLI and checkov, the workflows by actionlint, what is locked
by the advisories of PyPI and npm: `... FOLDER:FOLDER`, where checkov, pip-audit and SAM CLI lie.

A tool that is not to be had fails it. An advisory service that cannot be reached is told of, and
fails it with AUDIT=insist.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
LOCKS = sorted(
    str(path.relative_to(ROOT))
    for places in (".", "layers/*", "tests/performance/tutorial/*")
    for path in ROOT.glob(f"{places}/requirements*.txt")
)


class Unchecked(Exception):
    """Why something could not be looked at, which fails the audit."""


class Unreachable(Unchecked):
    """Which service of others could not be asked, which fails it where it insists."""


def sam_validate(tools: str) -> Iterator[str]:
    """What SAM CLI, and cfn-lint as it calls it, find in the template."""
    # It insists on a region and asks nobody.
    region = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    command = [_tool("sam", tools), "validate", "--lint", "--template", "template.yaml"]
    found = _run(*command, environment=region)
    if found.returncode or "is a valid SAM Template" not in found.stdout:
        yield f"{found.stdout}{found.stderr}"


def checkov(tools: str) -> Iterator[str]:
    """What .checkov.yaml does not except."""
    found = _run(_tool("checkov", tools), "--config-file", str(ROOT / ".checkov.yaml"))
    if found.returncode or "Passed checks" not in found.stdout:
        yield f"{found.stdout}{found.stderr}"
    else:
        print(next(line for line in found.stdout.splitlines() if "Passed checks" in line))


def actionlint(_: str) -> Iterator[str]:
    """What is wrong with the workflows."""
    command = [shutil.which("actionlint") or ""]
    if command == [""]:
        go = shutil.which("go")
        if go is None:
            raise Unchecked("neither actionlint nor Go, which would fetch it, is on this machine")
        command = [go, "run", ACTIONLINT]
    found = _run(*command, *sorted(map(str, ROOT.glob(".github/workflows/*.yml"))))
    if found.returncode and not found.stdout:
        raise Unchecked(f"actionlint could not be run: {found.stderr.strip()[-300:]}")
    yield from found.stdout.splitlines()


def python_advisories(tools: str) -> Iterator[str]:
    """Known faults of what the locks pin."""
    for lock in LOCKS:
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json"]
        found = _run(_tool("pip-audit", tools), *options, "-r", lock)
        try:
            packages: list[dict[str, Any]] = json.loads(found.stdout)["dependencies"]
        except (ValueError, KeyError) as e:
            raise Unreachable(f"PyPI's advisories could not be read: {found.stderr[-300:]}") from e
        skipped = [one["name"] for one in packages if "skip_reason" in one]
        for package in packages:
            for advisory in package.get("vulns", []):
                yield f"{lock}: {package['name']} {package['version']}: {advisory['id']}"
        if skipped:
            raise Unreachable(f"PyPI told nothing of {len(skipped)} of {len(packages)} in {lock}")


def npm_advisories(_: str) -> Iterator[str]:
    """Known faults of what the app is built of."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unchecked("npm is not on this machine")
    found = _run(npm, "audit", "--json", folder=ROOT / "spa")
    report = json.loads(found.stdout or "{}")
    if "vulnerabilities" not in report:
        raise Unreachable("npm's advisories could not be read")
    for name, one in report["vulnerabilities"].items():
        yield f"spa/package-lock.json: {name}: {one['severity']}"


def _tool(name: str, tools: str) -> str:
    found = shutil.which(name, path=tools)
    if found is None:
        raise Unchecked(f"{name} is not in {tools}")
    return found


def _run(
    *command: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def main() -> int:
    """All of them; the exit code says whether anything was found."""
    tools = sys.argv[1]
    lets_pass = () if os.environ.get("AUDIT") == "insist" else Unreachable
    is_failed = False
    for check in (sam_validate, checkov, actionlint, python_advisories, npm_advisories):
        name = check.__name__.replace("_", " ")
        findings: list[str] = []
        try:
            findings.extend(check(tools))  # what was found before it raises is kept
        except Unchecked as e:
            print(f"{name}: NOT CHECKED: {e}")
            is_failed |= not isinstance(e, lets_pass)
            if not findings:
                continue
        print("\n  ".join([f"{name}: {len(findings) or 'no'} findings", *findings]))
        is_failed |= bool(findings)
    return int(is_failed)


if __name__ == "__main__":
    sys.exit(main())
