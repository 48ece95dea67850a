"""Print docs/permissions.md for `make docs`, from the table that the tests check.

With --check it writes nothing, and the exit code says whether the page is up to date.
"""

import json
import sys

from scripts.docs import permissions_table
from scripts.docs.pages import ROOT, keep

TARGET = ROOT / "docs" / "permissions.md"


def main() -> int:
    """Write or check the page; return the exit code."""
    events = {
        row.event: json.loads((ROOT / "events" / f"{row.event}.json").read_text())
        for row in permissions_table.ROWS
    }
    routes = {name: f"{one['httpMethod']} {one['resource']}" for name, one in events.items()}
    current = permissions_table.page(routes)
    return keep(TARGET, current, "make docs")


if __name__ == "__main__":
    sys.exit(main())
