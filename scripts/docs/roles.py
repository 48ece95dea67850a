"""Print docs/roles.md for `make docs`: what each role may do, and which services may use what.

With --check it writes nothing, and the exit code says whether the page is up to date. So reviewers
see each new permission as a change of this page.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping

from devserver.template.policies import (
    ROUTE,
    ActionsByResource,
    Grant,
    grants,
    roles,
    template_resources,
)
from scripts.docs.pages import ROOT, keep

TARGET = ROOT / "docs" / "roles.md"
HEADING = """# What each role may do

`make docs` prints this page from `template.yaml` as SAM transforms it, and `make lint` fails if it
is not up to date. `tests/template/test_roles.py` contains the same permissions. No role has others.

A function may do what both its own policies and `FunctionsBoundary` allow. `FunctionsBoundary` is
the maximum for all functions.

| role | may | on |
| --- | --- | --- |
"""
OTHERS = """
## Which services may do what

These permissions of AWS services come from the policies of the resources themselves. The buckets
and the queue accept requests only over TLS.

| service | may | on | for |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page as Markdown."""
    resources = template_resources()
    own = _role_rows(roles(resources))
    others = _grant_rows(grants(resources))
    return HEADING + _table(own) + OTHERS + _table(others)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _role_rows(found: Mapping[str, ActionsByResource]) -> Iterator[tuple[str, str, str]]:
    for role, rights in sorted(found.items()):
        name = f"`{role}`"
        for resource, actions in sorted(rights.items()):
            yield name, ", ".join(f"`{one}`" for one in sorted(actions)), f"`{resource}`"
            name = ""


def _grant_rows(found: Iterable[Grant]) -> Iterator[tuple[str, str, str, str]]:
    """Yield one row for all grants that differ only in the resource; count a function's routes."""
    grouped: dict[tuple[str, str, str], dict[str, int]] = {}
    for grant in found:
        source = "a route of `${Api}`" if ROUTE.fullmatch(grant.source) else f"`{grant.source}`"
        count = grouped.setdefault((grant.service, grant.action, source.replace("``", "")), {})
        count[grant.resource] = count.get(grant.resource, 0) + 1
    for (service, action, source), resources in sorted(grouped.items()):
        names = ", ".join(
            f"`{name}`" + (f" ({count} routes)" if count > 1 else "")
            for name, count in sorted(resources.items())
        )
        yield f"`{service}`", f"`{action}`", names, source


def main() -> int:
    """Write or check the page; return the exit code."""
    return keep(TARGET, page(), "make docs")


if __name__ == "__main__":
    sys.exit(main())
