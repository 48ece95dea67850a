"""Write files that are printed from the code, or compare them with --check."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def keep(target: Path, current: str, command: str) -> int:
    """Write the file, or compare it if the command line contains --check; return the exit code.

    `command` is the command that brings the file up to date.
    """
    if "--check" not in sys.argv:
        target.write_text(current)
    elif not target.exists() or target.read_text() != current:
        sys.stderr.write(f"{target.relative_to(ROOT)} is not up to date: run `{command}`.\n")
        return 1
    return 0
