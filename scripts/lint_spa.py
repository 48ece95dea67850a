"""Check the app: its types, its format, its rules and its unit tests. With `--fix`, format it.

Without Node.js the check says so on stderr and passes, so that the back end needs only Python.
"""

import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from devserver.spa import SPA, missing_node, set_up

CHECKS = ("check", "lint", "test")  # scripts of spa/package.json: tsc; prettier and eslint; units


def main(arguments: Iterable[str] = ()) -> int:
    """Run all checks; return 1 if one of them fails."""
    if missing := missing_node():
        sys.stderr.write(f"The app was not checked: {missing}.\n")
        return 0
    scripts = ("format",) if "--fix" in arguments else CHECKS
    if not all(_passes(command) for command in set_up()):
        return 1
    commands = [["npm", "run", "--silent", script] for script in scripts]
    with ThreadPoolExecutor() as pool:
        return 0 if all(list(pool.map(_passes, commands))) else 1


def _passes(command: list[str]) -> bool:
    """Run a command in spa/ and print its output only if it fails."""
    result = subprocess.run(command, cwd=SPA, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.stderr.write(f"spa: `{' '.join(command)}` failed.\n{result.stdout}{result.stderr}")
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
