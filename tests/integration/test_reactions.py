"""Likes and follows: idempotent in both directions, counted exactly, and listed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from blog.dynamodb.keys import author_partition
from blog.dynamodb.listings import followed
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import Range, Table
from blog.identifiers import new_id
from blog.reactions import service
from tests.support.handlers import AUTHOR_PART, Call, json_body, problem
from tests.support.posts import Blog, create, person
from tests.support.samples import ALICE, BOB, CAROL

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def published(call: Call, sub: str = ALICE, title: str = "T") -> dict[str, Any]:
    body = {"title": title, "status": "published"}
    post: dict[str, Any] = json_body(call("posts-create", sub=sub, body=body))
    return post


def likes(call: Call, post_id: str) -> int:
    return int(json_body(call("public-get-post", post_id=post_id))["like_count"])


def test_a_like_counts_once_however_often_it_is_sent(call: Call) -> None:
    post_id = published(call)["id"]
    for sub in (BOB, BOB, ALICE):
        assert call("reactions-like", post_id=post_id, sub=sub)["statusCode"] == 204
    assert likes(call, post_id) == 2
    assert call("reactions-get-like", post_id=post_id, sub=BOB)["statusCode"] == 204
    for _ in range(2):
        assert call("reactions-unlike", post_id=post_id, sub=BOB)["statusCode"] == 204
    assert likes(call, post_id) == 1
    problem(call("reactions-get-like", post_id=post_id, sub=BOB), 404)


def test_a_private_post_cannot_be_liked_but_can_be_unliked(call: Call) -> None:
    post_id = published(call)["id"]
    call("reactions-like", post_id=post_id, sub=BOB)
    call("posts-edit", post_id=post_id, body={"status": "draft"})
    for sub in (ALICE, BOB, CAROL):
        problem(call("reactions-like", post_id=post_id, sub=sub), 404)
    call("posts-edit", post_id=post_id, body={"status": "published"})
    assert likes(call, post_id) == 1
    call("posts-delete", post_id=post_id)
    assert json_body(call("reactions-list-likes", sub=BOB))["items"] == [
        {"id": post_id, "available": False}
    ]
    assert call("reactions-unlike", post_id=post_id, sub=BOB)["statusCode"] == 204
    assert json_body(call("reactions-list-likes", sub=BOB))["items"] == []
    assert call("reactions-unlike", sub=BOB)["statusCode"] == 204, "of an unknown post"


def test_likes_list_the_public_form_of_the_posts(call: Call) -> None:
    posts = [published(call, title=f"{n}")["id"] for n in range(3)]
    for post_id in posts:
        call("reactions-like", post_id=post_id, sub=BOB)
    page = json_body(call("reactions-list-likes", sub=BOB, query={"limit": "2"}))
    assert [row["id"] for row in page["items"]] == posts[:0:-1]
    assert page["items"][0]["like_count"] == 1
    query = {"limit": "2", "cursor": page["next_cursor"]}
    rest = json_body(call("reactions-list-likes", sub=BOB, query=query))
    assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == (posts[:1], None)


def test_a_follow_counts_once_on_both_sides(call: Call) -> None:
    author = published(call)["author"]["id"]
    parts = {AUTHOR_PART: author}

    def counts() -> tuple[int, int]:
        followers = json_body(call("public-get-author", parts=parts))["follower_count"]
        return followers, json_body(call("account-get-me", sub=BOB))["following_count"]

    for _ in range(2):
        assert call("reactions-follow", parts=parts, sub=BOB)["statusCode"] == 204
    assert counts() == (1, 1)
    assert call("reactions-get-follow", parts=parts, sub=BOB)["statusCode"] == 204
    (row,) = json_body(call("reactions-list-follows", sub=BOB))["items"]
    assert (row["id"], row["follower_count"]) == (author, 1)
    for _ in range(2):
        assert call("reactions-unfollow", parts=parts, sub=BOB)["statusCode"] == 204
    assert counts() == (0, 0)
    problem(call("reactions-get-follow", parts=parts, sub=BOB), 404)


def test_people_cannot_follow_themselves_or_unknown_authors(call: Call) -> None:
    author = published(call)["author"]["id"]
    problem(call("reactions-follow", parts={AUTHOR_PART: author}), 422)
    for nobody in ("a" * 26, "no-id"):
        problem(call("reactions-follow", parts={AUTHOR_PART: nobody}, sub=BOB), 404)


def test_the_number_of_followed_authors_is_limited(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_FOLLOWS", 1)
    alice, carol = (published(call, sub)["author"]["id"] for sub in (ALICE, CAROL))
    for _ in range(2):
        response = call("reactions-follow", parts={AUTHOR_PART: alice}, sub=BOB)
        assert response["statusCode"] == 204
    problem(call("reactions-follow", parts={AUTHOR_PART: carol}, sub=BOB), 422)
    call("reactions-unfollow", parts={AUTHOR_PART: alice}, sub=BOB)
    assert call("reactions-follow", parts={AUTHOR_PART: carol}, sub=BOB)["statusCode"] == 204


def test_the_personal_feed_merges_the_posts_of_followed_authors(call: Call) -> None:
    posts = [published(call, sub, f"{n}") for n, sub in enumerate((ALICE, CAROL, ALICE, BOB))]
    for post in posts[:2]:
        call("reactions-follow", parts={AUTHOR_PART: post["author"]["id"]}, sub=BOB)
    page = json_body(call("reactions-feed", sub=BOB, query={"limit": "2"}))
    assert [row["title"] for row in page["items"]] == ["2", "1"]
    query = {"limit": "2", "cursor": page["next_cursor"]}
    rest = json_body(call("reactions-feed", sub=BOB, query=query))
    assert [row["title"] for row in rest["items"]] == ["0"]
    assert json_body(call("reactions-feed", sub=person(CAROL).sub))["items"] == []


def test_unfollowing_oneself_changes_nothing(call: Call) -> None:
    published(call)
    mine = {AUTHOR_PART: json_body(call("account-get-me"))["author_id"]}
    assert call("reactions-unfollow", parts=mine)["statusCode"] == 204
    assert json_body(call("account-get-me"))["following_count"] == 0


def test_a_list_tells_which_of_some_ids_are_in_it(call: Call) -> None:
    posts = [published(call, sub, sub)["id"] for sub in (ALICE, BOB, CAROL)]
    authors = [json_body(call("account-get-me", sub=sub))["author_id"] for sub in (ALICE, BOB)]
    call("reactions-like", post_id=posts[2], sub=BOB)
    call("reactions-like", post_id=posts[0], sub=BOB)
    call("reactions-follow", parts={AUTHOR_PART: authors[0]}, sub=BOB)

    def asked(event: str, *ids: str) -> Any:
        return call(event, sub=BOB, query={"ids": ",".join(ids)})

    assert json_body(asked("reactions-list-likes", *posts)) == {"ids": [posts[0], posts[2]]}
    assert json_body(asked("reactions-list-likes", posts[2], posts[2])) == {"ids": [posts[2]]}
    assert json_body(asked("reactions-list-follows", *authors)) == {"ids": [authors[0]]}
    for odd in ("x", "", ",", "é" * 30, "POST#x", posts[0].lower()):
        assert json_body(asked("reactions-list-likes", posts[0], odd)) == {"ids": [posts[0]]}
        assert json_body(asked("reactions-list-follows", odd, authors[0])) == {"ids": [authors[0]]}
    for event in ("reactions-list-likes", "reactions-list-follows"):
        assert json_body(asked(event, *[new_id(NOW) for _ in range(100)])) == {"ids": []}
        problem(asked(event, *[new_id(NOW) for _ in range(101)]), 400)
        problem(asked(event, ""), 400)
        assert asked(event, *posts)["multiValueHeaders"]["Cache-Control"] == ["private, no-store"]


def test_a_row_that_moves_between_partitions_is_listed_once(table: Table, posts: Blog) -> None:
    """A late read may see a post of a merged account under both authors."""
    post = create(posts, status="published")
    (row,) = table.query(Range(author_partition(post.author_id)), 1)
    table.put_all([row | {"pk": author_partition(person(BOB).author_id)}])
    both = followed(ALICE, [post.author_id, person(BOB).author_id])
    rows, cursor = rows_of(table, both, 1, None)
    assert ([one["id"] for one in rows], cursor) == ([post.id], None)
