"""Files that are printed from the code: written, or with --check compared."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def keep(target: Path, current: str, command: str) -> int:
    """Write the file, or with --check on the command line say whether it is up to date; the exit
    code. `command` is what brings it up to date."""
    if "--check" not in sys.argv:
        target.write_text(current)
    elif not target.exists() or target.read_text() != current:
        sys.stderr.write(f"{target.relative_to(ROOT)} is not up to date: run `{command}`.\n")
        return 1
    return 0
