"""Posts in DynamoDB: only owners write, lists agree with posts, and races lose no change."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from blog.dynamodb.actions import TransactionContended
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    PreconditionFailed,
    SlugTaken,
    WriteContended,
)
from blog.jobs.runner import run_jobs
from tests.support.posts import (
    NO_BUCKET,
    THEN,
    VERSION_1,
    Blog,
    RacingTable,
    create,
    edit,
    expected_items,
    stored,
    stored_items,
)
from tests.support.samples import ALICE, BOB


def test_a_draft_is_invisible_to_everyone_but_its_owner(posts: Blog) -> None:
    post = create(posts)
    assert posts.owned_by(ALICE, post.id).post == post
    with pytest.raises(NotFound):
        posts.published(post.id)
    with pytest.raises(NotFound):
        posts.owned_by(BOB, post.id)


def test_a_published_post_is_read_by_anyone(posts: Blog) -> None:
    post = create(posts, status="published")
    assert posts.published(post.id).post == post
    with pytest.raises(NotFound):
        posts.owned_by(BOB, post.id)


def test_only_the_owner_changes_a_post(posts: Blog, client: Any) -> None:
    draft, published = create(posts), create(posts, title="Public", status="published")
    before = stored(client)
    with pytest.raises(NotFound):
        edit(posts, draft, sub=BOB, body="hacked")
    with pytest.raises(NotFound):
        posts.delete(draft.id, sub=BOB, if_match=None)
    with pytest.raises(Forbidden):
        edit(posts, published, sub=BOB, body="hacked")
    with pytest.raises(Forbidden):
        posts.delete(published.id, sub=BOB, if_match=None)
    assert stored(client) == before


def test_the_write_itself_refuses_another_user(racing_table: RacingTable, client: Any) -> None:
    """GIVEN a post that changes its owner between read and write THEN the condition refuses."""
    posts = Blog(racing_table)
    post = create(posts, status="published")

    def change_owner() -> None:
        client.update_item(
            TableName="BlogTable",
            Key={"pk": {"S": f"POST#{post.id}"}, "sk": {"S": "POST"}},
            UpdateExpression="SET #o = :o",
            ExpressionAttributeNames={"#o": "owner"},
            ExpressionAttributeValues={":o": {"S": BOB}},
        )

    racing_table.before_write = [change_owner]
    with pytest.raises(Forbidden):
        edit(posts, post, body="mine?")
    assert posts.published(post.id).post.body == ""


def test_an_edit_raises_the_version_and_keeps_the_other_fields(posts: Blog) -> None:
    post = create(posts, tags=["a"], body="text")
    after = edit(posts, post, title="New", if_match=VERSION_1)
    assert (after.version, after.title, after.body, after.tags) == (2, "New", "text", ["a"])
    assert posts.owned_by(ALICE, post.id).post == after


def test_a_stale_if_match_returns_the_current_version(posts: Blog) -> None:
    post = create(posts)
    edit(posts, post, body="2")
    with pytest.raises(PreconditionFailed) as refused:
        edit(posts, post, if_match=VERSION_1, body="3")
    assert refused.value.current_version == 2
    with pytest.raises(PreconditionFailed):
        posts.delete(post.id, sub=ALICE, if_match=VERSION_1)
    assert posts.owned_by(ALICE, post.id).post.body == "2"


def test_a_lost_race_returns_the_current_version_without_another_read(
    racing_table: RacingTable,
) -> None:
    posts, others = Blog(racing_table), Blog(racing_table)
    post = create(posts)
    racing_table.before_write = [lambda: edit(others, post, body="theirs")]
    with pytest.raises(PreconditionFailed) as refused:
        edit(posts, post, if_match=VERSION_1, body="ours")
    assert refused.value.current_version == 2


def test_without_if_match_a_lost_race_keeps_both_changes(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = create(posts)
    racing_table.before_write = [lambda: edit(posts, post, body="theirs")]
    after = edit(posts, post, title="Ours")
    assert (after.title, after.body, after.version) == ("Ours", "theirs", 3)


def test_a_change_of_the_lock_version_alone_disturbs_no_edit(
    racing_table: RacingTable, client: Any
) -> None:
    """GIVEN a new lock_version and the same version THEN the editor's If-Match still holds."""
    posts = Blog(racing_table)
    post = create(posts)

    def raise_lock_version() -> None:
        client.update_item(
            TableName="BlogTable",
            Key={"pk": {"S": f"POST#{post.id}"}, "sk": {"S": "POST"}},
            UpdateExpression="SET lock_version = lock_version + :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    racing_table.before_write = [raise_lock_version]
    after = edit(posts, post, if_match=VERSION_1, body="saved")
    assert (after.version, after.lock_version) == (2, 3)


def test_a_post_that_is_deleted_before_the_write_is_not_found(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = create(posts)
    racing_table.before_write = [lambda: posts.delete(post.id, sub=ALICE, if_match=None)]
    with pytest.raises(NotFound):
        edit(posts, post, body="late")


def test_a_write_that_loses_every_race_gives_up(
    racing_table: RacingTable, monkeypatch: Any
) -> None:
    posts = Blog(racing_table)
    post = create(posts)

    def contended(_actions: Any, _token: Any) -> None:
        raise TransactionContended

    monkeypatch.setattr(racing_table, "transact", contended)
    with pytest.raises(WriteContended):
        edit(posts, post, body="x")
    with pytest.raises(WriteContended):
        create(posts)


def test_a_second_deletion_is_not_found(posts: Blog, table: Table, client: Any) -> None:
    post = create(posts, status="published", slug="first")
    edit(posts, post, slug="second")
    posts.delete(post.id, sub=ALICE, if_match=IfMatch(None))
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == {}
    with pytest.raises(NotFound):
        posts.delete(post.id, sub=ALICE, if_match=None)


def test_the_table_contains_exactly_what_its_posts_need(
    posts: Blog, table: Table, client: Any
) -> None:
    first, second = create(posts), create(posts, BOB, title="Hello", status="published")
    first = edit(posts, first, status="published", title="Hello again")
    second = edit(posts, second, BOB, status="draft", slug="mine")
    third = edit(posts, create(posts, title="Third"), tags=["x"])
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == expected_items([first, second, third])


def test_a_derived_slug_that_is_taken_gets_a_random_suffix(posts: Blog) -> None:
    slugs = {create(posts, BOB if n % 2 else ALICE).slug for n in range(12)}
    assert len(slugs) == 12
    assert all(slug.startswith("hello") for slug in slugs)


def test_a_requested_slug_that_is_taken_is_a_conflict(posts: Blog, client: Any) -> None:
    create(posts, slug="taken")
    other = create(posts, BOB)
    before = stored(client)
    with pytest.raises(SlugTaken):
        create(posts, BOB, slug="taken")
    with pytest.raises(SlugTaken):
        edit(posts, other, sub=BOB, slug="taken")
    assert stored(client) == before


def test_an_edit_that_derives_a_taken_slug_gets_a_suffix(posts: Blog) -> None:
    create(posts, title="Taken")
    after = edit(posts, create(posts, title="Free"), title="Taken")
    assert after.slug.startswith("taken-")


def test_a_slug_set_by_another_edit_is_not_overwritten(racing_table: RacingTable) -> None:
    """GIVEN the derived slug is taken, and another edit sets a slug before the next attempt."""
    posts = Blog(racing_table)
    create(posts, title="Taken")
    post = create(posts, title="Free")

    def set_slug(slug: str) -> Callable[[], Any]:
        return lambda: edit(posts, post, slug=slug)

    nothing = lambda: None  # noqa: E731
    racing_table.before_write = [set_slug("given-by-me"), nothing]
    after = edit(posts, post, title="Taken")
    assert (after.slug, after.slug_is_derived, after.title) == ("given-by-me", False, "Taken")


def test_a_former_slug_stays_reserved_until_its_post_is_deleted(posts: Blog) -> None:
    post = create(posts, slug="first", status="published")
    edit(posts, post, slug="second")
    with pytest.raises(SlugTaken):
        create(posts, BOB, slug="first")
    posts.delete(post.id, sub=ALICE, if_match=None)
    assert create(posts, BOB, slug="first").slug == "first"


def pages(fetch: Callable[[str | None], Any]) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = fetch(cursor)
        found.append([row.id for row in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
def test_the_feed_pages_completely_and_in_order(table: Table, shards: int, limit: int) -> None:
    posts = Blog(table, shards)
    ids = [
        create(posts, now=THEN + timedelta(minutes=n % 5), status="published").id for n in range(7)
    ]
    create(posts)
    by_time = sorted(ids, key=lambda one: (ids.index(one) % 5, one), reverse=True)
    found = pages(lambda cursor: posts.feed(limit=limit, cursor=cursor))
    assert [one for page in found for one in page] == by_time
    assert all(len(page) == limit for page in found[:-1]), "no short pages"
    assert found[-1], "no empty last page"


def test_a_cursor_stays_valid_while_posts_are_added_and_deleted(posts: Blog) -> None:
    made = [create(posts, now=THEN + timedelta(days=n), status="published") for n in range(6)]
    page = posts.feed(limit=2, cursor=None)
    posts.delete(made[4].id, sub=ALICE, if_match=None)
    posts.delete(made[3].id, sub=ALICE, if_match=None)
    create(posts, status="published")
    rest = posts.feed(limit=10, cursor=page.next_cursor)
    assert [row.id for row in rest.items] == [made[n].id for n in (2, 1, 0)]


def test_a_cursor_stays_valid_when_shards_are_added(table: Table) -> None:
    one, four = Blog(table, 1), Blog(table, 4)
    for n in range(4):
        create(one, now=THEN + timedelta(days=n), status="published")
    first = one.feed(limit=2, cursor=None)
    second = four.feed(limit=2, cursor=first.next_cursor)
    assert len({row.id for row in (*first.items, *second.items)}) == 4


def test_my_posts_are_listed_by_status_newest_created_first(posts: Blog) -> None:
    made = [create(posts, now=THEN + timedelta(days=n)) for n in range(4)]
    create(posts, BOB)
    edit(posts, made[0], status="published")

    def mine(status: Any) -> list[str]:
        page = posts.list_owned_by(ALICE, status=status, limit=10, cursor=None)
        return [row.id for row in page.items]

    assert mine(None) == [made[n].id for n in (3, 2, 1, 0)]
    assert mine("draft") == [made[n].id for n in (3, 2, 1)]
    assert mine("published") == [made[0].id]


def test_published_posts_by_tag_and_by_author(posts: Blog) -> None:
    first = create(posts, now=THEN, tags=["C#", "हिन्दी"], status="published")
    second = create(posts, BOB, THEN + timedelta(days=1), tags=["c#"], status="published")
    create(posts, tags=["c#"])

    def ids(page: Any) -> list[str]:
        return [row.id for row in page.items]

    assert ids(posts.tagged("c#", limit=9, cursor=None)) == [second.id, first.id]
    assert ids(posts.tagged(" C# ", limit=9, cursor=None)) == [second.id, first.id]
    assert ids(posts.tagged("हिन्दी", limit=9, cursor=None)) == [first.id]
    assert ids(posts.tagged("none", limit=9, cursor=None)) == []
    assert ids(posts.by_author(first.author_id, limit=9, cursor=None)) == [first.id]
    assert ids(posts.by_author("nobody", limit=9, cursor=None)) == []
    page = posts.tagged("c#", limit=1, cursor=None)
    assert ids(posts.tagged("c#", limit=1, cursor=page.next_cursor)) == [first.id]
    edit(posts, second, BOB, tags=[])
    assert ids(posts.tagged("c#", limit=9, cursor=None)) == [first.id]


def test_a_post_is_found_by_its_current_and_former_slugs(posts: Blog) -> None:
    post = create(posts, slug="first")
    with pytest.raises(NotFound):
        posts.published_by_slug("first")
    edit(posts, post, status="published")
    edit(posts, post, slug="second")
    assert posts.published_by_slug("first").post.slug == "second"
    assert posts.published_by_slug("second").post.id == post.id
    edit(posts, post, status="draft")
    for slug in ("first", "second", "third", "No Slug", "x" * 121):
        with pytest.raises(NotFound):
            posts.published_by_slug(slug)


def test_a_cursor_of_another_list_is_refused(posts: Blog) -> None:
    for _ in range(2):
        create(posts)
    page = posts.list_owned_by(ALICE, status=None, limit=1, cursor=None)
    assert page.next_cursor
    with pytest.raises(BadRequest):
        posts.feed(limit=1, cursor=page.next_cursor)
    with pytest.raises(BadRequest):
        posts.list_owned_by(BOB, status=None, limit=1, cursor=page.next_cursor)
