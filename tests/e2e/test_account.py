"""Leaving as people do it: the zip is fetched from the bucket, and then they are gone."""

import io
import json
import time
import zipfile
from typing import Any

import pytest
import requests

from tests.e2e.test_media import PNG, announced, send, shown
from tests.support.stack import Client, Stack, problem

SECONDS_TO_DO = 60


@pytest.fixture
def leaver(stack: Stack, bob: Client) -> Client:
    """Bob, who has written something; his things are his alone in this file."""
    bob.send("PATCH", "/me", json={"name": "Bob the Leaver"})
    return bob


def done(person: Client, path: str, status: str) -> dict[str, Any]:
    """The answer of this route once it says so."""
    deadline = time.monotonic() + SECONDS_TO_DO
    while time.monotonic() < deadline:
        response: dict[str, Any] = person.get(path).json()
        if response["status"] == status:
            return response
        time.sleep(0.2)
    pytest.fail(f"{path} says {response}")


def test_everything_is_taken_along_and_then_gone(
    leaver: Client, alice: Client, visitor: Client
) -> None:
    picture = announced(leaver)
    send(picture)
    announced(leaver)  # and one that is never sent
    assert shown(visitor, picture) is not None
    url = picture["media"]["url"]
    post = leaver.create(title="Goodbye", body="*All* of it.", status="published", cover_image=url)
    theirs = alice.create(title="Staying", status="published")
    comment = leaver.send("POST", f"/posts/{theirs['id']}/comments", json={"body": "Farewell"})
    assert comment.status_code == 201
    assert leaver.send("PUT", f"/posts/{theirs['id']}/like").status_code == 204
    asked = leaver.send("POST", "/me/export")
    assert (asked.status_code, asked.json()["status"]) == (202, "preparing")
    ready = done(leaver, "/me/export", "ready")
    content = requests.get(ready["url"], timeout=10).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(f"posts/{post['slug']}.md").decode()
        assert 'title: "Goodbye"' in text
        assert "*All* of it." in text
        assert json.loads(archive.read("profile.json"))["name"] == "Bob the Leaver"
    problem(leaver.send("DELETE", "/me"), 400)
    left = leaver.send("DELETE", "/me", params={"content": "anonymise"})
    assert left.status_code == 202, left.text
    done(leaver, "/me/erasure", "done")
    kept = visitor.get(f"/posts/{post['id']}").json()
    assert kept["author"]["name"] == "Unnamed author"
    assert requests.get(visitor.get(url).headers["Location"], timeout=10).content == PNG
    (said,) = visitor.get(f"/posts/{theirs['id']}/comments").json()["items"]
    assert said["author"] == kept["author"]
    assert visitor.get(f"/posts/{theirs['id']}").json()["like_count"] == 0
    assert requests.get(ready["url"], timeout=10).status_code in (403, 404)
    account = leaver.get("/me").json()
    assert (account["name"], account["post_count"]) == (None, 0)
    again = leaver.create(title="A new person", status="published")
    assert leaver.send("DELETE", "/me", params={"content": "erase"}).status_code == 202
    done(leaver, "/me/erasure", "done")
    assert visitor.get(f"/posts/{again['id']}").status_code == 404
    alice.delete(theirs["id"])
