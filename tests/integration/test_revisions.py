"""Revisions: earlier published versions of a post, for its owner only, at most fifty."""

from typing import Any

import pytest

from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import BadRequest, NotFound, PreconditionFailed, Unprocessable
from blog.jobs.runner import run_jobs
from blog.posts.editing import MAX_REVISIONS
from tests.support.handlers import Call, header, json_body, problem
from tests.support.posts import (
    NO_BUCKET,
    VERSION_1,
    Blog,
    RacingTable,
    create,
    edit,
    expected_items,
    person,
    stored,
    stored_items,
)
from tests.support.samples import ALICE, BOB


def versions(posts: Blog, post_id: str) -> list[int]:
    page = posts.revisions(ALICE, post_id, limit=100, cursor=None)
    return [row.version for row in page.items]


def test_every_edit_of_a_published_text_stores_the_earlier_one(posts: Blog) -> None:
    post = create(posts, title="First", body="one", status="published")
    second = edit(posts, post, body="two")
    third = edit(posts, second, title="Second")
    edit(posts, third, title="Third", body="three")
    page = posts.revisions(ALICE, post.id, limit=20, cursor=None)
    rows = [(row.version, row.title, row.created_at) for row in page.items]
    assert rows == [
        (3, "Second", third.updated_at),
        (2, "First", second.updated_at),
        (1, "First", post.updated_at),
    ]
    texts = [posts.revision(ALICE, post.id, n) for n in (1, 2, 3)]
    assert [(one.title, one.body) for one in texts] == [
        ("First", "one"),
        ("First", "two"),
        ("Second", "two"),
    ]


def test_an_edit_that_changes_no_public_text_stores_no_revision(posts: Blog) -> None:
    post = create(posts, body="draft")
    edit(posts, post, body="still a draft")
    edit(posts, post, status="published")
    edit(posts, post, tags=["a"], comments="closed", excerpt="E")
    edit(posts, post, body="still a draft", title="Hello")
    edit(posts, post)
    assert versions(posts, post.id) == []
    edit(posts, post, status="draft", body="changed as it goes")
    edit(posts, post, body="a draft again")
    assert versions(posts, post.id) == [6]


