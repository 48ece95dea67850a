"""Tags with their counts: sorted by name, exact, and only those of published posts."""

from typing import Any

import pytest

from blog.dynamodb.table import Table
from blog.errors import BadRequest
from blog.jobs.runner import run_jobs
from blog.posts.scheduling import publish_due
from tests.integration.test_scheduling import LATER, scheduled
from tests.support.handlers import Call, header, json_body, problem
from tests.support.posts import NO_BUCKET, Blog, RacingTable, create, edit
from tests.support.samples import ALICE, BOB


def counts(posts: Blog) -> dict[str, int]:
    page = posts.tags(limit=100, cursor=None)
    assert page.next_cursor is None
    return {row.tag: row.count for row in page.items}


def test_tags_of_published_posts_are_counted(posts: Blog) -> None:
    first = create(posts, status="published", tags=["C#", "हिन्दी"])
    second = create(posts, BOB, status="published", tags=["c#", "node.js"])
    draft = create(posts, tags=["draft", "c#"])
    assert counts(posts) == {"c#": 2, "node.js": 1, "हिन्दी": 1}
    assert list(counts(posts)) == ["c#", "node.js", "हिन्दी"]
    edit(posts, draft, status="published")
    edit(posts, first, tags=["हिन्दी", "new"])
    assert counts(posts) == {"c#": 2, "draft": 1, "new": 1, "node.js": 1, "हिन्दी": 1}
    edit(posts, second, BOB, status="draft")
    posts.delete(first.id, sub=ALICE, if_match=None)
    assert counts(posts) == {"c#": 1, "draft": 1}


def test_a_scheduled_publication_is_counted(posts: Blog, table: Table) -> None:
    scheduled(posts, tags=["later"])
    assert counts(posts) == {}
    publish_due(table, LATER)
    assert counts(posts) == {"later": 1}


def test_a_lost_race_is_counted_once(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = create(posts, status="published", tags=["a"])
    racing_table.before_write = [lambda: edit(posts, post, tags=["b"])]
    edit(posts, post, tags=["c"])
    assert counts(posts) == {"c": 1}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 100])
@pytest.mark.parametrize("is_clean", [False, True])
def test_the_list_pages_completely_over_unused_tags(
    posts: Blog, table: Table, limit: int, is_clean: bool
) -> None:
    tags = ["+", "a", "a b", "a-b", "c#", "ß", "हिन्दी"]
    for n, tag in enumerate(tags):
        post = create(posts, status="published", tags=[tag, f"gone-{n}", f"a-gone-{n}"])
        edit(posts, post, tags=[tag])
    if is_clean:
        run_jobs(table, NO_BUCKET)
    found: list[str] = []
    cursor = None
    while True:
        page = posts.tags(limit=limit, cursor=cursor)
        found += [row.tag for row in page.items]
        if (cursor := page.next_cursor) is None:
            break
        assert len(page.items) == limit, "no short pages"
    assert found == sorted(tags)


def test_a_cursor_stays_valid_while_tags_are_added_and_removed(posts: Blog) -> None:
    post = create(posts, status="published", tags=["a", "c", "e"])
    page = posts.tags(limit=2, cursor=None)
    edit(posts, post, tags=["a", "b", "d", "e"])
    rest = posts.tags(limit=9, cursor=page.next_cursor)
    assert [row.tag for row in rest.items] == ["d", "e"]


def test_a_cursor_of_another_list_is_refused(posts: Blog) -> None:
    for n in range(2):
        create(posts, status="published", tags=[f"tag-{n}"])
    tags, feed = posts.tags(limit=1, cursor=None), posts.feed(limit=1, cursor=None)
    with pytest.raises(BadRequest):
        posts.feed(limit=1, cursor=tags.next_cursor)
    with pytest.raises(BadRequest):
        posts.tags(limit=1, cursor=feed.next_cursor)


def test_tags_over_http(call: Call, posts: Blog) -> None:
    create(posts, status="published", tags=["हिन्दी", "c#"])
    response = call("public-list-tags", query={"limit": "1"})
    page = json_body(response)
    assert page["items"] == [{"tag": "c#", "count": 1}]
    assert header(response, "Cache-Control") == "public, max-age=0, s-maxage=60"
    rest = json_body(call("public-list-tags", query={"cursor": page["next_cursor"]}))
    assert rest == {"items": [{"tag": "हिन्दी", "count": 1}], "next_cursor": None}
    for query in ({"limit": "0"}, {"limit": "101"}, {"cursor": "x"}):
        problem(call("public-list-tags", query=query), 400)


def test_a_page_is_full_although_unused_tags_follow_it(posts: Blog) -> None:
    for name in ("a", "b", "z"):
        create(posts, status="published", tags=[name])
    post = create(posts, status="published", tags=["c", "d", "e"])
    edit(posts, post, tags=[])
    page = posts.tags(limit=2, cursor=None)
    assert [row.tag for row in page.items] == ["a", "b"]
    last: Any = posts.tags(limit=2, cursor=page.next_cursor)
    assert ([row.tag for row in last.items], last.next_cursor) == (["z"], None)
