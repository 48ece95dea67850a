"""How a post is created and edited: versions, slugs and publication."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.errors import Unprocessable
from blog.people.person import Person
from blog.posts.editing import MAX_FORMER_SLUGS, Edit, created, with_another_slug
from blog.posts.listing_entries import counters, entries, reserved_slugs
from blog.posts.model import Post
from blog.posts.scheduling import published
from blog.posts.schemas import NewPost, PostChanges
from blog.posts.slugs import derived_slug
from tests.support.samples import ALICE

THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = THEN + timedelta(days=1)


def new_post(**members: Any) -> Post:
    new = NewPost.model_validate({"title": "Hello, World"} | members)
    return created(new, owner=Person(ALICE, "alice"), feed_shards=4, now=THEN)


def edited(post: Post, **members: Any) -> Post:
    edit = Edit(PostChanges.model_validate(members).provided(), LATER)
    return edit.applied_to(post, LATER)


def test_a_new_post_is_version_one() -> None:
    post = new_post()
    assert (post.version, post.lock_version, post.status) == (1, 1, "draft")
    assert post.slug == "hello-world"
    assert post.published_at is None
    assert 0 <= post.feed_shard < 4


def test_a_post_that_moves_here_keeps_its_time_of_publication() -> None:
    post = new_post(status="published", published_at="2009-12-31T23:00:00-05:00")
    assert post.published_at == datetime(2010, 1, 1, 4, tzinfo=UTC)
    assert post.created_at == post.updated_at == THEN
    assert edited(post, title="New").published_at == post.published_at


@pytest.mark.parametrize(
    ("status", "published_at"),
    [
        ("draft", "2009-12-31T23:00:00Z"),
        ("published", "2026-01-31T09:30:00.001Z"),
        ("published", "1989-12-31T23:59:59Z"),
    ],
)
def test_a_time_of_publication_that_does_not_fit_is_refused(status: str, published_at: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        new_post(status=status, published_at=published_at)
    assert [error.field for error in refused.value.errors] == ["published_at"]


def test_every_edit_raises_the_version_even_an_empty_one() -> None:
    for changes in ({}, {"comments": "closed"}, {"title": "Hello"}):
        post = edited(new_post(title="Hello"), **changes)
        assert (post.version, post.lock_version) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({}, False),
        ({"comments": "closed"}, False),
        ({"title": "Hello", "tags": [], "excerpt": None}, False),
        ({"title": "Other"}, True),
        ({"body": "b"}, True),
        ({"tags": ["a"]}, True),
        ({"excerpt": "e"}, True),
        ({"cover_image": "https://a.example/b.png"}, True),
        ({"slug": "other"}, True),
        ({"status": "published"}, True),
    ],
)
def test_the_time_of_the_update_is_that_of_the_last_change_for_readers(
    changes: dict[str, Any], moves: bool
) -> None:
    post = edited(new_post(title="Hello"), **changes)
    assert (post.created_at, post.updated_at) == (THEN, LATER if moves else THEN)


def test_only_an_edit_of_the_body_renders_it() -> None:
    post = new_post(body="*a*")
    assert (post.body_html, post.excerpt) == ("<p><em>a</em></p>\n", "a")
    after = edited(post, body="**b**")
    assert (after.body_html, after.excerpt) == ("<p><strong>b</strong></p>\n", "b")
    unchanged = edited(post.model_copy(update={"body_html": "as it was"}), title="Other")
    assert unchanged.body_html == "as it was"


def test_an_excerpt_is_derived_unless_the_author_sets_one() -> None:
    post = edited(new_post(body="first words"), excerpt="Mine")
    assert post.excerpt == "Mine"
    assert edited(post, body="other words").excerpt == "Mine"
    assert edited(edited(post, body="other words"), excerpt=None).excerpt == "other words"


def test_null_clears_the_cover_and_the_canonical_address() -> None:
    address = "https://a.example/b"
    post = new_post(cover_image=address, canonical_url=address, comments="closed")
    assert (post.cover_image, post.canonical_url, post.comments) == (address, address, "closed")
    post = edited(post, cover_image=None, canonical_url=None, comments="open")
    assert (post.cover_image, post.canonical_url, post.comments) == (None, None, "open")


def test_a_body_whose_html_is_too_long_changes_nothing() -> None:
    with pytest.raises(Unprocessable) as refused:
        new_post(body="[](a)" * 20_000)
    assert refused.value.errors[0].field == "body"
    with pytest.raises(Unprocessable):
        edited(new_post(), body="[](a)" * 20_000)


def test_a_published_post_is_counted_by_tag_month_and_author() -> None:
    post = new_post(tags=["a", "c#"])
    assert counters(post) == []
    public = edited(post, status="published")
    assert [counter.key for counter in counters(public)] == [
        ("TAGS", "TAG#a"),
        ("TAGS", "TAG#c#"),
        ("MONTHS", f"MONTH#2026-02#{post.feed_shard:03}"),
        ("AUTHOR#alice", "STATS"),
    ]
    assert counters(edited(public, status="draft")) == []


def test_published_at_is_the_time_of_the_first_publication() -> None:
    post = edited(new_post(), status="published")
    assert post.published_at == LATER
    again = edited(edited(post, status="draft"), status="published")
    assert again.published_at == LATER


SOON = (THEN + timedelta(days=2)).isoformat()


def test_a_scheduled_post_is_listed_as_due_and_in_no_public_list() -> None:
    post = new_post(status="scheduled", publish_at=SOON, tags=["a"])
    keys = [key.pk for key in entries(post)]
    assert keys == [f"OWNER#{ALICE}", f"OWNER:scheduled#{ALICE}", "DUE"]


def test_a_scheduled_publication_is_not_an_edit() -> None:
    post = new_post(status="scheduled", publish_at=SOON)
    after = published(post)
    assert (after.version, after.lock_version) == (1, 2)
    assert (after.status, after.publish_at) == ("published", None)
    assert after.published_at == post.publish_at
    assert after.updated_at == post.updated_at


def test_scheduling_a_published_post_keeps_its_first_publication_time() -> None:
    post = edited(new_post(status="published"), status="scheduled", publish_at=SOON)
    assert post.published_at == THEN
    assert published(post).published_at == THEN


def test_leaving_the_status_scheduled_removes_the_publication_time() -> None:
    post = new_post(status="scheduled", publish_at=SOON)
    assert edited(post, status="draft").publish_at is None
    assert edited(post, status="published").publish_at is None
    assert edited(post, title="Other").publish_at == post.publish_at


@pytest.mark.parametrize(
    "members",
    [
        {"status": "scheduled"},
        {"status": "scheduled", "publish_at": (THEN - timedelta(seconds=1)).isoformat()},
        {"status": "scheduled", "publish_at": "2020-01-01T00:00:00Z"},
        {"publish_at": SOON},
        {"status": "published", "publish_at": SOON},
    ],
)
def test_an_impossible_publication_time_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as refused:
        new_post(**members)
    assert refused.value.errors[0].field == "publish_at"
    with pytest.raises(Unprocessable) as refused:
        edited(new_post(), **members)
    assert refused.value.errors[0].field == "publish_at"


def test_a_derived_slug_follows_the_title_until_the_first_publication() -> None:
    post = edited(new_post(), title="Another title")
    assert post.slug == "another-title"
    post = edited(edited(post, status="published"), title="A third")
    assert post.slug == "another-title"
    post = edited(edited(post, status="draft"), title="A fourth")
    assert post.slug == "another-title"


def test_a_random_suffix_stays_while_the_title_gives_the_same_slug() -> None:
    post = with_another_slug(new_post())
    assert post.slug.startswith("hello-world-")
    assert edited(post, title="Hello world!").slug == post.slug
    assert edited(post, body="x").slug == post.slug
    assert edited(post, slug=None).slug == post.slug


def test_null_keeps_a_slug_that_is_derived_already() -> None:
    post = edited(new_post(), slug=None)
    assert (post.slug, post.slug_is_derived, post.former_slugs) == ("hello-world", True, [])
    assert edited(post, slug=None, title="Other").slug == "other"


def test_a_title_that_ends_like_a_random_suffix_is_followed_too() -> None:
    post = new_post(title="Draft status")
    assert edited(post, title="Draft").slug == "draft"
    assert edited(new_post(title="Draft"), title="Draft status").slug == "draft-status"


def test_null_derives_a_published_slug_from_the_current_title() -> None:
    post = edited(new_post(status="published"), title="Another title")
    assert post.slug == "hello-world"
    again = edited(post, slug=None)
    assert reserved_slugs(again) == ["another-title", "hello-world"]


def test_a_requested_slug_stays_until_null_derives_it_again() -> None:
    post = new_post(slug="mine")
    assert edited(post, title="Another").slug == "mine"
    assert edited(post, title="Another", slug=None).slug == "another"
    assert edited(post, slug="yours").slug == "yours"


def test_a_slug_that_was_public_stays_reserved() -> None:
    post = edited(new_post(status="published"), slug="second")
    assert reserved_slugs(post) == ["second", "hello-world"]
    back = edited(post, slug="hello-world")
    assert reserved_slugs(back) == ["hello-world", "second"]


def test_a_slug_that_was_never_public_is_released() -> None:
    assert reserved_slugs(edited(new_post(), slug="second")) == ["second"]


def test_at_most_twenty_former_slugs_are_kept_and_none_is_released() -> None:
    post = new_post(status="published")
    for number in range(MAX_FORMER_SLUGS):
        post = edited(post, slug=f"slug-{number}")
    assert len(post.former_slugs) == MAX_FORMER_SLUGS
    with pytest.raises(Unprocessable) as refused:
        edited(post, slug="one-too-many")
    assert refused.value.errors[0].field == "slug"
    assert edited(post, slug="hello-world").slug == "hello-world"
    assert edited(post, title="Another").slug == post.slug


def test_a_draft_is_listed_only_for_its_owner() -> None:
    assert [key.pk for key in entries(new_post())] == [f"OWNER#{ALICE}", f"OWNER:draft#{ALICE}"]


def test_a_published_post_is_in_its_shard_of_the_feed() -> None:
    post = new_post(status="published")
    feed = [key for key in entries(post) if key.pk.startswith("FEED#")]
    assert feed == [(f"FEED#{post.feed_shard}", f"ENTRY#2026-01-31T09:30:00.000Z#{post.id}")]


def test_a_published_post_is_listed_by_author_and_by_each_tag() -> None:
    keys = [key.pk for key in entries(new_post(status="published", tags=["C#", "a b"]))]
    assert {"AUTHOR#alice", "TAG#c#", "TAG#a b"} <= set(keys)


def test_an_entry_contains_neither_the_body_nor_the_raw_sub() -> None:
    for summary in entries(new_post(body="secret text", status="published")).values():
        assert "body" not in summary
        assert "body_html" not in summary
        assert ALICE not in str(summary)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Ünïcödé", "unicode"),
        ("日本語", "ri-ben-yu"),
        ("!!!", "post"),
        ("😀", "post"),
        ("  a  --  b  ", "a-b"),
        ("Don't", "dont"),
        ("Don\u2019t", "dont"),
        ("&amp; &#65; &#x41;", "amp-65-x41"),
    ],
)
def test_slugs_are_derived_from_titles(title: str, slug: str) -> None:
    assert derived_slug(title) == slug


@given(st.text(min_size=1, max_size=200))
def test_any_title_gives_a_valid_slug_also_with_a_suffix(title: str) -> None:
    post = new_post().model_copy(update={"title": title, "slug": derived_slug(title)})
    for slug in (post.slug, with_another_slug(post).slug):
        assert NewPost.model_validate({"title": "T", "slug": slug})
