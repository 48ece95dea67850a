"""docs/tutorial.md: its commands print what it says, and every line that it quotes exists."""

import re
from textwrap import dedent

import pytest

from tests.support.samples import ROOT
from tests.support.stack import Stack, run_commands

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
QUOTES = re.findall(r"\(\[`([^`]+)`\]\(\.\./\1\)\)[^`]*?\n\n```\w+\n(.*?)```", TUTORIAL, re.S)
# The questions of teams. Each is a heading.
QUESTIONS = [
    "How do I send my identity to the API?",
    "Is the access token a JWT?",
    "What is the opaque one, then?",
    "What goes into the access token?",
    "How does the API decode it?",
    "ID token or access token?",
    "How do I know more about the user?",
    "How do I relate posts to users?",
    "How do I let users edit only their own?",
]


@pytest.mark.parametrize(("path", "quote"), QUOTES, ids=[path for path, _ in QUOTES])
def test_a_quoted_line_is_in_its_file(path: str, quote: str) -> None:
    lines = [line.strip() for line in dedent(quote).strip().splitlines()]
    code = [line.strip() for line in (ROOT / path).read_text().splitlines()]
    places = [i for i in range(len(code)) if code[i : i + len(lines)] == lines]
    assert len(places) == 1, f"{path} does not contain this exactly once:\n{quote}"


def test_every_code_block_is_a_quote() -> None:
    blocks = re.findall(r"^```(?:ts|tsx|python)$", TUTORIAL, re.M)
    assert len(blocks) == len(QUOTES) > 10


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_a_heading_with_the_line_that_implements_it(question: str) -> None:
    _, _, after = TUTORIAL.partition(f"\n## {question}\n")
    section, _, _ = after.partition("\n## ")
    assert section, f"no heading {question}"
    if question != "What goes into the access token?":  # Auth0 does this; a command shows it
        assert re.search(r"^```(ts|tsx|python)$", section, re.M)


@pytest.mark.parametrize("page", ["tutorial.md", "auth0.md"])
def test_a_link_has_a_target(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / page).read_text()):
        if "://" not in target:
            assert (ROOT / "docs" / target).exists(), target


def test_the_commands_print_what_the_page_says(stack: Stack) -> None:
    script = "\n".join(re.findall(r"```sh\n(.*?)```", TUTORIAL, re.S))
    expected = re.findall(r"# (\d{3})", script)
    assert expected == ["200", "401", "401", "401", "401", "200", "422", "200", "403", "200"]
    printed = run_commands(stack, script)
    assert re.findall(r"HTTP/1\.1 (\d{3})", printed) == expected
    assert "request the token with the audience of this API" in printed
    assert "This is an ID token, which tells the app who its user is" in printed
    assert '"kid"' in printed
    assert '"sub": "auth0|' in printed.replace('"sub":"', '"sub": "')
    assert printed.rstrip().endswith('"title":"Still mine"')
