"""Images as an app uses them: announced, sent to the bucket, rewritten, shown and deleted."""

import time

import pytest
import requests

from tests.support.stack import Client, Stack, problem
from tests.support.stack_uploads import (
    PNG,
    SECONDS_TO_INSPECT,
    announced,
    inspected,
    location,
    send,
)


def test_an_image_is_uploaded_inspected_and_used_as_a_cover(alice: Client, visitor: Client) -> None:
    made = announced(alice)
    url = made["media"]["url"]
    assert visitor.get(url).status_code == 404
    (error,) = problem(alice.send("POST", "/posts", json={"title": "T", "cover_image": url}), 422)[
        "errors"
    ]
    assert error["field"] == "cover_image"
    sent = send(made)
    assert sent.status_code == 204, sent.text
    assert sent.headers["Access-Control-Allow-Origin"]
    response = location(visitor, made)
    assert response is not None
    image = requests.get(response.headers["Location"], timeout=10)
    assert (image.status_code, image.content[8:12]) == (200, b"WEBP")
    assert image.headers["Content-Type"] == "image/webp"
    assert "immutable" in image.headers["Cache-Control"]
    assert visitor.send("HEAD", url).status_code == 302
    small = requests.get(visitor.get(f"{url}?w=480").headers["Location"], timeout=10)
    assert len(small.content) < len(image.content)
    post = alice.create(cover_image=url, body=f"![A view]({url})")
    assert post["cover_image"] == url
    assert 'width="1200" height="600"' in post["body_html"]
    mine = inspected(alice, made["media"]["id"])
    assert (mine["width"], mine["widths"]) == (1200, [480, 960, 1200])
    assert mine["posts"] == [{"id": post["id"], "title": post["title"]}]
    refused = alice.send("DELETE", url)
    assert problem(refused, 409)["posts"] == mine["posts"]
    alice.delete(post["id"])
    assert alice.send("DELETE", url).status_code == 204
    assert visitor.get(url).status_code == 404
    assert alice.get(f"/me{url}").status_code == 404


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (PNG + b"x", {}),
        (PNG[:-1], {}),
        (PNG, {"Content-Type": "text/html"}),
        (PNG, {"key": "media/somebody/else"}),
        (PNG, {"acl": "public-read"}),
    ],
)
def test_the_form_accepts_no_other_content_or_fields(
    alice: Client, content: bytes, fields: dict[str, str]
) -> None:
    assert send(announced(alice), content, **fields).status_code in (400, 403)


def test_a_page_uploaded_as_an_image_is_refused_in_words(alice: Client, visitor: Client) -> None:
    page = announced(alice)
    assert send(page, b"<script>alert(1)</script>".ljust(len(PNG))).status_code == 204
    found = inspected(alice, page["media"]["id"])
    assert found["status"] == "refused"
    assert "not a PNG" in found["reason"]
    assert visitor.get(page["media"]["url"]).status_code == 404
    listed = alice.get("/me/media").json()["items"]
    assert found in listed


def test_a_moderator_removes_an_image(stack: Stack, alice: Client, bob: Client) -> None:
    moderator = Client(stack, stack.token("moderator"))
    made = announced(alice)
    send(made)
    url = made["media"]["url"]
    assert inspected(alice, made["media"]["id"])["status"] == "ready"
    address = bob.get(url).headers["Location"]
    removal = {"json": {"reason": "Shows a private address."}}
    problem(bob.send("DELETE", f"/moderation{url}", **removal), 403)
    problem(moderator.send("DELETE", f"/moderation{url}"), 400)
    problem(moderator.send("DELETE", f"/moderation{url}", json={}), 422)
    assert moderator.send("DELETE", f"/moderation{url}", **removal).status_code == 204
    assert bob.get(url).status_code == 404
    assert requests.get(address, timeout=10).status_code in (403, 404)
    problem(alice.get(f"/me{url}"), 404)


def test_a_pending_image_gets_its_size_in_texts_that_name_it(alice: Client) -> None:
    made = announced(alice)
    url = made["media"]["url"]
    post = alice.create(title="With a view", body=f"![A view]({url})")
    assert "width" not in post["body_html"]
    send(made)
    deadline = time.monotonic() + SECONDS_TO_INSPECT
    while "srcset" not in (found := alice.get(f"/me/posts/{post['id']}").json())["body_html"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert found["version"] == post["version"]
    alice.delete(post["id"])
