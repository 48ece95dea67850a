"""`make docs`: docs/permissions.md from the table that the tests ask. With --check nothing is
written, and the exit code says whether the page is up to date."""

import importlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "permissions.md"


def main() -> int:
    """Write the page, or check it."""
    sys.path.insert(0, str(ROOT))
    table = importlib.import_module("tests.integration.permissions")
    events = {
        row.event: json.loads((ROOT / "events" / f"{row.event}.json").read_text())
        for row in table.ROWS
    }
    routes = {name: f"{one['httpMethod']} {one['resource']}" for name, one in events.items()}
    current = table.page(routes)
    if "--check" not in sys.argv:
        TARGET.write_text(current)
    elif not TARGET.exists() or TARGET.read_text() != current:
        sys.stderr.write("docs/permissions.md is not what the tests ask: run `make docs`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
