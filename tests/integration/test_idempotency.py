"""Idempotency-Key: a creation that is sent again is made once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb.idempotency import Idempotency
from blog.errors import Conflict, SlugTaken, Unprocessable
from blog.posts.model import Post
from blog.posts.schemas import NewPost
from tests.support.posts import THEN, Blog, create, edit, person, stored
from tests.support.samples import ALICE, BOB


def repeatable(
    posts: Blog, key: str, owner: str = ALICE, moment: datetime | None = None, **members: Any
) -> Post:
    """What a creation with an Idempotency-Key answers."""
    new = NewPost.model_validate({"title": "Hello"} | members)
    idempotency = Idempotency.of(owner, key, new)
    return posts.create(new, owner=person(owner), idempotency=idempotency, moment=moment).post


def test_a_creation_that_is_repeated_is_made_once(posts: Blog, client: Any) -> None:
    first = repeatable(posts, "key")
    edited = edit(posts, first, title="Later")
    before = stored(client)
    assert repeatable(posts, "key") == edited, "the thing as it is now"
    assert stored(client) == before
    assert repeatable(posts, "another key").id != first.id
    assert repeatable(posts, "key", BOB).id != first.id, "keys are each person's own"


def test_a_key_with_another_body_is_refused(posts: Blog, client: Any) -> None:
    repeatable(posts, "key")
    before = stored(client)
    with pytest.raises(Unprocessable):
        repeatable(posts, "key", body="other")
    assert stored(client) == before


def test_a_key_is_kept_for_a_day_by_comparison(posts: Blog) -> None:
    first = repeatable(posts, "key", moment=THEN)
    kept = repeatable(posts, "key", moment=THEN + timedelta(hours=23))
    assert kept.id == first.id
    assert repeatable(posts, "key", moment=THEN + timedelta(hours=24)).id != first.id


def test_only_successes_are_kept(posts: Blog) -> None:
    create(posts, BOB, slug="taken")
    with pytest.raises(SlugTaken):
        repeatable(posts, "key", slug="taken")
    assert repeatable(posts, "key", slug="free").slug == "free"


def test_a_repetition_after_deletion_is_a_conflict(posts: Blog) -> None:
    post = repeatable(posts, "key")
    posts.delete(post.id, sub=ALICE, if_match=None)
    with pytest.raises(Conflict):
        repeatable(posts, "key")


def test_a_repetition_whose_slug_is_taken_by_the_first_is_still_the_first(posts: Blog) -> None:
    first = repeatable(posts, "key", slug="mine")
    assert repeatable(posts, "key", slug="mine").id == first.id


def test_a_scheduled_creation_is_repeated_after_its_time_has_come(posts: Blog) -> None:
    soon = (THEN + timedelta(hours=1)).isoformat()
    scheduled = {"status": "scheduled", "publish_at": soon}
    first = repeatable(posts, "key", moment=THEN, **scheduled)
    later = repeatable(posts, "key", moment=THEN + timedelta(hours=2), **scheduled)
    assert later.id == first.id
    with pytest.raises(Unprocessable):
        repeatable(posts, "another key", moment=THEN + timedelta(hours=2), **scheduled)
