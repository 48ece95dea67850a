"""List for `make doctor` which tools are missing on this machine, and how to get them.

It uses only the standard library, because it runs before anything is installed. It fails only if
`make dev` and `make test` cannot run without a missing tool.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from devserver.tools import BROWSERS, NODE, is_supported_node

TIMEOUT_SECONDS = 20
FIND_PYTHON = Path(__file__).with_name("find-python")


class Need(NamedTuple):
    """A tool: its use, where to get it, and whether everything depends on it.

    `probe` returns what is installed, or an empty text.
    """

    name: str
    use: str
    source: str
    is_vital: bool
    probe: Callable[[], str]


def first_line(*command: str) -> str:
    """Return the first line that a command prints; empty if it is missing or fails."""
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (result.stdout or result.stderr).strip().partition("\n")[0]


def _python() -> str:
    return sys.version.split()[0] if sys.version_info >= (3, 11) and _has_venv() else ""


def _has_venv() -> bool:
    return bool(first_line(sys.executable, "-c", "import ensurepip, venv; print('yes')"))


def _node() -> str:
    version = first_line("node", "--version")
    return version if is_supported_node(version) and shutil.which("npm") else ""


def _chromium() -> str:
    return next((found for name in BROWSERS if (found := first_line(name, "--version"))), "")


NEEDS = (
    Need("Python 3.11+, venv", "everything", "https://python.org; Debian: python3-venv", True,
         _python),
    Need(f"{NODE}, npm", "the app", "https://nodejs.org", False, _node),
    Need("Chromium", "the browser tests", "Debian: chromium-headless-shell", False, _chromium),
    Need("Cargo", "Dynoxide: make test-dynoxide, make torture", "https://rustup.rs", False,
         lambda: first_line("cargo", "--version")),
    Need("Python 3.13", "make build, deploy, audit, sam-local: the functions' runtime",
         "https://python.org", False, lambda: first_line(str(FIND_PYTHON), "3.13")),
    Need("Java 11+, Maven", "make clients", "Debian: default-jdk-headless, maven", False,
         lambda: first_line("javac", "--version") if shutil.which("mvn") else ""),
    Need("Docker", "make sam-local", "https://docs.docker.com/engine/install", False,
         lambda: first_line("docker", "version", "--format", "{{.Server.Version}}")),
    Need("uv", "make lock", "https://docs.astral.sh/uv", False,
         lambda: first_line("uv", "--version")),
    Need("actionlint, or Go", "make audit: the workflows", "https://go.dev", False,
         lambda: first_line("actionlint", "-version") or first_line("go", "version")),
)  # fmt: skip


def main() -> int:
    """Probe each tool and print a line for it; return the exit code."""
    has_failed = False
    for need in NEEDS:
        found = need.probe()
        has_failed |= need.is_vital and not found
        if found:
            print(f"  ok       {need.name}: {found}")
        else:
            print(f"  missing  {need.name}, for {need.use}: {need.source}")
    for name in ("API_PORT", "AUTH0_DOMAIN", "AUTH0_ISSUER", "DYNAMODB", "DYNAMODB_ENDPOINT"):
        if value := os.environ.get(name):
            print(f"  note     {name} is set to {value}")
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
