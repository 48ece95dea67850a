"""Find personal data in logs: tokens, e-mail addresses, names and subs. Pseudonyms are allowed."""

import re
from collections.abc import Iterable, Iterator

FORBIDDEN = {
    "a token": re.compile(r"eyJ[\w-]{8,}\.[\w-]+"),
    "an authorization header": re.compile(r"[Bb]earer [\w.-]{20,}"),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.\w+"),
    "a sub": re.compile(r"\b(auth0|google-oauth2|github|samlp)(\||%7C)", re.I),
    "a machine's sub": re.compile(r"@clients\b"),
    "a name": re.compile(r"Alice Exemplary|Alice Example|Bob Example|Moderator Example"),
}


def personal(lines: Iterable[str]) -> Iterator[str]:
    """Yield each line of a log that holds personal data, with the kind of data."""
    for line in lines:
        for kind, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{kind}: {line}"


def logged(captured: str) -> Iterator[str]:
    """Return the lines of a test's output that a function would log: the JSON lines."""
    return (line for line in captured.splitlines() if line.startswith("{"))
