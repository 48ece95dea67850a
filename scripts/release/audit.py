"""Check templates, workflows and locked packages for `make audit`.

SAM CLI and checkov check the templates, and actionlint the workflows. Locked packages are compared
with the advisories of PyPI and npm. The argument lists the folders of SAM CLI, checkov and
pip-audit, in the form of PATH.

A missing tool fails the audit. An unreachable advisory service is reported, and fails the audit
only with AUDIT=insist.
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
NPM_FOLDERS = ("spa", "tests/clients")


class Unchecked(Exception):
    """A check could not be run. This fails the audit."""


class Unreachable(Unchecked):
    """An advisory service could not be reached. This fails the audit with AUDIT=insist."""


def sam_validate(tools: str) -> Iterator[str]:
    """Yield the findings of SAM CLI, which also runs cfn-lint, in the template."""
    # SAM CLI requires a region, but makes no request.
    region = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    command = [_tool("sam", tools), "validate", "--lint", "--template", "template.yaml"]
    result = _run(*command, environment=region)
    if result.returncode or "is a valid SAM Template" not in result.stdout:
        yield f"{result.stdout}{result.stderr}"


def checkov(tools: str) -> Iterator[str]:
    """Yield the findings of checkov that .checkov.yaml does not exclude."""
    result = _run(_tool("checkov", tools), "--config-file", str(ROOT / ".checkov.yaml"))
    if result.returncode or "Passed checks" not in result.stdout:
        yield f"{result.stdout}{result.stderr}"
    else:
        print(next(line for line in result.stdout.splitlines() if "Passed checks" in line))


def actionlint(_: str) -> Iterator[str]:
    """Yield the findings of actionlint in the workflows."""
    command = [shutil.which("actionlint") or ""]
    if command == [""]:
        go = shutil.which("go")
        if go is None:
            raise Unchecked(
                "neither actionlint nor Go, which could download it, is on this machine"
            )
        command = [go, "run", ACTIONLINT]
    result = _run(*command, *sorted(map(str, ROOT.glob(".github/workflows/*.yml"))))
    if result.returncode and not result.stdout:
        raise Unchecked(f"actionlint could not be run: {result.stderr.strip()[-300:]}")
    yield from result.stdout.splitlines()


def python_advisories(tools: str) -> Iterator[str]:
    """Yield known vulnerabilities of the Python packages that the locks pin."""
    for lock in LOCKS:
        options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json"]
        result = _run(_tool("pip-audit", tools), *options, "-r", lock)
        try:
            packages: list[dict[str, Any]] = json.loads(result.stdout)["dependencies"]
        except (ValueError, KeyError) as e:
            raise Unreachable(f"PyPI's advisories could not be read: {result.stderr[-300:]}") from e
        skipped = [one["name"] for one in packages if "skip_reason" in one]
        for package in packages:
            for advisory in package.get("vulns", []):
                yield f"{lock}: {package['name']} {package['version']}: {advisory['id']}"
        if skipped:
            raise Unreachable(
                f"PyPI knows nothing about {len(skipped)} of {len(packages)} packages in {lock}"
            )


def npm_advisories(_: str) -> Iterator[str]:
    """Yield known vulnerabilities of the packages of the app, and of what checks clients."""
    npm = shutil.which("npm")
    if npm is None:
        raise Unchecked("npm is not on this machine")
    for folder in NPM_FOLDERS:
        result = _run(npm, "audit", "--json", folder=ROOT / folder)
        report = json.loads(result.stdout or "{}")
        if "vulnerabilities" not in report:
            raise Unreachable(f"npm's advisories could not be read for {folder}")
        for name, one in report["vulnerabilities"].items():
            yield f"{folder}/package-lock.json: {name}: {one['severity']}"


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
    """Run all checks; return 1 if one has findings or could not be run."""
    tools = sys.argv[1]
    tolerated = () if os.environ.get("AUDIT") == "insist" else Unreachable
    is_failed = False
    for check in (sam_validate, checkov, actionlint, python_advisories, npm_advisories):
        name = check.__name__.replace("_", " ")
        findings: list[str] = []
        try:
            findings.extend(check(tools))  # keeps findings from before an error
        except Unchecked as e:
            print(f"{name}: NOT CHECKED: {e}")
            is_failed |= not isinstance(e, tolerated)
            if not findings:
                continue
        print("\n  ".join([f"{name}: {len(findings) or 'no'} findings", *findings]))
        is_failed |= bool(findings)
    return int(is_failed)


if __name__ == "__main__":
    sys.exit(main())
