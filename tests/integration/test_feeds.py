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

from blog.admin.migrate_posts import migrate_all
from blog.dynamodb.keys import post_key
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.people.person import NEUTRAL_NAME, Author
from blog.posts import feeds
from blog.posts.editing import created
from blog.posts.model import Post, _size_in_feed
from blog.posts.rendering import Content, rendered
from blog.posts.schemas import NewPost
from blog.posts.view import FeedItem
from blog.settings import Site
from tests.support.handlers import AUTHOR_PART, Call, Response, header, problem
from tests.support.html import dangers
from tests.support.largest import STORED_BODY
from tests.support.posts import TABLE, THEN, Blog, create, edit, items_of, person
from tests.support.samples import ALICE, BOB, ROOT
from tests.support.xss import CORPUS

SITE = "https://blog.example.com"  # as in tests/conftest.py
NAME = "Serverless blog"  # the default
BLOG = Site(SITE, NAME, "", "en", "/icon.svg")
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
    return parsed_json(response["body"])


def parsed_json(text: str) -> Any:
    document = json.loads(text)
    jsonschema.validate(document, json.loads((SCHEMAS / "json-feed.json").read_text()))
    return document


def published(posts: Blog, sub: str = ALICE, days: int = 0, **members: Any) -> Post:
    at = THEN + timedelta(days=days)
    return create(posts, sub, at, status="published", **members)


def test_a_feed_names_the_address_where_a_post_appeared_first(call: Call, posts: Blog) -> None:
    address = "https://elsewhere.example/hello"
    published(posts, canonical_url=address)
    atom, feed = valid_atom(call("public-feed-atom")), valid_json(call("public-feed-json"))
    assert [link.href for link in atom.entries[0].links if link.rel == "via"] == [address]
    assert feed["items"][0]["external_url"] == address


def test_feeds_have_absolute_addresses(call: Call, posts: Blog) -> None:
    body = (
        "[a](#b) [c](d?e=f&g) ![h](/i.png) [j](//k.example/l) [m](mailto:n@o.example)\n\n"
        '# b\n\n`<a href="/p">`'
    )
    post = published(posts, body=body)
    here = f"{SITE}/posts/{post.slug}"
    for html in in_feeds(call):
        for address in (
            f'href="{here}#user-content-b"', f'href="{SITE}/posts/d?e=f&amp;g"',
            f'src="{SITE}/i.png"', 'href="https://k.example/l"', 'href="mailto:n@o.example"',
            '&lt;a href="/p"&gt;',
        ):  # fmt: skip
            assert address in html


def in_feeds(call: Call) -> list[str]:
    """Return the HTML of the only post as it stands in Atom, and in JSON Feed."""
    content = ET.fromstring(call("public-feed-atom")["body"]).find(f".//{ATOM}content")
    assert content is not None
    (item,) = valid_json(call("public-feed-json"))["items"]
    return [content.text or "", item["content_html"]]


@pytest.mark.parametrize(
    ("html", "resolved"),
    [
        (
            '<img src="/m/A" alt="/" srcset="/m/A?w=9 9w, /m/A?w=10 10w">',
            '<img src="{site}/m/A" alt="/" srcset="{site}/m/A?w=9 9w, {site}/m/A?w=10 10w">',
        ),
        (
            '<img src="/a" sizes="(min-width: 40em) 20em, 100vw" data-color="/c">',
            '<img src="{site}/a" sizes="(min-width: 40em) 20em, 100vw" data-color="/c">',
        ),
        (
            '<img srcset="/a,b 1x,/c, https://d.example/e 2x,//f.example/g 3x">',
            '<img srcset="{site}/a,b 1x,{site}/c, https://d.example/e 2x,https://f.example/g 3x">',
        ),
        ('<img srcset=" , /a , ,">', '<img srcset=" , {site}/a , ,">'),
        ('<img srcset="">', '<img srcset="">'),
        ('<img srcset="/a?b&amp;c&quot;&nbsp;&lt; 2x">',
         '<img srcset="{site}/a?b&amp;c&quot;&nbsp;&lt; 2x">'),
        ('<img src="" alt="">', '<img src="" alt="">'),
        ("<a href=\"https://d.example/'&amp;lt;&nbsp;\">",
         "<a href=\"https://d.example/'&amp;lt;&nbsp;\">"),
        ('<p title="/a">/b srcset="/c"</p>', '<p title="/a">/b srcset="/c"</p>'),
        ('<abbr title="&lt;img src=" href="/a">x</abbr>',
         '<abbr title="&lt;img src=" href="/a">x</abbr>'),
        ('<code>&lt;img src="/a" srcset="/b 2x"></code>',
         '<code>&lt;img src="/a" srcset="/b 2x"></code>'),
    ],
)  # fmt: skip
def test_addresses_of_images_and_links_become_absolute_and_nothing_else_changes(
    call: Call, table: Table, html: str, resolved: str
) -> None:
    (post,) = with_content(Content(html, "excerpt", 1))
    table.put_all([*items_of(post)])
    assert in_feeds(call) == [resolved.format(site=SITE)] * 2


