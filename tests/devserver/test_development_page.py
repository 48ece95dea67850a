"""docs/development.md names every variable of the local stack, with its default."""

import re

from devserver.settings import LocalStackSettings
from scripts.doctor import NEEDS
from tests.support.samples import ROOT

PAGE = (ROOT / "docs" / "development.md").read_text()
# Not a setting: the process of DynamoDB reads it, and prints which rights were used.
ELSEWHERE = {"ROLES"}


class Recording(dict[str, str]):
    """An empty environment that records what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override] # of str alone
        self.read.add(name)
        return default


def rows(heading: str) -> dict[str, list[str]]:
    """Return the cells of a section's tables by the name in the first one."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = (line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|")
    return {first.strip("`"): others for first, *others in cells}


def test_every_variable_of_the_local_stack_is_listed() -> None:
    environment = Recording()
    LocalStackSettings.from_environment(environment)
    listed = {name for name in rows("Environment variables") if name.isupper() or "_" in name}
    assert listed == environment.read | ELSEWHERE


def test_the_defaults_are_as_listed() -> None:
    settings = LocalStackSettings.from_environment({})
    listed = {name: cells[0] for name, cells in rows("Environment variables").items()}
    assert listed["API_PORT"] == str(settings.api_port)
    assert listed["ISSUER_PORT"] == str(settings.issuer_port)
    assert listed["SPA_PORT"] == str(settings.spa_port)
    assert listed["S3_PORT"] == str(settings.s3_port)
    assert listed["ENVIRONMENTS"] == str(settings.environments)
    for kind, limit in settings.per_hour.items():
        assert listed[f"{kind.upper()}_PER_HOUR"] == str(limit)
    for address in (settings.spa_url, settings.api_url, settings.issuer_url, settings.s3_url):
        assert f"<{address.rstrip('/')}>" in PAGE


def test_every_optional_tool_of_the_doctor_is_listed() -> None:
    _, _, table = PAGE.partition("\n| tool | for |\n")
    listed = re.findall(r"^\| (\S+?),? ", table.partition("\n\n")[0], re.M)[1:]
    optional = {need.name for need in NEEDS if not need.is_vital}
    assert len(listed) == len(optional)
    for tool in listed:
        assert any(tool in name for name in optional), tool
