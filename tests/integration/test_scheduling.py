"""Scheduled posts: published once, in order, and without disturbing an edit."""

import importlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.actions import Action
from blog.dynamodb.table import Table
from blog.errors import NotFound, Unavailable, Unprocessable
from blog.jobs.runner import run_jobs
from blog.posts import service
from blog.posts.model import Post
from blog.posts.scheduling import publish_due, seconds_overdue
from tests.support.posts import (
    NO_BUCKET,
    VERSION_1,
    Blog,
    RacingTable,
    create,
    edit,
    expected_items,
    stored_items,
)
from tests.support.samples import ALICE, BOB, LambdaContext

HOUR = datetime.now(UTC) + timedelta(hours=1)
LATER = HOUR + timedelta(minutes=1)


def scheduled(posts: Blog, owner: str = ALICE, **members: Any) -> Post:
    """Create a post that is due in an hour."""
    return create(posts, owner, status="scheduled", publish_at=HOUR.isoformat(), **members)


def test_an_author_schedules_at_most_a_thousand_posts(
    posts: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SCHEDULED", 2)

    def again(post: Post) -> Post:
        return edit(posts, post, status="scheduled", publish_at=HOUR.isoformat())

    draft, first, other = create(posts), scheduled(posts), scheduled(posts)
    with pytest.raises(Unprocessable) as refused:
        scheduled(posts)
    assert [error.field for error in refused.value.errors] == ["status"]
    with pytest.raises(Unprocessable):
        again(draft)
    again(other)  # an edit of a scheduled post
    assert scheduled(posts, BOB).status == "scheduled"
    edit(posts, first, status="draft")
    assert again(draft).status == "scheduled"


def test_a_scheduled_post_is_published_when_it_is_due(
    posts: Blog, table: Table, client: Any
) -> None:
    post = scheduled(posts, tags=["a"])
    assert publish_due(table, HOUR - timedelta(minutes=1)) == (0, 0)
    with pytest.raises(NotFound):
        posts.published(post.id)
    assert publish_due(table, LATER) == (1, 0)
    after = posts.published(post.id).post
    assert (after.status, after.version, after.published_at) == ("published", 1, post.publish_at)
    assert stored_items(client) == expected_items([after])
    assert publish_due(table, LATER) == (0, 0)


def test_all_due_posts_are_published_in_order(posts: Blog, table: Table) -> None:
    made = [scheduled(posts, title=f"Post {n}") for n in range(5)]
    create(posts)
    assert publish_due(table, LATER) == (5, 0)
    page = posts.feed(limit=9, cursor=None)
    assert {row.id for row in page.items} == {post.id for post in made}


@pytest.mark.parametrize(
    "members",
    [
        {"status": "scheduled", "publish_at": "2020-01-01T00:00:00Z"},
        {"publish_at": "2020-01-01T00:00:00Z"},
        {"status": "published", "publish_at": HOUR.isoformat()},
    ],
)
def test_an_invalid_time_is_refused_before_the_owner_is_checked(
    posts: Blog, members: dict[str, Any]
) -> None:
    draft = create(posts)
    for sub in (ALICE, BOB):
        with pytest.raises(Unprocessable):
            edit(posts, draft, sub, **members)


def test_two_runs_at_once_publish_a_post_once(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = scheduled(posts)
    others: list[tuple[int, int]] = []
    racing_table.before_write = [lambda: others.append(publish_due(racing_table, LATER))]
    assert publish_due(racing_table, LATER) == (0, 0)
    assert others == [(1, 0)]
    assert posts.published(post.id).post.lock_version == 2


def test_an_edit_during_the_publication_is_not_lost(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = scheduled(posts)
    racing_table.before_write = [lambda: edit(posts, post, body="in between")]
    assert publish_due(racing_table, LATER) == (1, 0)
    after = posts.published(post.id).post
    assert (after.body, after.version, after.lock_version) == ("in between", 2, 3)


def test_a_post_that_is_unpublished_during_the_run_stays_a_draft(racing_table: RacingTable) -> None:
    posts = Blog(racing_table)
    post = scheduled(posts)
    racing_table.before_write = [lambda: edit(posts, post, status="draft")]
    assert publish_due(racing_table, LATER) == (0, 0)
    assert posts.owned_by(ALICE, post.id).post.status == "draft"


def test_an_edit_of_the_version_before_the_publication_succeeds(
    posts: Blog, table: Table, client: Any
) -> None:
    post = scheduled(posts, tags=["a"])
    publish_due(table, LATER)
    after = edit(posts, post, if_match=VERSION_1, body="saved", tags=["b"])
    assert (after.status, after.version, after.body) == ("published", 2, "saved")
    run_jobs(table, NO_BUCKET)
    assert stored_items(client) == expected_items([after])


def test_an_edit_that_loses_the_race_against_the_publication_succeeds(
    racing_table: RacingTable,
) -> None:
    posts = Blog(racing_table)
    post = scheduled(posts)
    racing_table.before_write = [lambda: publish_due(racing_table, LATER)]
    after = edit(posts, post, if_match=VERSION_1, body="saved")
    assert (after.status, after.version, after.lock_version) == ("published", 2, 3)


def test_a_post_that_cannot_be_published_is_counted_and_delays_no_other(
    racing_table: RacingTable, monkeypatch: Any
) -> None:
    posts = Blog(racing_table)
    first, second = scheduled(posts, title="A"), scheduled(posts, title="B")
    transact = racing_table.transact

    def unavailable(actions: Sequence[Action], token: str | None = None) -> None:
        if any(action.key.pk == f"POST#{first.id}" for action in actions):
            raise Unavailable
        transact(actions, token)

    monkeypatch.setattr(racing_table, "transact", unavailable)
    assert publish_due(racing_table, LATER) == (1, 1)
    assert posts.published(second.id).post


def test_the_delay_of_the_publisher_is_reported(
    posts: Blog, table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seconds_overdue(table, LATER) == 0
    later = (LATER + timedelta(minutes=1)).isoformat()
    create(posts, status="scheduled", publish_at=later)
    scheduled(posts)
    assert seconds_overdue(table, HOUR - timedelta(minutes=1)) == 0
    assert 59 < seconds_overdue(table, LATER) <= 61
    app = importlib.import_module("functions.publisher.app")
    monkeypatch.setattr(app, "table", table)
    monkeypatch.setattr(app, "now", lambda: LATER)
    app.handler({}, LambdaContext())
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "PublisherLag" in line)
    document = json.loads(line)
    assert (document["PublisherLag"], document["NotPublished"]) == ([0.0], [0.0])
    assert document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