@pytest.mark.parametrize(
    ("body", "tag"),
    [
        ("<a href='//['>a</a>", '<a href="//[" {rel}>'),
        ("<a href='//a]b/c'>a</a>", '<a href="//a]b/c" {rel}>'),
        ("<a href='//\u2100.example'>a</a>", '<a href="//\u2100.example" {rel}>'),
        ("[a](HTTPS://a.example/?)", '<a href="HTTPS://a.example/?" {rel}>'),
        ("[a](?b#)", '<a href="{here}/z?b" {rel}>'),
        (
            "<img src=y alt='a src=' title='/x onerror=z '>",
            '<img src="{here}/y" alt="a src=" title="/x onerror=z " {lazy}>',
        ),
        (
            "<img src=y alt=' href=' title=' src='>",
            '<img src="{here}/y" alt=" href=" title=" src=" {lazy}>',
        ),
        ('`<a href="c">`', '&lt;a href="c"&gt;'),
    ],
)
def test_only_relative_addresses_that_are_valid_change(body: str, tag: str) -> None:
    here = f"{SITE}/posts"
    html = feeds._with_absolute_addresses(rendered(body).html, SITE, f"{here}/z")
    lazy, rel = 'loading="lazy" decoding="async"', 'rel="nofollow ugc noopener"'
    assert tag.format(here=here, rel=rel, lazy=lazy) in html


@pytest.mark.parametrize(
    ("body", "is_marked"),
    [
        ("שלום", True),
        ("مرحبا", True),
        ("ދިވެހި", True),
        ("𞤀𞤁𞤂", True),
        ("Hello (שלום)", True),
        ("Hello", False),
        ("日本語 हिन्दी ไทย", False),
        ("", False),
    ],
)
def test_content_that_may_run_from_right_to_left_says_so(
    call: Call, posts: Blog, body: str, is_marked: bool
) -> None:
    create(posts, body=body, status="published")
    (entry,) = ET.fromstring(call("public-feed-atom")["body"]).findall(f"{ATOM}entry")
    content = entry.find(f"{ATOM}content")
    assert content is not None
    (item,) = valid_json(call("public-feed-json"))["items"]
    for html in (content.text or "", item["content_html"]):
        assert html.startswith('<div dir="auto"><p>') == is_marked
        assert html.endswith("</div>") == is_marked


def test_attacks_stay_harmless_with_absolute_addresses() -> None:
    for attack in CORPUS:
        html = feeds._with_absolute_addresses(rendered(attack).html, SITE, f"{SITE}/posts/a")
        assert list(dangers(html)) == [], attack


@pytest.mark.parametrize(
    "unit",
    [
        '<a href="#">a</a>',
        '<img src="a" srcset="b 1x,c 2x">',
        '<a href="&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;">a</a>',
        '<a href="\'&amp;&quot;&lt;">a</a>',
        '<a href="\n\n\n\n\né/../\U0001f600">\u05d0</a>',
        '<a href="\\">\\</a>',
    ],
)
def test_the_size_of_html_in_a_feed_is_bounded_also_with_absolute_addresses(unit: str) -> None:
    html = unit * 3000
    (post,) = with_content(Content(html, "", 1))
    post = post.model_copy(update={"slug": "a" * 120})
    resolved = feeds._content(feeds.feed_of_all(BLOG), post)
    growth = _size_in_feed(resolved) - _size_in_feed(html)
    assert feeds.MAX_GROWTH - 1000 < len(resolved) - len(html) <= feeds.MAX_GROWTH + 30
    assert growth <= feeds.MAX_GROWTH + _size_in_feed('<div dir="auto"></div>')


