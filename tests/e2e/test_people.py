"""Comments, likes, follows and reports between users, and the moderators' decisions."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.test_account import done
from tests.support.stack import Client, Stack, await_in_log, problem
from tests.support.stack_uploads import announced, location, send

REASON = {"reason": "An advertisement."}


@pytest.fixture(scope="module")
def moderator(stack: Stack) -> Client:
    return Client(stack, stack.token("moderator"))


@pytest.fixture
def post(alice: Client) -> Iterator[dict[str, Any]]:
    """Create a published post of Alice, and delete it afterwards."""
    made = alice.create(status="published")
    yield made
    alice.delete(made["id"])


def ok(response: requests.Response, status: int = 204) -> Any:
    """Check the status, and return the JSON body."""
    assert response.status_code == status, response.text
    return response.json() if response.content else None


def comment(person: Client, post: dict[str, Any], **more: Any) -> Any:
    body = {"body": "Well *said*."} | more
    return ok(person.send("POST", f"/posts/{post['id']}/comments", json=body), 201)


def comments(client: Client, post: dict[str, Any]) -> list[str]:
    """Return the bodies of the comments on a post."""
    return [one["body"] for one in client.get(f"/posts/{post['id']}/comments").json()["items"]]


def test_only_its_writer_edits_a_comment_and_the_posts_owner_may_delete_it(
    alice: Client, bob: Client, visitor: Client, post: dict[str, Any]
) -> None:
    made, other = comment(bob, post), comment(bob, post, body="Another")
    path = f"/posts/{post['id']}/comments/{made['id']}"
    problem(alice.send("PATCH", path, json={"body": "In your name"}), 403)
    ok(bob.send("PATCH", path, json={"body": "Better said"}), 200)
    assert set(comments(visitor, post)) == {"Better said", "Another"}
    ok(bob.send("DELETE", path))
    ok(alice.send("DELETE", f"/posts/{post['id']}/comments/{other['id']}"))
    assert comments(visitor, post) == []


def test_first_comments_are_pending_where_the_author_wants_that(
    alice: Client, bob: Client, visitor: Client, post: dict[str, Any]
) -> None:
    ok(bob.send("DELETE", "/me", params={"content": "erase"}), 202)
    done(bob, "/me/erasure", "done")  # so that his next comment is his first
    ok(alice.send("PATCH", "/me", json={"approves_first_comments": True}), 200)
    try:
        good, bad = comment(bob, post, body="good"), comment(bob, post, body="bad")
        assert comments(visitor, post) == []
        pending = alice.get("/me/comments?status=pending").json()["items"]
        assert {one["id"] for one in pending} >= {good["id"], bad["id"]}
        where = f"/posts/{post['id']}/comments"
        problem(bob.send("PUT", f"{where}/{good['id']}/approval"), 403)
        ok(alice.send("DELETE", f"{where}/{bad['id']}/approval"))
        ok(alice.send("PUT", f"{where}/{good['id']}/approval"))
        assert comments(visitor, post) == ["good"]
    finally:
        alice.send("PATCH", "/me", json={"approves_first_comments": False})


def test_likes_and_follows_can_be_added_and_removed(
    alice: Client, bob: Client, visitor: Client, post: dict[str, Any]
) -> None:
    like, follow = f"/posts/{post['id']}/like", f"/authors/{post['author']['id']}/follow"
    ok(bob.send("PUT", like))
    ok(bob.send("PUT", follow))
    assert visitor.get(f"/posts/{post['id']}").json()["like_count"] == 1
    ok(bob.get(f"/me/likes/{post['id']}"))
    ok(bob.get(f"/me/follows/{post['author']['id']}"))
    assert post["id"] in {one["id"] for one in bob.get("/me/likes").json()["items"]}
    assert post["id"] in {one["id"] for one in bob.get("/me/feed").json()["items"]}
    ok(bob.send("DELETE", like))
    ok(bob.send("DELETE", follow))
    problem(bob.get(f"/me/likes/{post['id']}"), 404)
    problem(bob.get(f"/me/follows/{post['author']['id']}"), 404)
    assert visitor.get(f"/posts/{post['id']}").json()["like_count"] == 0
    assert post["id"] not in {one["id"] for one in bob.get("/me/feed").json()["items"]}


def test_only_moderators_hide_a_reported_post(
    alice: Client, bob: Client, visitor: Client, moderator: Client, post: dict[str, Any]
) -> None:
    reported_comment = comment(bob, post)
    ok(bob.send("POST", f"/posts/{post['id']}/report", json=REASON))
    path = f"/posts/{post['id']}/comments/{reported_comment['id']}/report"
    ok(alice.send("POST", path, json=REASON))
    reported = moderator.get("/moderation/reports").json()["items"]
    assert len([one for one in reported if one["post_id"] == post["id"]]) == 2
    hide = f"/moderation/posts/{post['id']}"
    problem(bob.send("PUT", hide, json=REASON), 403)
    ok(moderator.send("PUT", hide, json=REASON))
    problem(visitor.get(f"/posts/{post['id']}"), 404)
    hidden = moderator.get("/moderation/posts").json()["items"]
    assert post["id"] in {one["id"] for one in hidden}
    ok(moderator.send("DELETE", hide))
    assert visitor.get(f"/posts/{post['id']}").status_code == 200


def test_a_reported_author_loses_the_name_until_a_moderator_allows_one(
    alice: Client, bob: Client, visitor: Client, moderator: Client, post: dict[str, Any]
) -> None:
    me = ok(bob.send("PATCH", "/me", json={"name": "An insult"}), 200)
    ok(alice.send("POST", f"/authors/{me['author_id']}/report", json=REASON))
    reported = moderator.get("/moderation/reports").json()["items"]
    assert me["author_id"] in {one["reported"]["id"] for one in reported if one["reported"]}
    profile = f"/moderation/authors/{me['author_id']}/profile"
    problem(alice.send("PUT", profile, json=REASON), 403)
    ok(moderator.send("PUT", profile, json=REASON))
    try:
        assert ok(bob.get("/me"), 200)["profile_cleared"]["reason"] == REASON["reason"]
        problem(bob.send("PATCH", "/me", json={"name": "An insult"}), 403)
        assert comment(bob, post)["author"]["name"] == "Unnamed author"
        cleared = moderator.get("/moderation/authors").json()["items"]
        assert me["author_id"] in {one["author"]["id"] for one in cleared}
    finally:
        ok(moderator.send("DELETE", profile))
    assert ok(bob.send("PATCH", "/me", json={"name": "Bob"}), 200)["profile_cleared"] is None


@pytest.fixture
def banned(bob: Client, moderator: Client) -> Iterator[dict[str, Any]]:
    """Ban Bob, who has announced an image; yield the announcement."""
    made = announced(bob)
    ban = f"/moderation/people/{bob.get('/me').json()['author_id']}"
    ok(moderator.send("PUT", ban, json=REASON))
    yield made
    ok(moderator.send("DELETE", ban))


def test_a_banned_user_can_write_nothing(
    stack: Stack, alice: Client, bob: Client, moderator: Client, banned: dict[str, Any]
) -> None:
    visitor = Client(stack)
    me = bob.get("/me").json()["author_id"]
    people = moderator.get("/moderation/people").json()["items"]
    assert me in {one["author"]["id"] for one in people}
    problem(bob.send("POST", "/posts", json={"title": "Again"}), 403)
    send(banned)
    after = announced(alice)
    send(after)
    assert location(visitor, after) is not None, "so the upload before it was inspected too"
    if stack.log is not None:  # or another environment is still at it, and the ban ends too early
        await_in_log(
            stack.log, "InspectorFunction uses s3:DeleteObject on arn:aws:s3:::MediaBucket/media"
        )
    assert visitor.get(banned["media"]["url"]).status_code == 404
