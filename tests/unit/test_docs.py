"""The index names every page, links have targets, and facts on pages agree with the code."""

import re
from pathlib import Path

import pytest

from tests.support.samples import ROOT
from tests.unit.test_import_directions import LEVELS

DOCS = ROOT / "docs"
SKIPPED = {"node_modules", "dist"}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.S)


def pages(folder: Path = ROOT) -> list[Path]:
    """Return the Markdown files of a folder of the repository, without what is installed there."""
    found = sorted(folder.glob("*.md"))
    for path in sorted(folder.iterdir()):
        is_ours = path.name not in SKIPPED and (path.name[0] != "." or path.name == ".github")
        if path.is_dir() and not path.is_symlink() and is_ours:
            found += pages(path)
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def targets(page: Path) -> list[tuple[Path, str]]:
    """Return the files that a page links to, each with the anchor or an empty text."""
    links = LINK.findall(CODE.sub("", page.read_text()))
    split = [link.partition("#") for link in links if not re.match(r"[a-z]+:", link)]
    return [(page if not path else (page.parent / path).resolve(), at) for path, _, at in split]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.S), re.M
    )
    texts = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w -]", "", text).replace(" ", "-") for text in texts}


def column(page: str, heading: str, number: int) -> list[str]:
    """Return the cells of a column of the first table below a heading."""
    below = (DOCS / page).read_text().partition(f"\n## {heading}\n")[2]
    table = re.findall(r"^\|.*\|$", below.partition("\n## ")[0], re.M)
    return [row.strip("|").split("|")[number].strip() for row in table[2:]]


@pytest.mark.parametrize("page", pages(), ids=name)
def test_relative_links_have_targets(page: Path) -> None:
    for target, anchor in targets(page):
        assert target.exists(), f"{name(page)} links to {target}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)} links to {name(target)}#{anchor}"


@pytest.mark.parametrize("folder", ["docs", "docs/decisions"])
def test_every_page_is_in_the_index_of_its_folder(folder: str) -> None:
    index = ROOT / folder / "README.md"
    listed = {target for target, _ in targets(index)}
    assert [
        name(page) for page in index.parent.glob("*.md") if page != index and page not in listed
    ] == []


def test_the_glossary_is_in_alphabetical_order_and_names_each_term_once() -> None:
    terms = [re.findall(r"^\| ([^|]+) \|", line)[0].strip("`") for line in glossary_rows()]
    assert terms == sorted(set(terms), key=lambda term: term.replace("_", " ").lower())


def glossary_rows() -> list[str]:
    lines = (DOCS / "glossary.md").read_text().splitlines()
    return [line for line in lines if line.startswith("| ")][2:]


def test_the_architecture_names_packages_with_their_levels() -> None:
    levels = column("architecture.md", "Layers and imports", 0)
    packages = [cell.strip("`") for cell in column("architecture.md", "Layers and imports", 1)]
    expected = {
        (str(number), package or "blog")
        for number, level in enumerate(LEVELS, 1)
        for package in level
    }
    assert sorted(zip(levels, packages, strict=True)) == sorted(expected)


def test_the_architecture_names_functions_with_their_rights_on_the_table() -> None:
    functions = [cell.strip("`") for cell in column("architecture.md", "Functions", 0)]
    assert sorted(functions) == sorted(one.parent.name for one in ROOT.glob("functions/*/app.py"))
    roles = (DOCS / "roles.md").read_text()
    for function, rights in zip(functions, column("architecture.md", "Functions", 2), strict=True):
        role = roles.partition(f"| `{function.capitalize()}FunctionRole` |")[2].partition("\n")[0]
        assert re.findall(r"`(\w+)`", rights) == re.findall(r"`dynamodb:(\w+)`", role), function


def test_the_architecture_names_the_parts_of_the_local_stack() -> None:
    parts = [cell.strip("`") for cell in column("architecture.md", "The local stack", 0)]
    packages = {name(path.parent) for path in ROOT.glob("devserver/*/__init__.py")}
    assert set(parts) == packages


def test_the_architecture_names_folders_that_exist() -> None:
    for cell in column("architecture.md", "Folders", 0):
        for path in re.findall(r"`([^`]+)`", cell):
            assert (ROOT / path).exists(), path
