"""A writer's and a reader's features: rendered text, revisions, tags, feeds, a sitemap."""

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlsplit
from xml.etree import ElementTree as ET

import feedparser
import pytest
import requests

from tests.support.html import dangers
from tests.support.stack import Client, problem
from tests.support.xss import CORPUS

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_a_preview_equals_the_published_post(alice: Client, visitor: Client) -> None:
    body = "# Title\n\n| a |\n|:-:|\n| b |\n\n```c#\nint x;\n```\n\nA note[^1].\n\n[^1]: Here."
    response = alice.send("POST", "/me/preview", json={"body": body})
    assert response.status_code == 200
    preview = response.json()
    post = alice.create(title="Rendered", body=body, status="published")
    read = visitor.get(f"/posts/{post['id']}").json()
    assert {name: read[name] for name in preview} == preview
    for part in ('<td align="center">', '<code class="language-c#">', '<li id="user-content-fn-1"'):
        assert part in read["body_html"]
    assert visitor.send("POST", "/me/preview", json={"body": body}).status_code == 401
    problem(alice.send("POST", "/me/preview", json={"body": "[](a)" * 20_000}), 422)


def test_the_attacks_of_the_corpus_are_harmless(alice: Client) -> None:
    body = "\n\n---\n\n".join(CORPUS)
    response = alice.send("POST", "/me/preview", json={"body": body})
    assert list(dangers(response.json()["body_html"])) == []
    for attack in CORPUS[::10]:
        response = alice.send("POST", "/me/preview", json={"body": attack})
        assert list(dangers(response.json()["body_html"])) == [], attack


def test_only_the_owner_restores_a_revision(alice: Client, bob: Client, visitor: Client) -> None:
    post = alice.create(title="First", body="one", status="published")
    alice.edit(post["id"], body="two")
    path = f"/me/posts/{post['id']}/revisions"
    (row,) = alice.get(path).json()["items"]
    assert (row["version"], row["title"]) == (1, "First")
    assert alice.get(f"{path}/1").json()["body"] == "one"
    for method, address in (("GET", path), ("GET", f"{path}/1"), ("POST", f"{path}/1/restore")):
        problem(bob.send(method, address), 404)
        assert visitor.send(method, address).status_code == 401
    stale = alice.send("POST", f"{path}/1/restore", headers={"If-Match": '"1"'})
    assert problem(stale, 412)["current_version"] == 2
    restored = alice.send("POST", f"{path}/1/restore", headers={"If-Match": '"2"'})
    assert restored.status_code == 200
    assert visitor.get(f"/posts/{post['id']}").json()["body"] == "one"
    assert [row["version"] for row in alice.get(path).json()["items"]] == [2, 1]


def tag_counts(visitor: Client) -> dict[str, int]:
    found: dict[str, int] = {}
    cursor = None
    while True:
        page = visitor.get("/tags", params={"limit": 3, "cursor": cursor}).json()
        found |= {row["tag"]: row["count"] for row in page["items"]}
        if (cursor := page["next_cursor"]) is None:
            return found


@pytest.mark.parametrize("tag", ["c# of its own", "हिन्दी भाषा", "node.js.org", "a+b", "-_.+#"])
def test_a_tag_with_any_characters_works_in_every_route(
    alice: Client, visitor: Client, tag: str
) -> None:
    before = tag_counts(visitor).get(tag, 0)
    post = alice.create(title=f"About {tag}", tags=[tag], status="published")
    assert tag_counts(visitor)[tag] == before + 1
    rows = visitor.get("/posts", params={"tag": tag}).json()["items"]
    assert rows[0]["id"] == post["id"]
    atom = visitor.get(f"/tags/{quote(tag)}/feed.atom")
    assert feedparser.parse(atom.content).entries[0].title == f"About {tag}"
    feed = visitor.get(f"/tags/{quote(tag)}/feed.json").json()
    assert feed["items"][0]["title"] == f"About {tag}"
    alice.delete(post["id"])
    assert tag_counts(visitor).get(tag, 0) == before


