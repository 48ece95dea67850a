"""Feeds: valid, complete, bounded, and without active content."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import feedparser
import jsonschema
import pytest
from lxml import etree

from blog.errors import Unavailable
from blog.people.person import NEUTRAL_NAME, Author
from blog.posts import feeds
from blog.posts.editing import created
from blog.posts.model import Post, Stats
from blog.posts.rendering import Content, rendered
from blog.posts.schemas import NewPost
from blog.posts.view import PostView
from tests.support.handlers import AUTHOR_PART, Call, Response, header, problem
from tests.support.html import dangers
from tests.support.posts import TABLE, THEN, Blog, create, edit, person
from tests.support.samples import ALICE, BOB, ROOT
from tests.support.xss import CORPUS

SITE = "https://blog.example.com"  # as in tests/conftest.py
ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMAS = ROOT / "tests" / "schemas"


def valid_atom(response: Response) -> Any:
    """Return the feed as a public parser reads it, after the schema has accepted it."""
    assert header(response, "Content-Type") == "application/atom+xml; charset=utf-8"
    return parsed_atom(response["body"])


def parsed_atom(document: str) -> Any:
    schema = etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))
    schema.assertValid(etree.fromstring(document.encode()))
    parsed = feedparser.parse(document.encode(), sanitize_html=False)
    assert not parsed.bozo
    assert parsed.version == "atom10"
    return parsed


def valid_json(response: Response) -> Any:
    assert header(response, "Content-Type") == "application/feed+json; charset=utf-8"
    document = json.loads(response["body"])
    jsonschema.validate(document, json.loads((SCHEMAS / "json-feed.json").read_text()))
    return document


def published(posts: Blog, sub: str = ALICE, days: int = 0, **members: Any) -> Post:
    at = THEN + timedelta(days=days)
    return create(posts, sub, at, status="published", **members)


def test_a_feed_contains_full_posts_with_the_sites_addresses(call: Call, posts: Blog) -> None:
    post = published(
        posts,
        title="Hello & <welcome>",
        body="Some *text* and [a link](/posts/other).",
        tags=["c#", "हिन्दी"],
        cover_image="https://images.example/a.png",
    )
    atom, feed = valid_atom(call("public-feed-atom")), valid_json(call("public-feed-json"))
    (entry,), (item,) = atom.entries, feed["items"]
    address = f"{SITE}/posts/hello-welcome"
    assert (entry.link, item["url"]) == (address, address)
    assert (entry.title, item["title"]) == ("Hello & <welcome>", "Hello & <welcome>")
    assert [tag.term for tag in entry.tags] == item["tags"] == ["c#", "हिन्दी"]
    assert item["content_html"].strip() == entry.content[0].value.replace(
        f"{SITE}/posts/other", "/posts/other"
    )
    assert f'href="{SITE}/posts/other"' in entry.content[0].value, "relative to the entry's base"
    assert item["summary"] == entry.summary == "Some text and a link."
    assert item["image"] == "https://images.example/a.png"
    assert item["id"] == entry.id
    assert entry.published == entry.updated == item["date_published"] == "2026-01-31T09:30:00.000Z"
    author = f"{SITE}/authors/{post.author_id}"
    assert (entry.author_detail.name, entry.author_detail.href) == (NEUTRAL_NAME, author)
    assert item["authors"] == [{"name": NEUTRAL_NAME, "url": author}]
    assert (atom.feed.title, atom.feed.link) == ("blog.example.com", f"{SITE}/")
    assert {link.href for link in atom.feed.links} == {f"{SITE}/", f"{SITE}/feed.atom"}
    assert (feed["home_page_url"], feed["feed_url"]) == (f"{SITE}/", f"{SITE}/feed.json")
    assert ALICE not in call("public-feed-atom")["body"]


def test_the_id_of_an_entry_stays_when_the_slug_changes(call: Call, posts: Blog) -> None:
    post = published(posts)
    (before,) = valid_atom(call("public-feed-atom")).entries
    edit(posts, post, slug="moved")
    (after,) = valid_atom(call("public-feed-atom")).entries
    assert before.id == after.id
    assert before.link != after.link
    assert after.updated > before.updated


def test_a_feed_contains_the_twenty_newest_posts(call: Call, posts: Blog) -> None:
    for n in range(22):
        published(posts, days=n, title=f"Post {n}")
    create(posts, title="Draft")
    expected = [f"Post {n}" for n in range(21, 1, -1)]
    assert [entry.title for entry in valid_atom(call("public-feed-atom")).entries] == expected
    assert [item["title"] for item in valid_json(call("public-feed-json"))["items"]] == expected


@pytest.mark.parametrize("kind", ["atom", "json"])
def test_an_author_and_a_tag_have_their_own_feeds(
    call: Call, posts: Blog, client: Any, kind: str
) -> None:
    mine = published(posts, title="Mine", tags=["c#"])
    published(posts, BOB, title="Bob's", tags=["हिन्दी", "node.js"])
    profile = {"pk": f"AUTHOR#{mine.author_id}", "sk": "PROFILE", "name": "Alice & Co"}
    client.put_item(TableName=TABLE, Item={name: {"S": text} for name, text in profile.items()})

    def titles(name: str, parts: dict[str, str]) -> tuple[str, list[str]]:
        response = call(f"public-{name}-feed-{kind}", parts=parts)
        if kind == "atom":
            parsed = valid_atom(response)
            return parsed.feed.title, [entry.title for entry in parsed.entries]
        document = valid_json(response)
        return document["title"], [item["title"] for item in document["items"]]

    of_author = titles("author", {AUTHOR_PART: mine.author_id})
    assert of_author == ("Alice & Co on blog.example.com", ["Mine"])
    assert titles("tag", {}) == ("c# on blog.example.com", ["Mine"])
    for tag in ("हिन्दी", "node.js", "NODE.JS"):
        assert titles("tag", {"c%23": tag})[1] == ["Bob's"]
    for author in ("nobody", "a" * 26, "x" * 3000, "हिन्दी"):
        assert titles("author", {AUTHOR_PART: author})[1] == []
    for tag in ("unknown", "%", "x" * 3000):
        assert titles("tag", {"c%23": tag})[1] == []


def test_an_empty_feed_is_valid(call: Call) -> None:
    assert valid_atom(call("public-feed-atom")).entries == []
    assert valid_json(call("public-feed-json"))["items"] == []


def test_a_feed_is_304_until_it_changes(call: Call, posts: Blog) -> None:
    post = published(posts)
    for name in ("public-feed-atom", "public-feed-json"):
        first = call(name)
        assert header(first, "Cache-Control") == "public, max-age=0, s-maxage=60"
        tag = header(first, "ETag")
        again = call(name, headers={"If-None-Match": tag})
        assert (again["statusCode"], again["body"] or "") == (304, "")
        assert header(again, "ETag") == tag
        assert header(again, "Content-Type") == header(first, "Content-Type")
        assert call(name, method="HEAD")["body"] == ""
        edit(posts, post, title=f"Changed for {name}")
        assert call(name, headers={"If-None-Match": tag})["statusCode"] == 200


@pytest.mark.parametrize("tag", ["c#", "machine learning", "हिन्दी", "straße", "c++", "node.js"])
@pytest.mark.parametrize("form", ["encoded", "decoded"])
def test_a_tag_is_found_in_an_encoded_and_in_a_decoded_path(
    call: Call, posts: Blog, tag: str, form: str
) -> None:
    """A REST API passes paths encoded, `sam local` decoded."""
    published(posts, title="Tagged", tags=[tag])
    published(posts, title="Other", tags=["another"])
    parts = {"c%23": quote(tag) if form == "encoded" else tag}
    document = valid_json(call("public-tag-feed-json", parts=parts))
    assert [entry["title"] for entry in document["items"]] == ["Tagged"]
    assert document["title"].startswith(tag)
    assert f"/tags/{quote(tag)}/" in document["feed_url"]
    assert len(valid_atom(call("public-tag-feed-atom", parts=parts)).entries) == 1


def test_a_feed_contains_only_public_posts(call: Call, posts: Blog) -> None:
    post = published(posts, tags=["c#"])
    edit(posts, post, status="draft")
    for name in ("feed", "tag-feed"):
        assert valid_atom(call(f"public-{name}-atom")).entries == []
        assert valid_json(call(f"public-{name}-json"))["items"] == []


def test_a_post_that_is_unpublished_while_a_feed_is_read_is_left_out(
    posts: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = published(posts)
    get_all = posts._table.get_all

    def unpublish_first(keys: Any) -> Any:
        monkeypatch.setattr(posts._table, "get_all", get_all)
        edit(posts, post, status="draft")
        return get_all(keys)

    monkeypatch.setattr(posts._table, "get_all", unpublish_first)
    assert posts.newest_of_all(20) == []


def views(*contents: Content, titles: Sequence[str] = ()) -> list[PostView]:
    """Return published posts with this content, without rendering any Markdown."""
    new = NewPost(title="Post", status="published")
    post = created(new, owner=person(ALICE), feed_shards=1, now=THEN)
    author = Author.of(post.author_id, None)
    made = []
    for n, content in enumerate(contents):
        update = {
            "body_html": content.html,
            "derived_excerpt": content.excerpt,
            "title": titles[n] if titles else f"Post {n}",
        }
        made.append(PostView(post.model_copy(update=update), author, Stats()))
    return made


FEED = feeds.feed_of_all(SITE)


@pytest.mark.parametrize(
    ("html", "full"),
    [
        ("x" * 200_000, 20),
        ("x" * 230_000, 18),
        ("ह" * 83_000, 16),
        ('"' * 250_000, None),
        ("<" * 62_000, None),
        ("\n" * 250_000, None),
    ],
)
def test_a_feed_switches_to_excerpts_before_it_exceeds_4_mb(html: str, full: int | None) -> None:
    posts = views(*[Content(html, "excerpt", 1)] * 20)
    atom, json_feed = feeds.atom(FEED, posts), feeds.json_feed(FEED, posts)
    entries = ET.fromstring(atom).findall(f"{ATOM}entry")
    in_atom = [entry.find(f"{ATOM}content") is not None for entry in entries]
    in_json = ["content_html" in item for item in json.loads(json_feed)["items"]]
    for document, has_content in ((atom, in_atom), (json_feed, in_json)):
        assert len(document.encode()) < 4.2 * 1024 * 1024
        payload = json.dumps({"body": document}, ensure_ascii=False).encode()
        assert len(payload) < 5.9 * 1024 * 1024, "a function may return 6 MB"
        count = sum(has_content)
        assert has_content == [True] * count + [False] * (20 - count), "the newest are in full"
        assert count == full or (full is None and count > 0)


def test_attacks_stay_harmless_in_a_feed() -> None:
    posts = views(*map(rendered, CORPUS), titles=CORPUS)
    parsed = parsed_atom(feeds.atom(FEED, posts))
    document = json.loads(feeds.json_feed(FEED, posts))
    assert len(parsed.entries) == len(document["items"]) == len(CORPUS)
    for entry, item in zip(parsed.entries, document["items"], strict=True):
        assert list(dangers(entry.content[0].value)) == []
        assert list(dangers(item["content_html"])) == []


def test_no_feed_contains_a_raw_sub(call: Call, posts: Blog) -> None:
    published(posts, tags=["c#"])
    author = person(ALICE).author_id
    for kind in ("atom", "json"):
        for name, parts in (("feed", {}), ("author-feed", {AUTHOR_PART: author}), ("tag-feed", {})):
            response = call(f"public-{name}-{kind}", parts=parts)
            assert author in response["body"]
            assert ALICE not in response["body"]


def test_a_feed_during_an_outage_is_503(
    call: Call, monkeypatch: pytest.MonkeyPatch, posts: Blog
) -> None:
    published(posts)
    monkeypatch.setattr("blog.dynamodb.table.Table.get_all", _unavailable)
    problem(call("public-feed-atom"), 503)


def _unavailable(*_: Any) -> None:
    raise Unavailable
