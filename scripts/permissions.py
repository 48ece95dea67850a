"""`make docs`: docs/permissions.md from the table that the tests ask. With --check nothing is
written, and the exit code says whether the page is up to date."""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "permissions.md"
sys.path.insert(0, str(ROOT))

from tests.integration.permissions import ROWS, page  # noqa: E402 - from the path above


def main() -> int:
    """Write the page, or check it."""
    events = {
        row.event: json.loads((ROOT / "events" / f"{row.event}.json").read_text()) for row in ROWS
    }
    routes = {name: f"{one['httpMethod']} {one['resource']}" for name, one in events.items()}
    current = page(routes)
    if "--check" not in sys.argv:
        TARGET.write_text(current)
    elif not TARGET.exists() or TARGET.read_text() != current:
        sys.stderr.write("docs/permissions.md is not what the tests ask: run `make docs`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