def test_feeds_contain_published_posts_and_return_304(alice: Client, visitor: Client) -> None:
    post = alice.create(title="In the feeds", body="*Hello*", status="published")
    author = f"/authors/{post['author']['id']}/feed"
    for path in ("/feed.atom", f"{author}.atom"):
        response = visitor.get(path)
        assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        parsed = feedparser.parse(response.content)
        assert not parsed.bozo
        assert parsed.entries[0].link.endswith(f"/posts/{post['slug']}")
        assert "<em>Hello</em>" in parsed.entries[0].content[0].value
        assert_cached(visitor, path, response)
    for path in ("/feed.json", f"{author}.json"):
        response = visitor.get(path)
        assert response.headers["Content-Type"] == "application/feed+json; charset=utf-8"
        assert response.json()["items"][0]["title"] == "In the feeds"
        assert_cached(visitor, path, response)
    alice.edit(post["id"], status="draft")
    assert b"In the feeds" not in visitor.get("/feed.atom").content


def assert_cached(visitor: Client, path: str, response: requests.Response) -> None:
    assert response.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    again = visitor.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    asked = visitor.send("HEAD", path)
    assert (asked.status_code, asked.content) == (200, b"")


def test_a_feed_of_very_long_posts_is_delivered(alice: Client, visitor: Client) -> None:
    body = 'ह "quoted" text\n\n' * 5_000  # 100 KB, and 150 KB of HTML in JSON
    posts = [alice.create(title=f"Long {n}", body=body, status="published") for n in range(20)]
    for path in ("/feed.atom", "/feed.json"):
        response = visitor.get(path)
        assert response.status_code == 200
        assert 1_500_000 < len(response.content) < 3_000_000, "3 MB as Lambda sends it"
    entries = ET.fromstring(visitor.get("/feed.atom").content).findall(f"{ATOM}entry")
    assert len(entries) == 20
    for post in posts:
        alice.delete(post["id"])


def test_the_sitemap_contains_every_published_post(alice: Client, visitor: Client) -> None:
    post = alice.create(title="On the map", status="published")
    draft = alice.create(title="Off the map")
    index = ET.fromstring(visitor.get("/sitemap.xml").content)
    found = []
    for loc in index.iter(f"{SITEMAP}loc"):
        assert loc.text is not None
        query = dict(parse_qsl(urlsplit(loc.text).query))
        file = ET.fromstring(visitor.get("/sitemap.xml", params=query).content)
        found += [address.text for address in file.iter(f"{SITEMAP}loc")]
    assert sum(str(address).endswith(f"/posts/{post['slug']}") for address in found) == 1
    assert not any(str(address).endswith(f"/posts/{draft['slug']}") for address in found)
    assert len(found) == len(set(found))
    problem(visitor.get("/sitemap.xml?month=2026-13"), 400)
    problem(visitor.get("/sitemap.xml?month=1999-01"), 404)


