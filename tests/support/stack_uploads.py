"""Uploads of images through the API of a running stack."""

import time
from collections.abc import Iterable

import requests

from tests.support.stack import Client, Json

SECONDS_TO_INSPECT = 30


def upload(client: Client, content: bytes) -> Json:
    """Upload a JPEG image without waiting for its inspection; return its reference."""
    new = {"content_type": "image/jpeg", "size": len(content)}
    response = client.send("POST", "/media", json=new)
    assert response.status_code == 201, response.text
    made: Json = response.json()
    form = made["upload"]
    sent = requests.post(form["url"], data=form["fields"], files={"file": content}, timeout=10)
    assert sent.status_code == 204, sent.text
    reference: Json = made["media"]
    return reference


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
