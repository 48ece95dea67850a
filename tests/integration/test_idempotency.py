"""Idempotency-Key: a creation that is repeated with the same key happens once."""

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
    posts: Blog, key: str, owner: str = ALICE, now: datetime | None = None, **members: Any
) -> Post:
    """Create a post with an Idempotency-Key, or return the post that the key has created."""
    new = NewPost.model_validate({"title": "Hello"} | members)
    idempotency = Idempotency.of(owner, key, new)
    return posts.create(new, owner=person(owner), idempotency=idempotency, at=now).post


def test_a_repeated_creation_creates_one_post(posts: Blog, client: Any) -> None:
    first = repeatable(posts, "key")
    edited = edit(posts, first, title="Later")
    before = stored(client)
    assert repeatable(posts, "key") == edited, "the current version"
    assert stored(client) == before
    assert repeatable(posts, "another key").id != first.id
    assert repeatable(posts, "key", BOB).id != first.id, "each person has their own keys"


def test_a_key_with_another_body_is_refused(posts: Blog, client: Any) -> None:
    repeatable(posts, "key")
    before = stored(client)
    with pytest.raises(Unprocessable):
        repeatable(posts, "key", body="other")
    assert stored(client) == before


def test_a_key_expires_after_a_day_even_if_the_item_is_still_stored(posts: Blog) -> None:
    first = repeatable(posts, "key", now=THEN)
    repeated = repeatable(posts, "key", now=THEN + timedelta(hours=23))
    assert repeated.id == first.id
    assert repeatable(posts, "key", now=THEN + timedelta(hours=24)).id != first.id


def test_only_successes_are_remembered(posts: Blog) -> None:
    create(posts, BOB, slug="taken")
    with pytest.raises(SlugTaken):
        repeatable(posts, "key", slug="taken")
    assert repeatable(posts, "key", slug="free").slug == "free"


def test_a_repetition_after_deletion_is_a_conflict(posts: Blog) -> None:
    post = repeatable(posts, "key")
    posts.delete(post.id, sub=ALICE, if_match=None)
    with pytest.raises(Conflict):
        repeatable(posts, "key")


def test_a_repeated_creation_does_not_conflict_with_its_own_slug(posts: Blog) -> None:
    first = repeatable(posts, "key", slug="mine")
    assert repeatable(posts, "key", slug="mine").id == first.id


def test_a_scheduled_creation_can_be_repeated_after_its_publication(posts: Blog) -> None:
    soon = (THEN + timedelta(hours=1)).isoformat()
    scheduled = {"status": "scheduled", "publish_at": soon}
    first = repeatable(posts, "key", now=THEN, **scheduled)
    later = repeatable(posts, "key", now=THEN + timedelta(hours=2), **scheduled)
    assert later.id == first.id
    with pytest.raises(Unprocessable):
        repeatable(posts, "another key", now=THEN + timedelta(hours=2), **scheduled)
