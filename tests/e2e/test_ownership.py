"""Users edit only their own posts: from the login to the owner-conditional write."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.stack import Client, problem


def test_a_post_goes_from_draft_to_published_and_only_its_owner_can_change_it(
    alice: Client, bob: Client, visitor: Client
) -> None:
    created = alice.send("POST", "/posts", json={"title": "Mine", "body": "text", "tags": ["a"]})
    assert created.status_code == 201
    post_id, tag = created.json()["id"], created.headers["ETag"]
    assert created.headers["Location"].endswith(f"/posts/{post_id}")

    problem(bob.get(f"/posts/{post_id}"), 404)
    problem(visitor.get(f"/posts/{post_id}"), 404)
    problem(bob.get(f"/me/posts/{post_id}"), 404)
    problem(bob.edit(post_id, title="Bob's"), 404)
    problem(bob.delete(post_id), 404)

    published = alice.edit(post_id, tag, status="published")
    assert published.status_code == 200
    assert published.headers["ETag"] != tag
    read = visitor.get(f"/posts/{post_id}")
    assert read.json() == published.json()

    problem(bob.edit(post_id, title="Bob's"), 403)
    problem(bob.delete(post_id), 403)
    assert visitor.get(f"/posts/{post_id}").json() == published.json(), "unchanged"

    stale = problem(alice.edit(post_id, tag, title="Late"), 412)
    assert stale["current_version"] == 2
    edited = alice.edit(post_id, published.headers["ETag"], title="Mine, again")
    assert edited.status_code == 200
    assert edited.json()["version"] == 3

    assert alice.delete(post_id).status_code == 204
    problem(visitor.get(f"/posts/{post_id}"), 404)
    problem(alice.delete(post_id), 404)


def test_only_the_owner_sees_a_draft_in_a_list(alice: Client, bob: Client, visitor: Client) -> None:
    post_id = alice.create(title="A quiet draft")["id"]

    def listed(client: Client, path: str) -> bool:
        page = client.get(path).json()
        return post_id in [row["id"] for row in page["items"]]

    assert listed(alice, "/me/posts?limit=100")
    assert listed(alice, "/me/posts?status=draft&limit=100")
    assert not listed(alice, "/me/posts?status=published&limit=100")
    assert not listed(bob, "/me/posts?limit=100")
    assert not listed(visitor, "/posts?limit=100")


def test_an_unpublished_post_is_hidden_at_once(alice: Client, visitor: Client) -> None:
    post = alice.create(title="Now you see me", status="published")
    assert visitor.get(f"/posts/{post['id']}").status_code == 200
    assert alice.edit(post["id"], status="draft").status_code == 200
    problem(visitor.get(f"/posts/{post['id']}"), 404)
    page = visitor.get("/posts?limit=100").json()
    assert post["id"] not in [row["id"] for row in page["items"]]


def test_the_feed_can_be_paged_to_its_end(alice: Client, visitor: Client) -> None:
    made = {alice.create(title=f"Page {n}", status="published")["id"] for n in range(5)}
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = visitor.get("/posts", params=params).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["items"]) == 2
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def test_tags_with_any_characters_find_their_posts(alice: Client, visitor: Client) -> None:
    tags = ["c#", "हिन्दी", "node.js", "a b", "c++"]
    post = alice.create(title="Tagged", tags=tags, status="published")
    for tag in tags:
        rows = visitor.get("/posts", params={"tag": tag}).json()["items"]
        assert post["id"] in [row["id"] for row in rows], tag
    rows = visitor.get("/posts", params={"author": post["author"]["id"]}).json()["items"]
    assert post["id"] in [row["id"] for row in rows]
    problem(visitor.get("/posts?tag=a&author=b"), 400)


def test_links_by_slug_survive_a_change_of_slug(alice: Client, visitor: Client) -> None:
    post = alice.create(title="A link that lasts", status="published")
    found = visitor.get(f"/posts/by-slug/{post['slug']}")
    assert found.json() == post
    moved = alice.edit(post["id"], slug=f"{post['slug']}-moved").json()
    redirected = visitor.get(f"/posts/by-slug/{post['slug']}")
    assert redirected.status_code == 301
    assert redirected.headers["Location"].endswith(f"/posts/by-slug/{moved['slug']}")
    assert visitor.get(f"/posts/by-slug/{moved['slug']}").json() == moved
    alice.edit(post["id"], status="draft")
    problem(visitor.get(f"/posts/by-slug/{post['slug']}"), 404)
    problem(visitor.get(f"/posts/by-slug/{moved['slug']}"), 404)


@pytest.mark.usefixtures("full_gateway")  # sam local has no schedule
def test_a_scheduled_post_appears_and_its_open_editor_can_still_save(
    alice: Client, visitor: Client
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    created = alice.send(
        "POST",
        "/posts",
        json={"title": "Published soon", "status": "scheduled", "publish_at": soon.isoformat()},
    )
    assert created.status_code == 201
    post_id, tag = created.json()["id"], created.headers["ETag"]
    problem(visitor.get(f"/posts/{post_id}"), 404)
    deadline = time.monotonic() + 90  # a minute's schedule, if the stack has no shorter tick
    while visitor.get(f"/posts/{post_id}").status_code == 404:
        assert time.monotonic() < deadline, "it was not published"
        time.sleep(0.5)
    saved = alice.edit(post_id, tag, body="written while it was published")
    assert saved.status_code == 200, "the old ETag is still valid"
    assert saved.json()["status"] == "published"
    read = visitor.get(f"/posts/{post_id}").json()
    assert read["body"] == "written while it was published"
    assert read["published_at"] == created.json()["publish_at"]


def test_no_response_contains_the_raw_sub(alice: Client, visitor: Client) -> None:
    post = alice.create(title="Who am I?", status="published")
    responses = [
        visitor.get(f"/posts/{post['id']}"),
        visitor.get("/posts"),
        alice.get("/me/posts"),
        alice.get(f"/me/posts/{post['id']}"),
    ]
    for response in responses:
        assert "auth0|" not in response.text
        assert post["author"]["id"] in response.text


def test_public_responses_can_be_cached_and_private_ones_cannot(
    alice: Client, visitor: Client
) -> None:
    post = alice.create(status="published")
    read = visitor.get(f"/posts/{post['id']}")
    assert read.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    again = visitor.get(f"/posts/{post['id']}", headers={"If-None-Match": read.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    mine = alice.get(f"/me/posts/{post['id']}")
    assert mine.headers["Cache-Control"] == "private, no-store"


def test_head_matches_get(alice: Client, visitor: Client) -> None:
    post = alice.create(status="published")
    for path in ("/health", "/posts", f"/posts/{post['id']}"):
        response = visitor.send("HEAD", path)
        assert (response.status_code, response.content) == (200, b"")
    assert visitor.send("HEAD", "/posts/01JDC0000000000000000000P0").status_code == 404
