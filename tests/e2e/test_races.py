"""Concurrent requests. Execution environments are processes, so these are real races."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.support.stack import Client, Stack


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run the function in `count` threads at once, and return the results."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(act, range(count)))


@pytest.fixture
def clients(stack: Stack) -> list[Client]:
    """Return eight clients of Alice, each with its own connection."""
    return [Client(stack, stack.token("alice")) for _ in range(8)]


def test_of_eight_edits_with_the_same_if_match_exactly_one_succeeds(
    clients: list[Client], alice: Client
) -> None:
    for _ in range(3):
        post = alice.create(title="Contended")
        edits = [partial(one.edit, post["id"], '"1"', body=f"by {one}") for one in clients]
        responses = at_once(8, lambda n: edits[n]())  # noqa: B023 - used in the same iteration
        statuses = sorted(response.status_code for response in responses)
        assert statuses == [200] + [412] * 7
        (winner,) = (response.json() for response in responses if response.status_code == 200)
        stored = alice.get(f"/me/posts/{post['id']}").json()
        assert stored == winner
        assert stored["version"] == 2


def test_without_if_match_versions_count_the_successful_edits(
    clients: list[Client], alice: Client
) -> None:
    post = alice.create(title="Contended")
    responses = at_once(8, lambda n: clients[n].edit(post["id"], tags=[f"t{n}"]))
    statuses = [response.status_code for response in responses]
    assert set(statuses) <= {200, 409, 412}
    versions = sorted(response.json()["version"] for response in responses if response.ok)
    assert versions, "at least one edit succeeds"
    assert versions == list(range(2, 2 + len(versions))), "no gaps"
    assert alice.get(f"/me/posts/{post['id']}").json()["version"] == 1 + len(versions)


def test_edits_of_different_fields_both_succeed(clients: list[Client], alice: Client) -> None:
    post = alice.create(title="Old", body="old")
    changes = ({"title": "New"}, {"body": "new"})
    responses = at_once(2, lambda n: clients[n].edit(post["id"], **changes[n]))
    assert [response.status_code for response in responses] == [200, 200]
    stored = alice.get(f"/me/posts/{post['id']}").json()
    assert (stored["title"], stored["body"]) == ("New", "new")


def test_twelve_concurrent_posts_with_one_title_get_twelve_slugs(stack: Stack) -> None:
    token = stack.token("alice")
    made = at_once(12, lambda _: Client(stack, token).create(title="The same title"))
    slugs = {post["slug"] for post in made}
    assert len(slugs) == 12
    assert all(slug.startswith("the-same-title") for slug in slugs)


def test_a_creation_sent_eight_times_at_once_creates_one_post(clients: list[Client]) -> None:
    key = {"Idempotency-Key": secrets.token_hex(8)}
    responses = at_once(
        8, lambda n: clients[n].send("POST", "/posts", json={"title": "Once"}, headers=key)
    )
    assert {response.status_code for response in responses} <= {201, 409}
    assert len({response.json()["id"] for response in responses if response.ok}) == 1


def test_concurrent_edits_never_restore_a_deleted_post(
    clients: list[Client], alice: Client, visitor: Client
) -> None:
    post = alice.create(title="Going", status="published")

    def act(n: int) -> int:
        if n == 0:
            return clients[n].delete(post["id"]).status_code
        return clients[n].edit(post["id"], body=f"{n}").status_code

    deleted, *edited = at_once(8, act)
    assert deleted == 204
    assert set(edited) <= {200, 404, 409}
    assert visitor.get(f"/posts/{post['id']}").status_code == 404
    page = visitor.get("/posts?limit=100").json()
    assert post["id"] not in [row["id"] for row in page["items"]]
