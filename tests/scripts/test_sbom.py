"""The bills of materials of `make build`: CycloneDX, complete, and reproducible."""

import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.release import sbom
from tests.support.samples import ROOT


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the bills of materials once, and return their folder."""
    folder = tmp_path_factory.mktemp("all") / "sbom"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.argv", ["sbom", str(folder)])
        assert sbom.main() == 0
    return folder


@pytest.mark.parametrize("layer", ["auth", "blog", "images"])
def test_each_package_of_a_layer_is_named_with_its_version(folder: Path, layer: str) -> None:
    document = json.loads((folder / f"{layer}.cdx.json").read_text())
    assert document["bomFormat"] == "CycloneDX"
    lock = (ROOT / "layers" / layer / "requirements.txt").read_text()
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", lock, re.M)
    assert {(one["name"], one["version"]) for one in document["components"]} == set(pinned)


def test_the_files_of_the_layers_are_valid(folder: Path) -> None:
    for layer in ("auth", "blog", "images"):
        text = (folder / f"{layer}.cdx.json").read_text()
        _, _, version = json.loads(text)["specVersion"].partition(".")
        validator = JsonStrictValidator(SchemaVersion[f"V1_{version}"])
        assert validator.validate_str(text) is None


@pytest.mark.parametrize("version", [None, "9.2.0"])
def test_without_a_suitable_npm_the_app_is_left_out_with_a_message(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    version: str | None,
) -> None:
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo {version}\n')
    npm.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: version and str(npm))
    lock = tmp_path / "layers" / "auth" / "requirements.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("pyjwt==2.10.1\n")
    monkeypatch.setattr(sbom, "ROOT", tmp_path)
    folder = tmp_path / "sbom"
    monkeypatch.setattr("sys.argv", ["sbom", str(folder)])
    assert sbom.main() == 0
    assert [one.name for one in folder.iterdir()] == ["auth.cdx.json"]
    assert "npm is missing or older than 10" in capsys.readouterr().err
