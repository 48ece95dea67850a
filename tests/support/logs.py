"""What must not be in a log: tokens, e-mail addresses, names and raw subs. A pseudonym may."""

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
    """What is wrong with these lines of a log."""
    for line in lines:
        for kind, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{kind}: {line}"


def logged(captured: str) -> Iterator[str]:
    """The lines of what a test printed that a function would log: JSON."""
    return (line for line in captured.splitlines() if line.startswith("{"))
