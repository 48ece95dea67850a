"""`make docs`: the table of refusals in docs/authorizer.md; with --check it is only compared."""

import re
import sys
from pathlib import Path

from blog_auth import refusals
from blog_auth.refusals import Refusal

TARGET = Path(__file__).parent.parent / "docs" / "authorizer.md"


def main() -> int:
    """Write the page, or check it."""
    rows = [
        f"| `{refusal.code}` | {refusal.description} | {refusal.clause} |"
        for refusal in vars(refusals).values()
        if isinstance(refusal, Refusal)
    ]
    head = ["| reason | what the client reads | clause |", "| --- | --- | --- |"]
    table = "\n".join(["<!-- refusals -->\n", *head, *rows, "\n<!-- /refusals -->"])
    page = TARGET.read_text()
    current = re.sub(r"<!-- refusals -->.*<!-- /refusals -->", lambda _: table, page, flags=re.S)
    if "--check" not in sys.argv:
        TARGET.write_text(current)
    elif page != current:
        sys.stderr.write("docs/authorizer.md is not what the code says: run `make docs`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
