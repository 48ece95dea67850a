"""The local stack keeps the data of Dynoxide between starts."""

from pathlib import Path

import pytest

from tests.e2e.test_devserver import run
from tests.support.engines import IS_MOTO
from tests.support.stack import Client, DevServer, free_ports


@pytest.mark.skipif(IS_MOTO, reason="Dynoxide keeps data in files: make test-dynoxide")
def test_dynoxide_keeps_its_data_between_starts(tmp_path: Path) -> None:
    folder = {"DYNAMODB": "dynoxide", "DYNAMODB_DATA": str(tmp_path / "data")}
    with DevServer(tmp_path / "first", **folder) as stack:
        saved_post = Client(stack, stack.token("alice")).create(title="Kept", status="published")
        assert f"kept in {tmp_path / 'data'}" in (tmp_path / "first").read_text()
        second = run("devserver", **folder, **free_ports())
        assert second.returncode == 1
        assert "another local stack keeps its data in" in second.stderr
    with DevServer(tmp_path / "second", **folder) as stack:
        response = Client(stack).get(f"/posts/{saved_post['id']}")
        assert response.status_code == 200
        titles = [row["title"] for row in Client(stack).get("/posts?limit=100").json()["items"]]
    assert titles.count("Kept") == 1
    assert titles.count("Who is calling my API?") == 1, "the samples are written once"
