"""README and docs/development.md: their commands print what the pages say."""

import re

from devserver.issuer.tenant import PASSWORD, USERS
from devserver.settings import LocalStackSettings
from tests.support.samples import ROOT
from tests.support.stack import Stack, run_commands

README = (ROOT / "README.md").read_text()
DEVELOPMENT = (ROOT / "docs" / "development.md").read_text()


def script(page: str) -> str:
    """Return the one block of shell commands of a page."""
    (block,) = re.findall(r"```sh\n(.*?)```", page, re.S)
    return str(block)


def test_the_tour_returns_the_documented_statuses(stack: Stack) -> None:
    expected = re.findall(r"# (\d{3})", script(README))
    assert expected == ["404", "200", "200", "200", "403", "412", "401", "401"]
    printed = run_commands(stack, script(README))
    assert re.findall(r"HTTP/1\.1 (\d{3})", printed) == expected
    assert '"current_version": 2' in printed


def test_a_gateway_response_can_be_requested(stack: Stack) -> None:
    expected = re.findall(r"# (\d{3})", script(DEVELOPMENT))
    assert expected == ["429"]
    assert re.findall(r"HTTP/1\.1 (\d{3})", run_commands(stack, script(DEVELOPMENT))) == expected


def test_the_pages_name_the_addresses_and_users_of_the_local_stack() -> None:
    settings = LocalStackSettings.from_environment({})
    for address in (settings.spa_url, settings.api_url):
        assert f"<{address}>" in README
    names = [user.email.partition("@")[0] for user in USERS]
    assert names == ["alice", "bob", "moderator"]
    for name in names:
        assert f"`{name}`" in DEVELOPMENT
    assert f"the password `{PASSWORD}`" in DEVELOPMENT