def test_fifty_revisions_are_kept_and_the_oldest_is_dropped(
    posts: Blog, table: Table, client: Any
) -> None:
    post = create(posts, status="published", body="0")
    for number in range(1, MAX_REVISIONS + 3):
        post = edit(posts, post, body=str(number))
    assert versions(posts, post.id) == list(range(MAX_REVISIONS + 2, 2, -1))
    with pytest.raises(NotFound):
        posts.revision(ALICE, post.id, 2)
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == expected_items([post])


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_the_list_pages_completely(posts: Blog, limit: int) -> None:
    post = create(posts, status="published", body="0")
    for number in range(1, 5):
        edit(posts, post, body=str(number))
    rows: list[int] = []
    cursor = None
    while True:
        page = posts.revisions(ALICE, post.id, limit=limit, cursor=cursor)
        rows += [row.version for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
        assert len(page.items) == limit
    assert rows == [4, 3, 2, 1]


def test_a_cursor_of_another_posts_revisions_is_refused(posts: Blog) -> None:
    made = [create(posts, status="published") for _ in range(2)]
    for post in made:
        edit(posts, edit(posts, post, body="1"), body="2")
    page = posts.revisions(ALICE, made[0].id, limit=1, cursor=None)
    with pytest.raises(BadRequest):
        posts.revisions(ALICE, made[1].id, limit=1, cursor=page.next_cursor)


def test_restoring_is_an_edit_like_any_other(posts: Blog) -> None:
    post = create(posts, title="First", body="*one*", tags=["a"], status="published")
    edit(posts, post, title="Second", body="two", tags=["b"])
    after = posts.restore(post.id, 1, owner=person(ALICE), if_match=IfMatch(frozenset({2}))).post
    assert (after.version, after.title, after.body) == (3, "First", "*one*")
    assert after.body_html == "<p><em>one</em></p>\n"
    assert after.tags == ["b"], "other fields stay"
    assert versions(posts, post.id) == [2, 1]
    assert posts.published(post.id).post == after


def test_restoring_takes_if_match(posts: Blog) -> None:
    post = create(posts, status="published")
    edit(posts, post, body="1")
    with pytest.raises(PreconditionFailed):
        posts.restore(post.id, 1, owner=person(ALICE), if_match=VERSION_1)


def test_restoring_into_a_draft_stores_no_revision_of_the_draft(posts: Blog) -> None:
    post = create(posts, body="public", status="published")
    edit(posts, post, body="next")
    edit(posts, post, status="draft")
    posts.restore(post.id, 1, owner=person(ALICE), if_match=None)
    assert versions(posts, post.id) == [1]


def test_a_lost_race_restores_on_top_of_the_other_edit(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = create(posts, body="one", status="published")
    edit(posts, post, body="two")
    racing_table.before_write = [lambda: edit(posts, post, tags=["kept"], body="between")]
    after = posts.restore(post.id, 1, owner=person(ALICE), if_match=None).post
    assert (after.body, after.tags, after.version) == ("one", ["kept"], 4)
    assert versions(posts, post.id) == [3, 2, 1]


def test_only_the_owner_reads_revisions(posts: Blog, client: Any) -> None:
    post = create(posts, body="secret", status="published")
    edit(posts, post, body="public")
    before = stored(client)
    for act in (
        lambda: posts.revisions(BOB, post.id, limit=1, cursor=None),
        lambda: posts.revision(BOB, post.id, 1),
        lambda: posts.restore(post.id, 1, owner=person(BOB), if_match=None),
        lambda: posts.restore(post.id, 2, owner=person(ALICE), if_match=None),
        lambda: posts.revision(ALICE, post.id, 2),
    ):
        with pytest.raises(NotFound):
            act()
    assert stored(client) == before


def test_a_revision_whose_html_is_too_long_today_is_refused(
    posts: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = create(posts, body="x" * 100, status="published")
    edit(posts, post, body="")
    monkeypatch.setattr("blog.posts.markup.MAX_HTML", 10)
    with pytest.raises(Unprocessable):
        posts.restore(post.id, 1, owner=person(ALICE), if_match=None)


def test_the_list_of_revisions_reads_no_body(posts: Blog, client: Any) -> None:
    post = create(posts, body="x" * 100_000, status="published")
    edit(posts, post, body="")
    read: list[Any] = []
    client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: read.append(parsed)
    )
    posts.revisions(ALICE, post.id, limit=20, cursor=None)
    assert "xxx" not in str(read)
    assert len(read) == 1


def test_revisions_over_http(call: Call, post: dict[str, Any]) -> None:
    post_id = post["id"]
    call("posts-edit", post_id=post_id, body={"status": "published"})
    call("posts-edit", post_id=post_id, body={"body": "new"})
    page = call("posts-list-revisions", post_id=post_id)
    assert header(page, "Cache-Control") == "private, no-store"
    (row,) = json_body(page)["items"]
    assert set(row) == {"version", "title", "created_at"}
    assert row["version"] == 2
    revision = json_body(call("posts-get-revision", post_id=post_id))
    assert revision == row | {"body": post["body"]}
    stale = call("posts-restore-revision", post_id=post_id, headers={"If-Match": '"2"'})
    assert problem(stale, 412)["current_version"] == 3
    restored = call("posts-restore-revision", post_id=post_id, headers={"If-Match": '"3"'})
    assert restored["statusCode"] == 200
    assert header(restored, "ETag").startswith('"4-')
    assert json_body(restored)["body"] == post["body"]


@pytest.mark.parametrize("version", ["0", "-1", "x", "1.0", "00", "9" * 40, "%31", "1%00"])
def test_an_invalid_revision_number_is_404(call: Call, post: dict[str, Any], version: str) -> None:
    for name in ("posts-get-revision", "posts-restore-revision"):
        response = call(name, post_id=post["id"], parts={"revisions/2": f"revisions/{version}"})
        problem(response, 404)


def test_revisions_of_another_user_are_404_over_http(call: Call, post: dict[str, Any]) -> None:
    call("posts-edit", post_id=post["id"], body={"status": "published"})
    for name in ("posts-list-revisions", "posts-get-revision", "posts-restore-revision"):
        problem(call(name, post_id=post["id"], sub=BOB), 404)
        problem(call(name, post_id="nothing"), 404)
    problem(call("posts-list-revisions", post_id=post["id"], query={"cursor": "x"}), 400)
