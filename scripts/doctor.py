"""`make doctor`: what is missing on this machine, what for, and how to get it.

Of the standard library alone, for it runs before anything is set up. Only what `make dev` and
`make test` cannot do without makes it fail.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SECONDS_TO_ANSWER = 20
FIND_PYTHON = Path(__file__).with_name("find-python")


class Need(NamedTuple):
    """A tool: what it is for, how it is had, whether all is lost without it, and a look at it that
    gives what is found, or an empty text."""

    name: str
    use: str
    source: str
    is_vital: bool
    look: Callable[[], str]


def says(*command: str) -> str:
    """The first line of what a command says of itself; empty where it is not there or fails."""
    try:
        found = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_TO_ANSWER, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return (found.stdout or found.stderr).strip().partition("\n")[0]


def _python() -> str:
    return sys.version.split()[0] if sys.version_info >= (3, 11) and _has_venv() else ""


def _has_venv() -> bool:
    return bool(says(sys.executable, "-c", "import ensurepip, venv; print('yes')"))


def _node() -> str:
    version = says("node", "--version")
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    fits = (20, 19) <= numbers < (21,) or numbers >= (22, 12)
    return version if fits and shutil.which("npm") else ""


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := says(name, "--version"))), "")


NEEDS = (
    Need("Python 3.11+, venv", "everything", "https://python.org; Debian: python3-venv", True,
         _python),
    Need("Node.js 20.19 or 22.12+, npm", "the app", "https://nodejs.org", False, _node),
    Need("Chromium", "the tests in a browser", "Debian: chromium", False, _chromium),
    Need("Cargo", "Dynoxide: make test-dynoxide, make torture", "https://rustup.rs", False,
         lambda: says("cargo", "--version")),
    Need("Python 3.13", "make build, deploy, audit, sam-local: the functions' runtime",
         "https://python.org", False, lambda: says(str(FIND_PYTHON), "3.13")),
    Need("Docker", "make sam-local", "https://docs.docker.com/engine/install", False,
         lambda: says("docker", "version", "--format", "{{.Server.Version}}")),
    Need("uv", "make lock", "https://docs.astral.sh/uv", False, lambda: says("uv", "--version")),
    Need("actionlint, or Go", "make audit: the workflows", "https://go.dev", False,
         lambda: says("actionlint", "-version") or says("go", "version")),
)  # fmt: skip


def main() -> int:
    """Look at each, and say so in a line."""
    is_ill = False
    for need in NEEDS:
        found = need.look()
        is_ill |= need.is_vital and not found
        if found:
            print(f"  ok       {need.name}: {found}")
        else:
            print(f"  missing  {need.name}, for {need.use}: {need.source}")
    for name in ("API_PORT", "AUTH0_DOMAIN", "AUTH0_ISSUER", "DYNAMODB", "DYNAMODB_ENDPOINT"):
        if value := os.environ.get(name):
            print(f"  note     {name} is set, to {value}")
    return int(is_ill)


if __name__ == "__main__":
    sys.exit(main())