def test_media_items_are_below_the_path_of_the_site_as_cover_images_are() -> None:
    path = "/media/01JDC0000000000000000000M0"
    html = f'<img src="{path}" srcset="{path} 2x"><a href="/about">a</a>'
    (post,) = with_content(Content(html, "", 1))
    post = post.model_copy(update={"cover_image": path})
    site = f"{SITE}/blog"
    item = FeedItem(post, Author.of(post.author_id, None))
    document = json.loads(feeds.json_feed(feeds.feed_of_all(BLOG._replace(url=site)), [item]))
    assert document["items"][0]["image"] == site + path
    assert document["items"][0]["content_html"] == (
        f'<img src="{site}{path}" srcset="{site}{path} 2x"><a href="{SITE}/about">a</a>'
    )


def test_a_tag_is_resolved_in_whole_or_not_at_all() -> None:
    """Else a reader would take a relative address from `srcset` instead of `src`."""
    tag = '<img src="/a" srcset="/b 1x, /c 2x">'
    whole = feeds._with_absolute_addresses(tag, SITE, SITE)
    html = feeds._with_absolute_addresses(tag * 1000, SITE, SITE)
    assert html.count(whole) > 100
    assert html.count(tag) > 100
    assert html.count(whole) + html.count(tag) == 1000


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
    assert item["content_html"].strip() == entry.content[0].value
    assert f'href="{SITE}/posts/other"' in entry.content[0].value, "relative to the entry's base"
    assert "external_url" not in item
    assert item["summary"] == entry.summary == "Some text and a link."
    assert item["image"] == "https://images.example/a.png"
    assert item["id"] == entry.id
    assert entry.published == entry.updated == item["date_published"] == "2026-01-31T09:30:00.000Z"
    author = f"{SITE}/authors/{post.author_id}"
    assert (entry.author_detail.name, entry.author_detail.href) == (NEUTRAL_NAME, author)
    assert item["authors"] == [{"name": NEUTRAL_NAME, "url": author}]
    assert (atom.feed.title, atom.feed.link) == (NAME, f"{SITE}/")
    assert {link.href for link in atom.feed.links} == {f"{SITE}/", f"{SITE}/feed.atom"}
    assert (feed["home_page_url"], feed["feed_url"]) == (f"{SITE}/", f"{SITE}/feed.json")
    assert ALICE not in call("public-feed-atom")["body"]


def test_a_feed_describes_the_site_as_far_as_its_format_can() -> None:
    site = Site(SITE, "Über <alles> & mehr", "Eins & <zwei>", "de-CH", "/logo.png")
    for feed, title in (
        (feeds.feed_of_all(site), site.name),
        (feeds.feed_of_author(site, "a" * 26, "Ann & Bo"), f"Ann & Bo · {site.name}"),
        (feeds.feed_of_tag(site, "c#"), f"#c# · {site.name}"),
    ):
        text = feeds.atom(feed, [])
        atom = parsed_atom(text).feed
        assert (atom.title, atom.subtitle) == (title, "Eins & <zwei>")
        assert atom.icon == f"{SITE}/logo.png"
        assert atom.title_detail.language == "de-CH"
        document = parsed_json(feeds.json_feed(feed, []))
        assert (document["title"], document["description"]) == (title, "Eins & <zwei>")
        assert (document["language"], document["icon"]) == ("de-CH", f"{SITE}/logo.png")


def test_a_feed_leaves_out_an_empty_description_and_keeps_a_logo_elsewhere() -> None:
    logo = "https://cdn.example/logo.png"
    feed = feeds.feed_of_all(Site(f"{SITE}/blog", "Blog", "", "en", logo))
    atom = parsed_atom(feeds.atom(feed, [])).feed
    assert "subtitle" not in atom
    assert atom.icon == logo
    document = parsed_json(feeds.json_feed(feed, []))
    assert "description" not in document
    assert document["icon"] == logo


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
    assert of_author == (f"Alice & Co · {NAME}", ["Mine"])
    assert titles("tag", {}) == (f"#c# · {NAME}", ["Mine"])
    for tag in ("हिन्दी", "node.js", "NODE.JS"):
        assert titles("tag", {"c%23": tag})[1] == ["Bob's"]
    for author in ("nobody", "a" * 26, "x" * 3000, "हिन्दी"):
        assert titles("author", {AUTHOR_PART: author})[1] == []
    assert titles("tag", {"c%23": "unknown"})[1] == []


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
        assert call(name, method="HEAD")["body"] == first["body"]
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
    assert document["title"].startswith(f"#{tag} ")
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


