"""Migration of posts from an older schema, beside a running blog."""

from collections.abc import Callable
from typing import Any

import pytest

from blog.admin import migrate_posts
from blog.admin.__main__ import main
from blog.admin.migrate_posts import migrate, migrate_all, outdated
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key, feed_partition, post_key, revision_text_key, slug_key
from blog.dynamodb.table import Table
from blog.errors import Unavailable, Unprocessable
from blog.jobs.runner import run_jobs
from blog.posts.listing_entries import entries
from blog.posts.model import MAX_STORED_BYTES, SCHEMA, Post
from blog.posts.stored_text import TextForm
from tests.support.consistency import faults, plain
from tests.support.handlers import Call, json_body
from tests.support.largest import STORED_BODY
from tests.support.posts import BUCKET, NO_BUCKET, TABLE, VERSION_1, Blog, RacingTable, create, edit
from tests.support.samples import ALICE, BOB

ENVIRONMENT = {"TABLE_NAME": TABLE, "MEDIA_BUCKET": BUCKET, "AUTHOR_ID_KEY": "k" * 32}
IMAGES = 1000
OLD = {"body_html": "<p>as it was</p>", "derived_excerpt": "as it was", "reading_minutes": 9}


def with_old_schema(table: Table, post: Post) -> Post:
    """Store a post as schema 1 did, which did not list it in the feed."""
    old = post.model_copy(update={**OLD, "schema_number": 1, "text_form": "plain"})
    table.transact([Action(post_key(post.id), item=old.item())])
    for key, entry in entries(old).items():
        is_new_list = key.pk == feed_partition(0)
        table.transact([Action(key, item=None if is_new_list else entry)])
    return old


@pytest.fixture
def old_posts(posts: Blog, table: Table) -> list[Post]:
    """Create a published post, a draft, an edited post, and a new post that is up to date."""
    made = [
        create(posts, body="*one*", tags=["a"], status="published"),
        create(posts, body="*two*"),
        edit(posts, create(posts, BOB, body="x", status="published"), BOB, body="*three*"),
    ]
    create(posts, body="*today's*", status="published")
    return [with_old_schema(table, post) for post in made]


def test_all_posts_become_what_the_current_schema_stores_and_none_counts_as_edited(
    old_posts: list[Post], table: Table, client: Any
) -> None:
    assert len(faults(plain(client))) > 0, "one of their lists is new"
    assert migrate_all(table) == len(old_posts)
    items = plain(client)
    assert faults(items) == []
    for old, text in zip(old_posts, ("one", "two", "three"), strict=True):
        new = Post.of(items[post_key(old.id)])
        assert new == old.model_copy(
            update={
                "body_html": f"<p><em>{text}</em></p>\n",
                "derived_excerpt": text,
                "reading_minutes": 1,
                "schema_number": SCHEMA,
                "lock_version": old.lock_version + 1,
            }
        )
    assert (migrate_all(table), list(outdated(table))) == (0, [])
    assert plain(client) == items


def test_an_interrupted_migration_continues(
    old_posts: list[Post], table: Table, client: Any
) -> None:
    first, *rest = sorted(outdated(table))
    assert migrate(table, first)
    assert not migrate(table, first)
    assert sorted(outdated(table)) == rest
    assert migrate_all(table) == len(rest)
    assert faults(plain(client)) == []


def test_an_edit_during_the_migration_is_kept(racing_table: RacingTable, client: Any) -> None:
    posts = Blog(racing_table)
    old = with_old_schema(racing_table, create(posts, status="published"))
    racing_table.before_write = [lambda: edit(posts, old, if_match=VERSION_1, body="*theirs*")]
    assert migrate(racing_table, post_key(old.id))
    after = Post.of(plain(client)[post_key(old.id)])
    assert (after.version, after.body_html) == (2, "<p><em>theirs</em></p>\n")
    assert faults(plain(client)) == []


def test_a_deletion_during_the_migration_is_kept(racing_table: RacingTable, client: Any) -> None:
    posts = Blog(racing_table)
    old = with_old_schema(racing_table, create(posts))
    racing_table.before_write = [lambda: posts.delete(old.id, sub=old.owner, if_match=None)]
    assert not migrate(racing_table, post_key(old.id))
    assert post_key(old.id) not in plain(client)


