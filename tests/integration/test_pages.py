"""The site's pages: what readers, crawlers and previews of links get at each address."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.pages import files
from blog.pages.app_files import AppFiles, AppIndex, files_in
from blog.pages.views import MAX_COMMENT_BYTES
from blog.posts.markup import MAX_HTML
from blog.s3 import Bucket
from blog.settings import Site
from tests.support.handlers import AUTHOR_PART, Call, header, json_body
from tests.support.pages import PageOf, Reader
from tests.support.people import person_of
from tests.support.samples import ALICE, BOB
from tests.support.uploads import new_image

SITE = "https://blog.example.com"
AUTHOR = person_of(ALICE).author_id


@pytest.fixture
def reader(table: Table, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Return a reader of the same table as the API's handlers."""
    return Reader(table, monkeypatch)


@pytest.fixture
def post(call: Call, table: Table, bucket: Bucket) -> dict[str, Any]:
    """Create a post with a cover, tags and comments, among others."""
    call(
        "account-edit-me", body={"name": "Alice", "bio": "Writes.", "website": "https://a.example/"}
    )
    for number in range(22):
        short = {"title": f"Post {number}", "status": "published", "body": f"Text {number}."}
        call("posts-create", body=short)
    image = new_image(call, table, bucket)
    body: dict[str, Any] = {
        "title": "Hello “world” & all",
        "slug": "hello-world",
        "status": "published",
        "tags": ["c#", "日本"],
        "body": f"# Part\n\nThe *text*.\n\n![A view](/media/{image})",
        "cover_image": f"/media/{image}",
    }
    made: dict[str, Any] = json_body(call("posts-create", body=body))
    comment = json_body(call("comments-create", post_id=made["id"], body={"body": "First"}))
    reply = {"body": "A *reply*", "parent_id": comment["id"]}
    call("comments-create", post_id=made["id"], sub=BOB, body=reply)
    return made


@pytest.mark.usefixtures("post")
def test_every_link_leads_to_a_complete_page(reader: Reader, call: Call) -> None:
    to_visit, seen, titles = ["/"], set[str](), dict[str, str]()
    while to_visit:
        address = to_visit.pop()
        if address in seen:
            continue
        seen.add(address)
        if address.endswith((".atom", "/me")):  # for feed readers, and for the app
            continue
        page = reader.page(address)
        assert page.title not in titles, (address, titles[page.title])
        titles[page.title] = address
        check_head(page, address)
        path = address.partition("?")[0].partition("#")[0]
        to_visit += [f"{path}{one}" if one.startswith("?") else one for one in page.links]
        to_visit = [one.partition("#")[0] or address for one in to_visit]
    assert {"/tags", "/tags/c%23", "/posts/hello-world", f"/authors/{AUTHOR}"} <= seen
    assert sum("cursor=" in one for one in seen) >= 2, "the lists go on"
    assert sum(one.startswith("/posts/") for one in seen) == 23


def check_head(page: PageOf, address: str) -> None:
    """Check what crawlers and previews need."""
    assert len(page.all("//h1")) == 1
    assert page.one("/html/@lang") == "en"
    assert page.all("//main[@id='content']")
    assert page.one("//a[@class='skip']/@href") == "#content"
    assert page.meta("application-name") == "Serverless blog"
    assert page.meta("og:title")
    assert page.meta("og:url").startswith(SITE)
    assert page.meta("og:image").startswith(SITE)
    assert int(page.meta("og:image:width")) * int(page.meta("og:image:height")) > 0
    assert page.meta("twitter:card") == "summary_large_image"
    assert [one["@context"] for one in page.json_ld] == ["https://schema.org"] * len(page.json_ld)
    feeds = page.all("//link[@rel='alternate']/@href")
    assert {"/feed.atom", "/feed.json"} <= {*feeds}
    if "cursor=" in address:
        assert page.meta("robots") == "noindex"
    else:
        assert page.one("//link[@rel='canonical']/@href") == f"{SITE}{address}"
        assert page.data["path"] == address