def with_content(*contents: Content, titles: Sequence[str] = ()) -> list[Post]:
    """Return published posts with this content, without rendering any Markdown."""
    made = []
    for n, content in enumerate(contents):
        new = NewPost(title="Post", slug=f"post-{n}", status="published")
        post = created(new, owner=person(ALICE), feed_shards=1, now=THEN)
        update = {
            "body_html": content.html,
            "derived_excerpt": content.excerpt,
            "title": titles[n] if titles else f"Post {n}",
        }
        made.append(post.model_copy(update=update))
    return made


@pytest.mark.parametrize(
    ("html", "full"),
    [
        ("x" * 100_000, 20),
        ("ह" * 33_000, 20),
        ("x" * 200_000, 14),
        ('"' * 150_000, 4),
        ("<p></p>" * 20_000, 7),
        ("&amp;" * 50_000, 6),
        ("\n" * 250_000, 3),
        (STORED_BODY[:200_000], 6),  # it cannot be compressed much
    ],
)
def test_a_feed_switches_to_excerpts_before_it_reads_1_mib_or_sends_3_mb(
    call: Call, table: Table, html: str, full: int
) -> None:
    for post in with_content(*[Content(html, "excerpt", 1)] * 20):
        table.put_all([*items_of(post)])
    atom, json_feed = call("public-feed-atom"), call("public-feed-json")
    entries = ET.fromstring(atom["body"]).findall(f"{ATOM}entry")
    in_atom = [entry.find(f"{ATOM}content") is not None for entry in entries]
    in_json = ["content_html" in item for item in valid_json(json_feed)["items"]]
    assert in_atom == in_json == [True] * full + [False] * (20 - full), "the newest are in full"
    for response in (atom, json_feed):
        payload = json.dumps(response, ensure_ascii=False).encode()
        assert len(payload) < 4_000_000, "a function may return 6 MB"


def test_a_feed_has_excerpts_of_posts_whose_entries_have_no_size(
    call: Call, table: Table, client: Any
) -> None:
    """Versions before the sizes wrote such entries. They count as the largest posts."""
    posts = with_content(*[Content("<p>Short</p>", "excerpt", 1)] * 4)
    for post in posts:
        items = [*items_of(post)]
        for item in items:
            item.pop("stored_bytes", None)
        table.put_all(items)
    items = valid_json(call("public-feed-json"))["items"]
    assert ["content_html" in item for item in items] == [True, True, False, False]
    assert migrate_posts(table, posts) == 4
    items = valid_json(call("public-feed-json"))["items"]
    assert all("content_html" in item for item in items)


def migrate_posts(table: Table, posts: Sequence[Post]) -> int:
    """Store the posts as schema 2, and migrate them. Return how many were."""
    for post in posts:
        table.put_all([post.item() | post_key(post.id)._asdict() | {"schema_number": 2}])
    return migrate_all(table)


def test_no_feed_contains_a_character_that_xml_forbids(call: Call, table: Table) -> None:
    """Such a title can only be older than the rule that refuses it."""
    (post,) = with_content(Content("<p>a</p>", "excerpt", 1), titles=["a\x0bb\ufffe"])
    table.put_all([*items_of(post)])
    (entry,) = valid_atom(call("public-feed-atom")).entries
    assert entry.title == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    "tag", ["%", "a%00b", "%0B", "%EF%BF%BE", "a!b", "x" * 41, "x" * 3000, "%20", "a%2Fb"]
)
def test_a_tag_that_cannot_exist_has_no_feed(call: Call, tag: str) -> None:
    for kind in ("atom", "json"):
        problem(call(f"public-tag-feed-{kind}", parts={"/tags/c%23/": f"/tags/{tag}/"}), 404)


FEED = feeds.feed_of_all(BLOG)


def test_attacks_stay_harmless_in_a_feed() -> None:
    author = Author.of(person(ALICE).author_id, None)
    posts = with_content(*map(rendered, CORPUS), titles=CORPUS)
    items = [FeedItem(post, author) for post in posts]
    parsed = parsed_atom(feeds.atom(FEED, items))
    document = json.loads(feeds.json_feed(FEED, items))
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