def test_a_body_that_is_invalid_today_stays_unchanged(
    old_posts: list[Post], table: Table, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: str) -> None:
        raise Unprocessable([])

    monkeypatch.setattr(migrate_posts, "rendered", refuses)
    assert migrate_all(table) == len(old_posts)
    assert faults(plain(client)) == []
    for old in old_posts:
        assert plain(client)[post_key(old.id)]["body_html"] == OLD["body_html"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_images_of_an_older_schema_get_what_images_have_today(
    table: Table, posts: Blog, client: Any, number: int
) -> None:
    post = create(posts, body="![a](//b.example) ![c](http://d.example)", status="published")
    html = '<p><img src="//b.example" alt="a"> <img src="http://d.example" alt="c"></p>\n'
    old = post.model_copy(update={"schema_number": number, "body_html": html})
    table.transact([Action(post_key(post.id), item=old.item())])
    assert migrate_all(table) == 1
    items = plain(client)
    assert faults(items) == []
    new = Post.of(items[post_key(post.id)])
    assert new.body_html == post.body_html
    assert new.body_html.count("<img") == new.body_html.count("<a href=") == 1
    assert (migrate_all(table), new.schema_number) == (0, SCHEMA)


@pytest.mark.parametrize("form", [None, "plain"])
def test_a_post_without_room_for_new_html_keeps_the_html_that_it_has(
    table: Table, client: Any, form: TextForm | None
) -> None:
    body, old = with_room_for_old_html(Blog(table, text_form="plain"), table, "plain")
    assert migrate_all(table, form) == 1
    items = plain(client)
    assert faults(items) == []
    new = Post.of(items[post_key(old.id)])
    assert (new.body_html, new.body, new.schema_number) == (old.body_html, body, SCHEMA)
    assert new.stored_bytes <= MAX_STORED_BYTES
    assert (migrate_all(table, form), plain(client)) == (0, items)


def test_a_post_without_room_in_the_plain_form_gets_the_schema_in_the_form_that_it_has(
    table: Table, client: Any
) -> None:
    _, old = with_room_for_old_html(Blog(table), table, "compressed")
    assert migrate_all(table, "plain") == 1
    items = plain(client)
    assert faults(items) == []
    new = Post.of(items[post_key(old.id)])
    assert (new.text_form, new.schema_number) == ("compressed", SCHEMA)
    assert new.body_html.count('loading="lazy"') == IMAGES
    assert (migrate_all(table, "plain"), plain(client)) == (0, items)


def with_room_for_old_html(posts: Blog, table: Table, form: TextForm) -> tuple[str, Post]:
    """Store a post of schema 3 that has room in the plain form only for the HTML of that schema."""
    post = create(posts, status="published")
    body = "![](a)\n" * IMAGES
    html = '<img src="a" alt="">\n' * IMAGES
    filling = STORED_BODY[: (MAX_STORED_BYTES - 5_000 - len(body) - len(html)) // 2]
    update = {"body": body + filling, "body_html": f"<p>{html}{filling}</p>\n", "text_form": form}
    old = post.model_copy(update={**update, "schema_number": 3})
    table.transact([Action(post_key(post.id), item=old.item())])
    return old.body, old


@pytest.mark.parametrize("form", ["compressed", "plain"])
def test_texts_of_posts_and_revisions_get_the_form(
    table: Table, client: Any, form: TextForm
) -> None:
    other: TextForm = "plain" if form == "compressed" else "compressed"
    blog = Blog(table, text_form=other)
    post = create(blog, body="*one*", status="published")
    post = edit(blog, post, body="*two*")
    before = plain(client)
    assert migrate_all(table, form) == 1
    items = plain(client)
    assert faults(items) == []
    assert Post.of(items[post_key(post.id)]) == post.model_copy(
        update={"text_form": form, "lock_version": post.lock_version + 1}
    )
    attribute = {"compressed": "texts", "plain": "body"}
    for key in (post_key(post.id), revision_text_key(post.id, 1)):
        assert attribute[other] in before[key]
        assert attribute[form] in items[key]
        assert attribute[other] not in items[key]
    assert blog.revision(ALICE, post.id, 1).body == "*one*"
    assert (migrate_all(table, form), migrate_all(table)) == (0, 0)


@pytest.mark.parametrize("form", ["compressed", "plain"])
def test_older_revisions_of_a_post_that_was_edited_since_get_the_form(
    table: Table, client: Any, form: TextForm
) -> None:
    other: TextForm = "plain" if form == "compressed" else "compressed"
    post = create(Blog(table, text_form=other), body="*one*", status="published")
    post = edit(Blog(table, text_form=other), post, body="*two*")
    edit(Blog(table, text_form=form), post, body="*three*")
    assert migrate_all(table, form) == 1
    text = {"compressed": "texts", "plain": "body"}[form]
    items = plain(client)
    assert all(text in items[revision_text_key(post.id, version)] for version in (1, 2))
    assert Blog(table).revision(ALICE, post.id, 1).body == "*one*"
    assert (faults(items), migrate_all(table, form)) == ([], 0)


def test_a_post_that_has_no_room_in_the_plain_form_stays_compressed(
    table: Table, posts: Blog, client: Any
) -> None:
    post = create(posts, body=STORED_BODY[:200_000])
    before = plain(client)
    assert migrate_all(table, "plain") == 0
    assert plain(client) == before
    with pytest.raises(Unprocessable) as refused:
        edit(Blog(table, text_form="plain"), post, title="Other")
    assert refused.value.errors[0].field == "body"


def test_a_revision_that_is_dropped_during_the_migration_does_not_return(
    racing_table: RacingTable, client: Any
) -> None:
    blog = Blog(racing_table, text_form="plain")
    post = edit(blog, create(blog, status="published"), body="two")
    racing_table.before_write = [lambda: blog.delete(post.id, sub=post.owner, if_match=None)]
    assert not migrate(racing_table, post_key(post.id), "compressed")
    run_jobs(Table(client, TABLE), NO_BUCKET)
    assert not [key for key in plain(client) if key[0] == post_key(post.id).pk]


def test_reservations_of_an_older_schema_get_their_author(
    table: Table, call: Call, posts: Blog, client: Any
) -> None:
    post = create(posts, slug="old", status="published")
    post = edit(posts, post, slug="new")
    with_old_schema(table, post)
    for slug in ("old", "new"):
        table.transact([Action(slug_key(slug), item={"post_id": post.id})])
    assert json_body(call("public-get-post-by-slug", slug="new"))["author"]["id"] == post.author_id
    assert migrate_all(table) == 1
    items = plain(client)
    assert [items[slug_key(slug)]["author_id"] for slug in ("old", "new")] == [post.author_id] * 2


@pytest.fixture
def command(table: Table, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setattr(Table, "connect", lambda _: table)
    return lambda *arguments: main(["migrate", *arguments], ENVIRONMENT)


def test_the_command_only_counts_unless_apply_is_given(
    old_posts: list[Post], client: Any, command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = plain(client)
    assert command() == 0
    assert capsys.readouterr().out.startswith(f"3 posts are not of schema {SCHEMA}.")
    assert plain(client) == before
    assert command("--apply") == 0
    assert capsys.readouterr().out == f"3 posts are of schema {SCHEMA} now.\n"


def test_the_command_compresses_where_the_setting_says_so(
    table: Table, posts: Blog, command: Callable[..., int], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    create(Blog(table, text_form="plain"))
    create(posts)
    assert command() == 0
    assert capsys.readouterr().out.startswith("0 posts")
    monkeypatch.setitem(ENVIRONMENT, "STORED_TEXT", "compressed")
    assert command("--apply") == 0
    assert capsys.readouterr().out == f"1 posts are of schema {SCHEMA} with compressed texts now.\n"


def test_an_outage_is_reported(
    old_posts: list[Post], command: Callable[..., int], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def unavailable(_table: Table, _key: Key, _form: object) -> bool:
        raise Unavailable

    monkeypatch.setattr(migrate_posts, "migrate", unavailable)
    assert command("--apply") == 1
    assert "run the same again" in capsys.readouterr().err


def test_a_post_of_a_newer_version_is_migrated_again_after_an_edit_by_this_version(
    posts: Blog, table: Table
) -> None:
    post = create(posts, body="*one*")
    newer = {**post.item(), "schema_number": SCHEMA + 1, "what_this_one_does_not_know": "lost"}
    table.transact([Action(post_key(post.id), item=newer)])
    edit(posts, post, title="Another title")
    stored = table.get(post_key(post.id))
    assert stored is not None
    assert stored["schema_number"] == SCHEMA