def test_a_post_is_complete_without_scripts(
    reader: Reader, post: dict[str, Any], call: Call
) -> None:
    page = reader.page("/posts/hello-world")
    assert page.title == "Hello “world” & all · Serverless blog"
    assert page.one("//h1/text()") == "Hello “world” & all"
    assert page.one("//article[@class='post']/header/p/a/text()") == "Alice"
    assert page.one("//div[@class='text']/h2/text()") == "Part"
    cover = page.one("//img[@class='cover']")
    assert "480w" in cover.get("srcset")
    assert page.all("//div[@class='text']//img/@srcset")
    assert page.all("//ol[@class='thread']/li/ol/li//em/text()") == ["reply"]
    published = post["published_at"]
    assert page.meta("article:published_time") == published
    image = f"{SITE}{post['cover_image']}?w=1200"
    assert page.meta("og:image") == image
    assert (page.meta("og:image:width"), page.meta("og:image:height")) == ("1200", "600")
    posting, crumbs = page.json_ld
    assert (posting["@type"], posting["headline"]) == ("BlogPosting", post["title"])
    assert (posting["datePublished"], posting["image"]) == (published, [image])
    assert [one["name"] for one in crumbs["itemListElement"]] == ["Posts", post["title"]]


def test_the_page_carries_the_answers_of_the_api_without_markdown(
    reader: Reader, post: dict[str, Any], call: Call
) -> None:
    def answer(event: str, **query: str) -> Any:
        parts = {AUTHOR_PART: AUTHOR}
        return json_body(call(event, post_id=post["id"], query=query, parts=parts))

    answers = reader.page("/posts/hello-world").data["answers"]
    expected = answer("public-get-post-by-slug")
    assert expected.pop("body").startswith("# Part")
    comments = answer("public-list-comments", limit="50")
    assert answers == {
        "/posts/by-slug/hello-world": expected,
        f"/posts/{post['id']}/comments?limit=50": comments,
    }
    first = answer("public-list-posts")
    assert reader.page("/").data["answers"] == {"/posts": first}
    cursor = first["next_cursor"]
    later = answer("public-list-posts", cursor=cursor)
    found = reader.page(f"/?cursor={cursor}").data
    assert found["answers"] == {f"/posts?cursor={cursor}": later}
    assert found["path"] == f"/?cursor={cursor}"
    tagged = answer("public-list-posts", tag="c#")
    assert reader.page("/tags/c%23").data["answers"] == {"/posts?tag=c%23": tagged}
    tags = answer("public-list-tags", limit="100")
    assert reader.page("/tags").data["answers"] == {"/tags?limit=100": tags}
    assert reader.page(f"/authors/{AUTHOR}").data["answers"] == {
        f"/authors/{AUTHOR}": answer("public-get-author"),
        f"/posts?author={AUTHOR}": answer("public-list-posts", author=AUTHOR),
    }


def test_old_and_other_addresses_of_a_page_redirect_to_it(
    reader: Reader, post: dict[str, Any], call: Call
) -> None:
    call("posts-edit", post_id=post["id"], body={"slug": "renamed"})
    for address, target in {
        "/posts/hello-world": "/posts/renamed",
        f"/posts/{post['id']}": "/posts/renamed",
        "/tags/C%23": "/tags/c%23",
        "/tags/": "/tags",
        "/posts/renamed/": "/posts/renamed",
        "/\\evil.example/": "/%5Cevil.example",
        "/%5cevil.example/": "/%5Cevil.example",
        "/@evil.example/": "/%40evil.example",
        "/posts/a%0d%0aX: y/": "/posts/a%0D%0AX%3A%20y",
    }.items():
        response = reader.get(address)
        assert (response["statusCode"], header(response, "Location")) == (301, target)
        assert header(response, "Cache-Control") == "public, max-age=0, s-maxage=60"


