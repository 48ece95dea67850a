"""Each pair of writes of a post, with one between the read and the write of the other.

Afterwards the table matches the posts, and no acknowledged change is lost.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.table import Table
from blog.errors import Problem
from blog.jobs.runner import run_jobs
from blog.posts.model import Post
from blog.posts.scheduling import publish_due
from blog.s3 import Bucket
from tests.support.engines import Stores
from tests.support.posts import (
    NO_BUCKET,
    TABLE,
    Blog,
    RacingTable,
    create,
    edit,
    expected_items,
    person,
    stored,
    stored_items,
)
from tests.support.samples import ALICE
from tests.support.snapshots import Snapshot

HOUR = datetime.now(UTC) + timedelta(hours=1)
LATER = HOUR + timedelta(minutes=1)

Write = Callable[[Blog, Table, Post], Any]
WRITES: dict[str, Write] = {
    "title": lambda posts, _, post: edit(posts, post, title="Another title"),
    "tags": lambda posts, _, post: edit(posts, post, tags=["a", "c"]),
    "slug": lambda posts, _, post: edit(posts, post, slug="asked-for"),
    "publish": lambda posts, _, post: edit(posts, post, status="published"),
    "unpublish": lambda posts, _, post: edit(posts, post, status="draft"),
    "schedule": lambda posts, _, post: edit(
        posts, post, status="scheduled", publish_at=HOUR.isoformat()
    ),
    "close": lambda posts, _, post: edit(posts, post, comments="closed"),
    "restore": lambda posts, _, post: posts.restore(
        post.id, post.revisions[0], owner=person(ALICE), if_match=None
    ),
    "delete": lambda posts, _, post: posts.delete(post.id, sub=ALICE, if_match=None),
    "tick": lambda _, table, __: publish_due(table, LATER),
    "competing post": lambda posts, _, post: create(posts, title="Another title", slug="asked-for"),
}
# Conditions that hold if this write was acknowledged last, or the other changed another field.
HOLDS: dict[str, Callable[[Post], bool]] = {
    "title": lambda post: post.title == "Another title",
    "tags": lambda post: post.tags == ["a", "c"],
    "slug": lambda post: post.slug == "asked-for",
    "close": lambda post: post.comments == "closed",
}
SAME_FIELD = {("title", "restore"), ("restore", "title")}


def scheduled(posts: Blog, _: Table) -> Post:
    at = HOUR.isoformat()
    return create(posts, title="First", tags=["a", "b"], status="scheduled", publish_at=at)


def published(posts: Blog, _: Table) -> Post:
    post = create(posts, title="First", tags=["a", "b"], status="published")
    post = edit(posts, post, body="one", slug="second")
    return edit(posts, post, body="two")


@pytest.mark.parametrize("start", [scheduled, published])
def test_any_write_between_the_read_and_the_write_of_another_is_safe(
    client: Any, bucket: Bucket, start: Callable[[Blog, Table], Post]
) -> None:
    table = Table(client, TABLE)
    post = start(Blog(table), table)
    snapshot = Snapshot(Stores(client, bucket))
    for inner in WRITES.items():
        for outer in WRITES.items():
            snapshot.restore()
            _interleave(client, post, outer, inner)


def _interleave(
    client: Any, post: Post, outer: tuple[str, Write], inner: tuple[str, Write]
) -> None:
    table, racing_table = Table(client, TABLE), RacingTable(client, TABLE)
    acknowledged: list[str] = []

    def run(name: str, write: Write, at: Table) -> None:
        with suppress(Problem, IndexError):  # IndexError: there is no revision to restore
            write(Blog(at), at, post)
            acknowledged.append(name)

    racing_table.before_write = [lambda: run(*inner, table)]
    run(*outer, racing_table)
    run_jobs(table, NO_BUCKET)
    found = {
        key[0]: Post.of(Table(client, TABLE)._plain(item))
        for key, item in stored(client).items()
        if key[1] == "POST"
    }
    case = f"{inner[0]} within {outer[0]}"
    assert stored_items(client) == expected_items(found.values()), case
    assert not [key for key in stored(client) if key[0] == "JOBS"], case
    left = found.pop(f"POST#{post.id}", None)
    assert (left is None) == ("delete" in acknowledged), case
    if left is not None and (outer[0], inner[0]) not in SAME_FIELD:
        for name in acknowledged:
            assert name not in HOLDS or HOLDS[name](left), f"{name} is lost: {case}"
        edits = [name for name in acknowledged if name not in ("tick", "competing post")]
        assert left.version == post.version + len(edits), case
