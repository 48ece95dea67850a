"""All parts have one version, and the changelog describes it."""

import json
import re
import tomllib

from tests.support.openapi_document import DOCUMENT
from tests.support.samples import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_all_parts_have_the_same_version() -> None:
    package, lock = (
        json.loads((ROOT / "spa" / name).read_text())
        for name in ("package.json", "package-lock.json")
    )
    declared = {
        DOCUMENT["info"]["version"],
        package["version"],
        lock["version"],
        lock["packages"][""]["version"],
    }
    assert declared == {VERSION}


def test_the_changelog_lists_each_version_newest_first() -> None:
    first, *headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    versions = [heading.partition(" ")[0] for heading in headings]
    assert first == "Unreleased"
    assert versions[0] == VERSION
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
