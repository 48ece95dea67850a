"""The sitemap: every public address once, in bounded files by month."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
import pytest
from lxml import etree

from blog.admin.migrate_posts import migrate_all
from blog.dynamodb.actions import Action
from blog.dynamodb.table import Table
from blog.errors import BadRequest
from blog.identifiers import new_id
from blog.posts import sitemaps
from blog.posts.editing import created
from blog.posts.listing_entries import counters, entries
from blog.posts.schemas import NewPost
from blog.posts.transactions import creation
from tests.support.handlers import Call, Response, header, problem
from tests.support.posts import TABLE, Blog, create, edit, person
from tests.support.samples import ALICE, BOB, ROOT

SITE = "https://blog.example.com"
NAMES = {"s": sitemaps.NAMESPACE}
JANUARY = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def parsed(document: str) -> Any:
    root = etree.fromstring(document.encode())
    etree.RelaxNG(etree.parse(ROOT / "tests" / "schemas" / "sitemap.rng")).assertValid(root)
    return root


def addresses(response: Response) -> list[str]:
    assert header(response, "Content-Type") == "application/xml; charset=utf-8"
    found: list[str] = parsed(response["body"]).xpath("//s:loc/text()", namespaces=NAMES)
    return found


def all_addresses(call: Call) -> list[str]:
    """Return all addresses as a crawler finds them: read the index, then each file."""
    found = []
    for address in addresses(call("public-sitemap")):
        parts = urlsplit(address)
        assert (f"{parts.scheme}://{parts.netloc}", parts.path) == (SITE, "/sitemap.xml")
        found += addresses(call("public-sitemap", query=dict(parse_qsl(parts.query))))
    return found


def test_a_post_that_appeared_elsewhere_first_is_not_in_the_sitemap(
    call: Call, posts: Blog
) -> None:
    elsewhere = "https://elsewhere.example/one"
    create(posts, now=JANUARY, title="Here", status="published")
    post = create(posts, now=FEBRUARY, title="One", status="published", canonical_url=elsewhere)
    assert all_addresses(call) == [f"{SITE}/posts/here"]
    post = edit(posts, post, canonical_url=None)
    assert set(all_addresses(call)) == {f"{SITE}/posts/here", f"{SITE}/posts/one"}
    edit(posts, post, canonical_url=elsewhere)
    assert all_addresses(call) == [f"{SITE}/posts/here"]


def test_the_migration_takes_such_a_post_out_of_the_sitemap(
    call: Call, posts: Blog, table: Table
) -> None:
    """Schema 2 had these posts in the sitemap, and counted them."""
    new = NewPost.model_validate({"title": "Old", "status": "published"})
    owner = person(ALICE)
    old = created(new, owner=owner, feed_shards=1, now=JANUARY).model_copy(
        update={"schema_number": 2, "canonical_url": "https://elsewhere.example/old"}
    )
    table.write(creation(old, None))
    create(posts, now=FEBRUARY, title="Here", status="published")
    assert len(all_addresses(call)) == 2
    assert migrate_all(table) == 1
    assert all_addresses(call) == [f"{SITE}/posts/here"]


def test_every_published_post_is_in_the_file_of_its_month(call: Call, posts: Blog) -> None:
    create(posts, now=JANUARY, title="One", status="published")
    create(posts, now=FEBRUARY, title="Two", status="published")
    create(posts, now=FEBRUARY, title="Draft")
    assert addresses(call("public-sitemap")) == [
        f"{SITE}/sitemap.xml?month=2026-01",
        f"{SITE}/sitemap.xml?month=2026-02",
    ]
    response = call("public-sitemap", query={"month": "2026-01"})
    assert addresses(response) == [f"{SITE}/posts/one"]
    assert header(response, "Cache-Control") == "public, max-age=0, s-maxage=60"
    assert "<lastmod>2026-01-31T23:59:00.000Z</lastmod>" in response["body"]
    assert all_addresses(call) == [f"{SITE}/posts/one", f"{SITE}/posts/two"]


def test_the_sitemap_follows_changes_of_a_post(call: Call, posts: Blog) -> None:
    post = create(posts, now=JANUARY, title="One", status="published")
    other = create(posts, BOB, now=JANUARY, title="Other", status="published")
    edit(posts, post, slug="moved")
    assert sorted(all_addresses(call)) == [f"{SITE}/posts/moved", f"{SITE}/posts/other"]
    edit(posts, post, status="draft")
    posts.delete(other.id, sub=BOB, if_match=None)
    assert addresses(call("public-sitemap")) == [f"{SITE}/"], "no index may be empty"
    problem(call("public-sitemap", query={"month": "2026-01"}), 404)
    edit(posts, post, status="published")
    assert addresses(call("public-sitemap")) == [f"{SITE}/sitemap.xml?month=2026-01"]


def test_a_month_on_several_shards_is_one_file(call: Call, client: Any) -> None:
    posts = Blog(Table(client, TABLE), feed_shards=4)
    for n in range(8):
        create(posts, now=JANUARY, title=f"Post {n}", status="published")
    assert len(addresses(call("public-sitemap"))) == 1
    assert len(all_addresses(call)) == 8


def test_a_large_month_is_divided_into_files_of_similar_size(
    table: Table, posts: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemaps, "MAX_ADDRESSES", 500)
    monkeypatch.setattr(sitemaps, "ADDRESSES_ON_AVERAGE", 400)
    template = create(posts, now=JANUARY, status="published")
    posts.delete(template.id, sub=ALICE, if_match=None)
    count = 900
    with boto3.resource("dynamodb").Table(TABLE).batch_writer() as batch:
        for n in range(count):
            post = template.model_copy(update={"id": new_id(JANUARY), "slug": f"post-{n}"})
            (key,) = (key for key in entries(post) if key.pk.startswith("SITEMAP#"))
            batch.put_item(Item=entries(post)[key] | key._asdict())
    (month,) = (one.key for one in counters(template) if one.key.pk == "MONTHS")
    table.transact([Action(month, values={"count": count}, update="ADD #count :count")])
    index = parsed(sitemaps.index(table, SITE)).xpath("//s:loc/text()", namespaces=NAMES)
    assert index == [f"{SITE}/sitemap.xml?month=2026-01&part={n}&of=4" for n in (1, 2, 3, 4)]
    found: list[str] = []
    for part in (1, 2, 3, 4):
        document = sitemaps.month_file(table, SITE, "2026-01", part, 4)
        here = parsed(document).xpath("//s:loc/text()", namespaces=NAMES)
        assert len(here) < sitemaps.MAX_ADDRESSES
        assert len(document.encode()) < 200 * 1024
        found += here
    assert len(found) == len(set(found)) == count
    whole = sitemaps.month_file(table, SITE, "2026-01", 1, 1)
    assert len(parsed(whole)) == sitemaps.MAX_ADDRESSES, "never more"


@pytest.mark.parametrize(("part", "of"), [(0, 1), (2, 1), (1, 3), (1, 0), (1, 2048), (-1, 4)])
def test_an_impossible_part_is_refused(table: Table, part: int, of: int) -> None:
    with pytest.raises(BadRequest):
        sitemaps.month_file(table, SITE, "2026-01", part, of)


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-13"},
        {"month": "2026-1"},
        {"month": ""},
        {"month": "२०२६-०१"},
        {"part": "2"},
        {"of": "4"},
        {"month": "2026-01", "part": "x"},
        {"month": "2026-01", "part": "2"},
        {"month": "2026-01", "part": "1", "of": "1025"},
    ],
)
def test_an_invalid_month_or_part_is_400(call: Call, query: dict[str, str]) -> None:
    problem(call("public-sitemap", query=query), 400)


def test_a_sitemap_is_304_until_it_changes(call: Call, posts: Blog) -> None:
    post = create(posts, now=JANUARY, title="One", status="published")
    for query in ({}, {"month": "2026-01"}):
        tag = header(call("public-sitemap", query=query), "ETag")
        again = call("public-sitemap", query=query, headers={"If-None-Match": tag})
        assert again["statusCode"] == 304
    edit(posts, post, slug="moved")
    changed = call("public-sitemap", query={"month": "2026-01"}, headers={"If-None-Match": tag})
    assert changed["statusCode"] == 200


def test_the_index_has_a_bound_and_leaves_out_the_oldest_files(
    table: Table, posts: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, now in enumerate((JANUARY, FEBRUARY)):
        create(posts, now=now, title=f"Post {n}", status="published")
    monkeypatch.setattr(sitemaps, "MAX_FILES", 1)
    index = parsed(sitemaps.index(table, SITE)).xpath("//s:loc/text()", namespaces=NAMES)
    assert index == [f"{SITE}/sitemap.xml?month=2026-02"]
    monkeypatch.setattr(sitemaps, "MAX_COUNTERS", 1)
    monkeypatch.setattr(sitemaps, "MAX_FILES", 9)
    again = parsed(sitemaps.index(table, SITE)).xpath("//s:loc/text()", namespaces=NAMES)
    assert again == index, "the latest counters are read"