@pytest.mark.usefixtures("post")
@pytest.mark.parametrize(
    "address",
    [
        "/posts/nothing", "/posts/01JDC0000000000000000000P1", "/posts", "/posts/a/b", "/x",
        "/tags/unknown", "/tags/%00", "/authors/x", f"/authors/{'a' * 26}", "/index.html",
        "/%2e%2e/x", "//", "//evil.example/", "/posts//", "/posts/%2Fhello-world",
        "/.well-known/security.txt",
    ],
)  # fmt: skip
def test_an_unknown_address_is_a_helpful_404(reader: Reader, address: str) -> None:
    page = reader.page(address, 404)
    assert page.title == "Page not found · Serverless blog"
    assert page.meta("robots") == "noindex"
    assert page.all("//main//a/@href") == ["/"]
    assert (page.data["path"], page.data["answers"]) == (address, {})


def test_a_draft_has_no_page(reader: Reader, call: Call) -> None:
    call("posts-create", body={"title": "Draft", "slug": "draft"})
    reader.page("/posts/draft", 404)


@pytest.mark.usefixtures("post")
def test_unknown_parameters_are_ignored_and_a_wrong_cursor_is_400(reader: Reader) -> None:
    plain = reader.get("/")["body"]
    assert reader.get("/?utm_source=x&fbclid=y")["body"] == plain
    assert reader.get("/?cursor=")["body"] == plain
    for address in ("/?cursor=x", "/tags/c%23?cursor=AAAA", "/posts/hello-world?cursor=-"):
        page = reader.page(address, 400)
        assert page.title == "This address is not valid · Serverless blog"


@pytest.mark.usefixtures("post")
def test_a_page_has_an_entity_tag_over_its_bytes(reader: Reader, call: Call) -> None:
    first = reader.get("/posts/hello-world")
    tag = header(first, "ETag")
    assert header(first, "Cache-Control") == "public, max-age=0, s-maxage=60"
    assert header(first, "X-Content-Type-Options") == "nosniff"
    again = reader.get("/posts/hello-world", If_None_Match=tag)
    assert (again["statusCode"], again["body"]) == (304, "")
    assert header(again, "ETag") == tag
    call(
        "posts-edit", post_id=json_body(call("public-get-post-by-slug"))["id"], body={"title": "U"}
    )
    changed = reader.get("/posts/hello-world", If_None_Match=tag)
    assert (changed["statusCode"], header(changed, "ETag") != tag) == (200, True)


@pytest.mark.parametrize("address", ["/me", "/me/posts/new", "/callback"])
def test_the_apps_own_paths_get_a_shell_that_is_not_indexed(reader: Reader, address: str) -> None:
    page = reader.page(address)
    assert page.meta("robots") == "noindex"
    assert page.one("//head/script/@src") == "/assets/index-1.js"
    assert "needs JavaScript" in page.text


@pytest.mark.usefixtures("post")
def test_without_a_built_app_pages_are_complete(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader.app.app_index, "_files", AppFiles())
    page = reader.page("/posts/hello-world")
    assert page.all("//script[not(@type='application/ld+json')]") == []
    assert page.all("//link[@rel='stylesheet']/@href") == ["/style.css"]
    style = reader.get("/style.css")
    assert header(style, "Content-Type") == "text/css; charset=utf-8"
    assert "--accent" in style["body"]


def test_robots_and_the_manifest_name_the_site(reader: Reader) -> None:
    robots = reader.get("/robots.txt")
    assert f"Sitemap: {SITE}/sitemap.xml" in robots["body"]
    assert header(robots, "Content-Type") == "text/plain; charset=utf-8"
    manifest = reader.get("/site.webmanifest")
    assert json.loads(manifest["body"])["name"] == "Serverless blog"


def test_security_txt_names_the_contact_and_expires_within_a_year() -> None:
    site = Site(SITE, "S", "", "en", "/icon.svg", "#000000", "mailto:s@example.com")
    now = datetime(2026, 11, 29, tzinfo=UTC)
    text = files.security(site, now)
    assert text is not None
    assert text.startswith("Contact: mailto:s@example.com\nExpires: 2027-04-30T")
    assert text == files.security(site, datetime(2026, 11, 1, tzinfo=UTC))


