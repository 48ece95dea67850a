"""Idempotency-Key: a creation that is sent again is made once."""

from datetime import timedelta
from typing import Any

import pytest

from blog.errors import Conflict, SlugTaken, Unprocessable
from blog.idempotency import Idempotency
from blog.models import NewPost
from blog.posts import Posts
from tests.integration.conftest import stored
from tests.integration.writing import THEN, create, edit
from tests.support import ALICE, BOB


def repeatable(key: str, owner: str = ALICE, **members: Any) -> dict[str, Any]:
    """The arguments of a creation with an Idempotency-Key."""
    new = NewPost.model_validate({"title": "Hello"} | members)
    return {
        "new": new,
        "owner": owner,
        "author_id": owner[-5:],
        "idempotency": Idempotency.of(owner, key, new),
    }


def test_a_creation_that_is_repeated_is_made_once(posts: Posts, client: Any) -> None:
    first = posts.create(**repeatable("key"))
    edited = edit(posts, first, title="Later")
    before = stored(client)
    assert posts.create(**repeatable("key")) == edited, "the thing as it is now"
    assert stored(client) == before
    assert posts.create(**repeatable("another key")).id != first.id
    assert posts.create(**repeatable("key", BOB)).id != first.id, "keys are each person's own"


def test_a_key_with_another_body_is_refused(posts: Posts, client: Any) -> None:
    posts.create(**repeatable("key"))
    before = stored(client)
    with pytest.raises(Unprocessable):
        posts.create(**repeatable("key", body="other"))
    assert stored(client) == before


def test_a_key_is_kept_for_a_day_by_comparison(posts: Posts) -> None:
    first = posts.create(**repeatable("key"), moment=THEN)
    kept = posts.create(**repeatable("key"), moment=THEN + timedelta(hours=23))
    assert kept.id == first.id
    assert posts.create(**repeatable("key"), moment=THEN + timedelta(hours=24)).id != first.id


def test_only_successes_are_kept(posts: Posts) -> None:
    create(posts, BOB, slug="taken")
    with pytest.raises(SlugTaken):
        posts.create(**repeatable("key", slug="taken"))
    assert posts.create(**repeatable("key", slug="free")).slug == "free"


def test_a_repetition_after_deletion_is_a_conflict(posts: Posts) -> None:
    post = posts.create(**repeatable("key"))
    posts.delete(post.id, sub=ALICE, if_match=None)
    with pytest.raises(Conflict):
        posts.create(**repeatable("key"))


def test_a_repetition_whose_slug_is_taken_by_the_first_is_still_the_first(posts: Posts) -> None:
    first = posts.create(**repeatable("key", slug="mine"))
    assert posts.create(**repeatable("key", slug="mine")).id == first.id
