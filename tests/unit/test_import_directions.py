"""Imports point one way: each package imports only packages of a lower level."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.samples import ROOT

# The packages of the blog layer, lowest level first. "" is the layer's root: shared modules.
LEVELS = [
    {""},
    {"dynamodb"},
    {"people"},
    {"http", "media"},
    {"posts"},
    {"comments"},
    {"pages"},
    {"reactions"},
    {"moderation"},
    {"accounts"},
    {"jobs"},
    {"admin"},
]
# The packages of the local stack, likewise. Root modules that are not listed may import all others.
DEVSERVER_LEVELS = [
    {"hosts"},
    {"settings", "tools", "wsgi"},
    {"template"},
    {"aws", "issuer"},
    {"lambda_"},
    {"apigateway"},
]
# The repository's folders, and which other folders each may import.
FOLDERS = {
    "blog_auth": set(),
    "blog": {"blog_auth"},
    "functions": {"blog", "blog_auth"},
    "devserver": {"blog", "blog_auth"},
    "scripts": {"blog", "blog_auth", "devserver", "functions"},
}
PLACES = {"blog_auth": ROOT / "layers" / "auth", "blog": ROOT / "layers" / "blog"}


def modules(folder: str) -> dict[str, Path]:
    """Return the modules of a top-level package by their dotted names."""
    root = PLACES.get(folder, ROOT)
    paths = (root / folder).rglob("*.py")
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in paths
    }


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def graph(folder: str) -> dict[str, set[str]]:
    """Return each module of a package with the modules of the same package that it imports."""
    names = modules(folder)
    return {
        module: {
            next(known for known in (name, name.rpartition(".")[0]) if known in names)
            for name in imports(path)
            if name in names or name.rpartition(".")[0] in names
        }
        - {module}
        for module, path in names.items()
    }


def package(module: str) -> str:
    """Return the package of a module of the blog layer; "" for the layer's root."""
    return module.split(".")[1] if module.count(".") > 1 else ""


def level(module: str) -> int:
    """Return the level of a module's package."""
    return next(n for n, packages in enumerate(LEVELS) if package(module) in packages)


def test_every_package_of_the_blog_has_a_level() -> None:
    folders = {path.name for path in (PLACES["blog"] / "blog").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == set().union(*LEVELS) - {""}


def test_packages_import_only_lower_levels() -> None:
    wrong = [
        f"{importer} imports {imported}"
        for importer, all_imported in graph("blog").items()
        for imported in all_imported
        if package(importer) != package(imported) and level(imported) >= level(importer)
    ]
    assert not wrong


def test_packages_of_the_local_stack_import_only_lower_ones() -> None:
    levels = {name: n for n, names in enumerate(DEVSERVER_LEVELS) for name in names}
    wrong = [
        f"{importer} imports {imported}"
        for importer, all_imported in graph("devserver").items()
        for imported in all_imported
        for mine, other in [(importer.split(".")[1], imported.split(".")[1])]
        if mine in levels and mine != other and levels.get(other, 99) >= levels[mine]
    ]
    assert not wrong


@pytest.mark.parametrize("folder", FOLDERS)
def test_modules_have_no_import_cycle(folder: str) -> None:
    try:
        TopologicalSorter(graph(folder)).prepare()
    except CycleError as e:
        pytest.fail(" -> ".join(e.args[1]))


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_import_only_permitted_folders(folder: str) -> None:
    others = {*FOLDERS, "tests"} - {folder}
    for module, path in modules(folder).items():
        found = {name.partition(".")[0] for name in imports(path)} & others
        assert found <= FOLDERS[folder], module


def test_no_function_imports_another() -> None:
    for module, path in modules("functions").items():
        assert not any(name.startswith("functions") for name in imports(path)), module


@pytest.mark.parametrize("folder", ["blog_auth", "blog"])
def test_packages_of_the_layers_re_export_nothing(folder: str) -> None:
    for path in modules(folder).values():
        if path.name == "__init__.py":
            assert path.read_text() == "", path
