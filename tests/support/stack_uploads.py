"""Uploads of images through the API of a running stack."""

import time
from collections.abc import Iterable

import requests

from tests.support.stack import Client, Json, problem
from tests.support.uploads import png

PNG = png(1200, 600)
SECONDS_TO_INSPECT = 30


def announced(client: Client, content: bytes = PNG, content_type: str = "image/png") -> Json:
    """Announce an image; return its reference and the form for its upload."""
    new = {"content_type": content_type, "size": len(content)}
    response = client.send("POST", "/media", json=new)
    assert response.status_code == 201, response.text
    made: Json = response.json()
    return made


def send(made: Json, content: bytes = PNG, **fields: str) -> requests.Response:
    """Send the form of an upload, as a browser does."""
    form = made["upload"]
    return requests.post(
        form["url"], data=form["fields"] | fields, files={"file": content}, timeout=10
    )


def upload(client: Client, content: bytes) -> Json:
    """Upload a JPEG image without waiting for its inspection; return its reference."""
    made = announced(client, content, "image/jpeg")
    sent = send(made, content)
    assert sent.status_code == 204, sent.text
    reference: Json = made["media"]
    return reference


def location(visitor: Client, made: Json) -> requests.Response | None:
    """Return the redirect to an image, or None if the image never becomes available."""
    deadline = time.monotonic() + SECONDS_TO_INSPECT
    while time.monotonic() < deadline:
        response = visitor.get(made["media"]["url"])
        if response.status_code == 302:
            return response
        problem(response, 404)
        time.sleep(0.1)
    return None


def inspected(client: Client, media_id: str) -> Json:
    """Wait until an upload has been inspected; return its media item."""
    deadline = time.monotonic() + SECONDS_TO_INSPECT
    while True:
        item: Json = client.get(f"/me/media/{media_id}").json()
        if item["status"] != "pending":
            return item
        assert time.monotonic() < deadline, "the upload was not inspected"
        time.sleep(0.1)


def all_ready(client: Client, contents: Iterable[bytes]) -> list[Json]:
    """Upload JPEG images, and wait until all are ready; return their media items."""
    references = [upload(client, content) for content in contents]
    items = [inspected(client, reference["id"]) for reference in references]
    assert {item["status"] for item in items} == {"ready"}
    return items
