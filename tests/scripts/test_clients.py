"""`make clients` fails if a generator warns, a client lacks something, or decodes it wrongly."""

import json
import re
from pathlib import Path

import pytest

from scripts import clients
from tests.support.openapi_document import SCHEMAS
from tests.support.samples import ROOT


@pytest.mark.parametrize(
    "line",
    [
        "[main] WARN  o.o.codegen.DefaultCodegen - Unknown type found",
        "WARNING parsing GET /feed.atom within feeds.",
        "INFO Skipping operation",
        "Unsupported content_type application/xml",
    ],
)
def test_a_warning_of_a_generator_is_a_failure(line: str) -> None:
    with pytest.raises(clients.Failed, match=re.escape(line)):
        clients._refuse_warnings(f"INFO writing file\n{line}\n")


def test_other_lines_of_a_generator_are_none() -> None:
    clients._refuse_warnings("[main] INFO  o.o.codegen.DefaultGenerator - writing file Post.java\n")


def test_an_operation_or_schema_that_a_client_lacks_is_found(tmp_path: Path) -> None:
    (tmp_path / "get_post.py").write_text("class CommentDetail: ...")
    document = {
        "paths": {"/": {"get": {"operationId": "getPost"}, "post": {"operationId": "createPost"}}},
        "components": {"schemas": {"CommentDetail": {}, "Tombstone": {}}},
    }
    assert clients._names(document) - clients._words(tmp_path) == {"createpost", "tombstone"}


def test_a_wrongly_decoded_union_is_a_failure() -> None:
    with pytest.raises(clients.Failed, match="decoded as"):
        clients._check_decoded("CommentDetail\n" * 6)


def test_the_pages_to_decode_hold_all_unions_of_the_document(tmp_path: Path) -> None:
    pages = {
        name: [member["$ref"].rpartition("/")[2] for member in items["oneOf"]]
        for name, schema in SCHEMAS.items()
        if "oneOf" in (items := schema.get("properties", {}).get("items", {}).get("items", {}))
    }
    assert {name: list(members) for name, members in clients.UNIONS.items()} == pages
    clients._write_pages(SCHEMAS, tmp_path)
    for name, (_, placeholder) in clients.UNIONS.items():
        items = json.loads((tmp_path / f"{name}.json").read_text())["items"]
        assert items[1].keys() == SCHEMAS[placeholder]["properties"].keys()


def test_a_failing_command_is_reported_with_its_output() -> None:
    with pytest.raises(clients.Failed, match=r"(?s)`sh -c .*failed:\na reason"):
        clients._run(["sh", "-c", "echo a reason; exit 3"], ROOT)


def test_missing_tools_fail_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert clients.main() == 1
    assert "openapi-typescript was not run: it needs Node.js" in capsys.readouterr().err
    monkeypatch.setattr(clients, "missing_node", lambda: None)
    assert clients.main() == 1
    assert "it needs a JDK 11 or later, and Maven" in capsys.readouterr().err


def test_another_jar_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.jar").write_bytes(b"altered")
    monkeypatch.setattr(clients, "missing_node", lambda: None)
    monkeypatch.setattr(clients, "set_up", lambda folder: [])
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(clients, "_jars", lambda: {tmp_path / "one.jar": "0" * 64})
    with pytest.raises(clients.Failed, match=r"is not the one in jars\.sha256"):
        clients._install()


def test_each_jar_and_each_package_is_pinned() -> None:
    pom = (clients.FOLDER / "pom.xml").read_text()
    pinned = re.findall(r"<artifactId>([\w.-]+)</artifactId>\s*<version>([\d.]+)</version>", pom)
    jars = {path.name for path in clients._jars()}
    assert {f"{name}-{version}.jar" for name, version in pinned} - jars == {
        "clients-1.jar",
        "maven-dependency-plugin-3.11.0.jar",
    }
    lock = json.loads((clients.FOLDER / "package-lock.json").read_text())
    packages = [one for path, one in lock["packages"].items() if path]
    assert all(one["integrity"].startswith("sha512-") for one in packages)
    assert not any("resolved" in one for one in packages)


def test_the_app_uses_the_same_generator() -> None:
    ours, app = (
        json.loads((folder / "package.json").read_text())["devDependencies"]
        for folder in (clients.FOLDER, ROOT / "spa")
    )
    assert ours.items() <= app.items()
