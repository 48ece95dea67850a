"""The export and erasure of an account over HTTP, with the zip from the bucket."""

import io
import json
import time
import zipfile
from typing import Any

import pytest
import requests

from tests.support.stack import Client, Stack, problem
from tests.support.stack_uploads import announced, location, send

SECONDS_TO_DO = 60


@pytest.fixture
def deleted_user(stack: Stack, bob: Client) -> Client:
    """Bob with some content. Only this file uses it."""
    bob.send("PATCH", "/me", json={"name": "Bob the Traveller"})
    return bob


def done(person: Client, path: str, status: str) -> dict[str, Any]:
    """Repeat a request until its response has this status; return the response."""
    deadline = time.monotonic() + SECONDS_TO_DO
    while time.monotonic() < deadline:
        response: dict[str, Any] = person.get(path).json()
        if response["status"] == status:
            return response
        time.sleep(0.2)
    pytest.fail(f"{path} says {response}")


def test_an_account_is_exported_and_then_erased(
    deleted_user: Client, alice: Client, visitor: Client
) -> None:
    image = announced(deleted_user)
    send(image)
    announced(deleted_user)  # an announced image that is never uploaded
    assert location(visitor, image) is not None
    url = image["media"]["url"]
    post = deleted_user.create(
        title="Goodbye", body="*All* of it.", status="published", cover_image=url
    )
    theirs = alice.create(title="Staying", status="published")
    comment = deleted_user.send(
        "POST", f"/posts/{theirs['id']}/comments", json={"body": "Farewell"}
    )
    assert comment.status_code == 201
    assert deleted_user.send("PUT", f"/posts/{theirs['id']}/like").status_code == 204
    export = deleted_user.send("POST", "/me/export")
    assert (export.status_code, export.json()["status"]) == (202, "preparing")
    ready = done(deleted_user, "/me/export", "ready")
    content = requests.get(ready["url"], timeout=10).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = archive.read(f"posts/{post['slug']}.md").decode()
        assert 'title: "Goodbye"' in text
        assert "*All* of it." in text
        assert json.loads(archive.read("profile.json"))["name"] == "Bob the Traveller"
    problem(deleted_user.send("DELETE", "/me"), 400)
    left = deleted_user.send("DELETE", "/me", params={"content": "anonymise"})
    assert left.status_code == 202, left.text
    done(deleted_user, "/me/erasure", "done")
    anonymous_post = visitor.get(f"/posts/{post['id']}").json()
    assert anonymous_post["author"]["name"] == "Unnamed author"
    assert requests.get(visitor.get(url).headers["Location"], timeout=10).content[8:12] == b"WEBP"
    (anonymous_comment,) = visitor.get(f"/posts/{theirs['id']}/comments").json()["items"]
    assert anonymous_comment["author"] == anonymous_post["author"]
    assert visitor.get(f"/posts/{theirs['id']}").json()["like_count"] == 0
    assert requests.get(ready["url"], timeout=10).status_code in (403, 404)
    account = deleted_user.get("/me").json()
    assert (account["name"], account["post_count"]) == (None, 0)
    again = deleted_user.create(title="A new person", status="published")
    assert deleted_user.send("DELETE", "/me", params={"content": "erase"}).status_code == 202
    done(deleted_user, "/me/erasure", "done")
    assert visitor.get(f"/posts/{again['id']}").status_code == 404
    alice.delete(theirs["id"])
