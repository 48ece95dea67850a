"""Print the table of refusals in docs/authorizer.md for `make docs`.

With --check it writes nothing, and the exit code says whether the table is up to date.
"""

import re
import sys

from blog_auth import refusals
from blog_auth.refusals import Refusal
from scripts.docs.pages import ROOT, keep

TARGET = ROOT / "docs" / "authorizer.md"


def main() -> int:
    """Write or check the page; return the exit code."""
    rows = [
        f"| `{refusal.code}` | {refusal.description} | {refusal.clause} |"
        for refusal in vars(refusals).values()
        if isinstance(refusal, Refusal)
    ]
    head = ["| reason | what the client reads | clause |", "| --- | --- | --- |"]
    table = "\n".join(["<!-- refusals -->\n", *head, *rows, "\n<!-- /refusals -->"])
    page = TARGET.read_text()
    current = re.sub(r"<!-- refusals -->.*<!-- /refusals -->", lambda _: table, page, flags=re.S)
    return keep(TARGET, current, "make docs")


if __name__ == "__main__":
    sys.exit(main())