def test_a_fault_is_a_page_that_says_when_to_try_again(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Table, "_call", Mock(side_effect=Unavailable))
    response = reader.get("/")
    assert (response["statusCode"], header(response, "Retry-After")) == (503, "5")
    assert header(response, "Cache-Control") == "private, no-store"
    assert PageOf(response["body"]).title == "Not available at the moment · Serverless blog"
    monkeypatch.setattr(Table, "_call", Mock(side_effect=ZeroDivisionError("secret")))
    response = reader.get("/")
    assert response["statusCode"] == 500
    assert "secret" not in response["body"] + capsys.readouterr().out


def test_the_largest_page_is_within_lambdas_limit(
    reader: Reader, post: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag is escaped twice in the data block, so HTML of short tags makes the most bytes."""
    pages = reader.app.pages
    shown, comments = pages._posts.published_by_slug_beside(
        post["slug"],
        lambda view: view.as_response(),
        lambda post_id: pages._comments.beside(post_id, limit=1, cursor=None, most_bytes=10**6),
    )
    tag, count = "<i></i>", 50
    shown = shown.model_copy(update={"body_html": tag * (MAX_HTML // len(tag))})
    text = tag * (MAX_COMMENT_BYTES // count // len(tag))
    entries = [
        comments.items[0].model_copy(update={"body": "", "body_html": text, "id": f"{number}"})
        for number in range(count)
    ]
    full = comments.model_copy(update={"items": entries})
    monkeypatch.setattr(pages._posts, "published_by_slug_beside", lambda *_: ((shown, None), full))
    response = reader.get("/posts/hello-world")
    assert response["statusCode"] == 200
    sent = len(json.dumps(response, ensure_ascii=False).encode())
    assert 5_000_000 < sent < 6 * 1024 * 1024, "otherwise API Gateway answers 502"


def test_a_post_page_takes_three_round_trips_and_a_list_two(
    reader: Reader, post: dict[str, Any], client: Any
) -> None:
    calls: list[str] = []
    client.meta.events.register(
        "provide-client-params.dynamodb", lambda model, **_: calls.append(model.name)
    )
    reader.page("/posts/hello-world")
    # The slug; then post and comments; then the cover and the profiles of who commented.
    assert calls[0] == "GetItem"
    assert sorted(calls[1:]) == ["BatchGetItem", "BatchGetItem", "GetItem", "Query"]
    for address in ("/", "/tags/c%23", f"/authors/{AUTHOR}"):
        calls.clear()
        reader.app.pages._posts._table._recent._found.clear()
        reader.page(address)
        assert len(calls) <= 3, (address, calls)


def test_the_files_of_the_app_are_read_once_a_minute() -> None:
    index = b"""<script type="module" crossorigin src="/assets/index-2.js"></script>
        <link rel="modulepreload" crossorigin href="/assets/feed-2.js">
        <link rel="stylesheet" crossorigin href="/assets/index-2.css">
        <script src="https://evil.example/x.js"></script><link rel="icon" href="/icon.svg">"""
    expected = AppFiles(("/assets/index-2.js",), ("/assets/feed-2.js",), ("/assets/index-2.css",))
    assert files_in(index.decode()) == expected
    bucket, now = Mock(), [0.0]
    bucket.download.return_value = index
    app = AppIndex(bucket, 60, lambda: now[0])
    assert app.files() == app.files() == expected
    assert bucket.download.call_count == 1
    now[0] = 61
    for fault in (Unavailable(), ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")):
        bucket.download.side_effect = fault
        now[0] += 61
        assert app.files() == expected, "those read before"
    bucket.download.side_effect, bucket.download.return_value = None, None
    now[0] += 61
    assert app.files() == AppFiles()
    assert AppIndex(None, 60).files() == AppFiles()