def test_a_deleted_post_is_removed_everywhere_at_once(alice: Client, visitor: Client) -> None:
    tag = f"gone-{time.monotonic_ns()}"
    post = alice.create(title="Going", tags=[tag], status="published")
    alice.edit(post["id"], body="with a revision")
    assert alice.delete(post["id"]).status_code == 204
    problem(visitor.get(f"/posts/{post['id']}"), 404)
    problem(visitor.get(f"/posts/by-slug/{post['slug']}"), 404)
    problem(alice.get(f"/me/posts/{post['id']}"), 404)
    problem(alice.get(f"/me/posts/{post['id']}/revisions"), 404)
    problem(alice.get(f"/me/posts/{post['id']}/revisions/1"), 404)
    assert tag not in tag_counts(visitor)
    for path in ("/posts", "/feed.json", f"/tags/{tag}/feed.json"):
        assert post["id"] not in json.dumps(visitor.get(path).json())
    problem(alice.delete(post["id"]), 404)
    assert alice.create(title="Going", slug=post["slug"])["slug"] == post["slug"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cover_image", "http://a.example/b.png"),
        ("cover_image", "javascript:alert(1)"),
        ("canonical_url", "//a.example"),
        ("excerpt", "x" * 501),
        ("comments", "sometimes"),
        ("publish_at", "2030-01-31T09:30:00"),
        ("body_html", "<p>mine</p>"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_changes(
    alice: Client, field: str, value: str
) -> None:
    post = alice.create(title="As it is", body="text")
    refused = problem(alice.edit(post["id"], title="Other", **{field: value}), 422)
    assert [error["field"] for error in refused["errors"]] == [field]
    assert alice.get(f"/me/posts/{post['id']}").json() == post


@pytest.mark.parametrize(
    "path",
    ["/tags?limit=0", "/tags?cursor=x", "/sitemap.xml?month=x", "/sitemap.xml?month=2026-01&of=3"],
)
def test_an_invalid_query_of_tags_or_the_sitemap_is_400(visitor: Client, path: str) -> None:
    problem(visitor.get(path), 400)


def test_a_cursor_of_posts_is_refused_by_tags(alice: Client, visitor: Client) -> None:
    for number in range(2):
        alice.create(title="Two", tags=[f"cursor-{number}"], status="published")
    posts = visitor.get("/posts?limit=1").json()["next_cursor"]
    tags = visitor.get("/tags?limit=1").json()["next_cursor"]
    problem(visitor.get(f"/tags?cursor={posts}"), 400)
    problem(visitor.get(f"/posts?cursor={tags}"), 400)
    assert visitor.get(f"/tags?cursor={tags}").status_code == 200


def test_addresses_and_the_comment_setting_are_returned_unchanged(
    alice: Client, visitor: Client
) -> None:
    sent = {
        "excerpt": "In my own words",
        "cover_image": "https://images.example/a.png",
        "canonical_url": "https://elsewhere.example/post",
        "comments": "closed",
    }
    post = alice.create(title="All of it", status="published", **sent)
    assert {name: post[name] for name in sent} == sent
    (row,) = [row for row in visitor.get("/posts").json()["items"] if row["id"] == post["id"]]
    assert {name: row[name] for name in sent} == sent
    cleared = {"excerpt": None, "cover_image": None, "canonical_url": None}
    after = alice.edit(post["id"], **cleared).json()
    assert (after["excerpt"], after["cover_image"], after["canonical_url"]) == ("", None, None)


def public_sees(shown: Callable[[], str], name: str) -> None:
    """Wait until the public is shown a name, which takes at most five seconds."""
    deadline = time.monotonic() + 5
    while shown() != name:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_new_name_appears_everywhere_within_seconds(
    alice: Client, bob: Client, visitor: Client
) -> None:
    post = alice.create(title="By whom", status="published")
    me = alice.get("/me").json()
    assert me["author_id"] == post["author"]["id"]

    def listed() -> str:
        return str(visitor.get("/posts").json()["items"][0]["author"]["name"])

    def in_feed() -> str:
        return str(visitor.get("/feed.json").json()["items"][0]["authors"][0]["name"])

    for name in ("Alice the Second", "Alice"):
        changed = alice.send("PATCH", "/me", json={"name": name, "bio": "Writes."})
        assert (changed.status_code, changed.json()["name"]) == (200, name)
        assert visitor.get(f"/posts/{post['id']}").json()["author"]["name"] == name
        assert visitor.get(f"/authors/{me['author_id']}").json()["name"] == name
        public_sees(listed, name)
        public_sees(in_feed, name)
    assert bob.get("/me").json()["author_id"] != me["author_id"]
    refused = problem(alice.send("PATCH", "/me", json={"name": "alice@example.com"}), 422)
    assert refused["errors"][0]["field"] == "name"
    assert me["sub"] not in visitor.get(f"/authors/{me['author_id']}").text
    problem(visitor.get("/authors/nobody"), 404)
