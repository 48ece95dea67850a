"""The server's pages, and how the app takes them over: no request, no flash, and nothing moves."""

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import Visit
from tests.support.photos import photo
from tests.support.stack import Client, Json, Stack
from tests.support.stack_uploads import all_ready
from tests.support.visitor import Visitor

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
BODY = """Text with a [link](https://example.com), and a note[^1].

## A heading of so many words that they fill one line on each of the devices that we have here

- [x] done
- [ ] to do

![A view](%s)

# A title in the text

[^1]: A note.
"""
# Records layout shifts, and every state of the heading that could be painted.
OBSERVER = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const shift of list.getEntries())
        window.shifts.push([shift.value, ...shift.sources.map(one => `${one.node?.outerHTML}`)]);
}).observe({type: "layout-shift", buffered: true});
window.headings = [];
new MutationObserver(() => {
    const heading = document.querySelector("h1");
    const text = heading?.textContent ?? null;
    if (heading && !window.firstHeading) window.firstHeading = heading;
    if (window.firstHeading && window.headings.at(-1) !== text) window.headings.push(text);
}).observe(document, {childList: true, subtree: true, characterData: true});
"""
# The elements and texts of a page as lines, without what only the app can offer or say.
MARKUP = """() => {
    const lines = [];
    const origin = /https?:\\/\\/localhost:\\d+/g;
    const isOfApp = (node, name) =>
        name === "style" || (name === "aria-label" && node.matches("input"));
    const walk = node => {
        if (node.nodeType === 3 && node.data.trim()) {
            // The app writes a text in several parts.
            const before = lines.at(-1)?.startsWith("“") ? lines.pop() : "“";
            lines.push((before + node.data).replace(/\\s+/g, " "));
        }
        if (node.nodeType !== 1 || node.matches("script, noscript, .notices, .anchor")) return;
        const isButton = node.matches("button, a.button");
        const name = isButton ? "button" : node.localName;
        const attributes = [...(isButton ? [] : node.attributes)]
            .filter(({name, value}) => !isOfApp(node, name) && (name !== "class" || value))
            .map(({name, value}) => `${name}=${value.replaceAll(origin, "")}`);
        lines.push([name, ...attributes.sort()].join(" "));
        for (const child of node.childNodes) walk(child);
        lines.push(`/${name}`);
    };
    for (const child of document.body.children) walk(child);
    return lines.map(line => line.trim());
}"""


@pytest.fixture(scope="module")
def pages(alice: Client, bob: Client) -> dict[str, str]:
    """Return the path of each page that the server renders, after creating content for it."""
    cover, image = all_ready(alice, map(photo, (60, 61)))
    post = alice.create(
        title="Taken over & kept",
        body=BODY % image["url"],
        tags=["c#", "rock'n'roll", "taken over"],
        cover_image=cover["url"],
        status="published",
    )
    comments = f"/posts/{post['id']}/comments"
    comment = bob.send("POST", comments, json={"body": "*One*"}).json()
    alice.send("POST", comments, json={"body": "Two", "parent_id": comment["id"]})
    deleted = bob.send("POST", comments, json={"body": "Three"}).json()
    alice.send("POST", comments, json={"body": "Four", "parent_id": deleted["id"]})
    bob.send("DELETE", f"{comments}/{deleted['id']}")
    closed = alice.create(title="Closed", comments="closed", status="published")
    for number in range(41):
        writer = bob if number % 2 else alice
        writer.create(title=f"One of many {number}", tags=["many-to-read"], status="published")
    later = alice.get("/posts", params={"tag": "many-to-read"}).json()["next_cursor"]
    return {
        "feed": "/",
        "post": f"/posts/{post['slug']}",
        "closed": f"/posts/{closed['slug']}",
        "tags": "/tags",
        "tag": "/tags/rock'n'roll",
        "encoded tag": "/tags/c%23",
        "later": f"/tags/many-to-read?cursor={later}",
        "author": f"/authors/{post['author']['id']}",
        "campaign": f"/posts/{post['slug']}?utm_source=mail",
    }


NAMES = (
    "feed", "post", "closed", "tags", "tag", "encoded tag", "later", "author", "campaign",
)  # fmt: skip


def without_scripts(visit: Visit) -> Visitor:
    """Return a visitor whose browser runs no scripts, and so refuses to load any."""
    visitor = visit(java_script_enabled=False)
    visitor.expect(0, r"/assets/[^/]+\.js")
    return visitor


def taken_over(page: Page) -> None:
    """Wait until the app has taken over: the server's page has links in place of buttons."""
    expect(page.locator("header.site > button, nav[aria-label=Account]")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def requests_of(visitor: Visitor, stack: Stack) -> list[str]:
    """Return a list that receives the path of each request for data of the API."""
    asked: list[str] = []
    port = urlsplit(stack.api_url).port

    def add(url: str) -> None:
        parts = urlsplit(url)
        if parts.port == port and not parts.path.startswith("/media/"):
            asked.append(f"{parts.path}?{parts.query}".removesuffix("?"))

    visitor.context.on("request", lambda request: add(request.url))
    return asked


def put_data(page: Page, data: str) -> None:
    """Let the page that opens next have other data, before its scripts run."""
    page.add_init_script(
        f"""new MutationObserver((_, observer) => {{
            const element = document.getElementById("page-data");
            if (!element) return;
            element.textContent = {json.dumps(data)};
            observer.disconnect();
        }}).observe(document, {{childList: true, subtree: true}});"""
    )


def data_of(page: Page, path: str) -> Json:
    """Return the data in the server's page."""
    html = page.request.get(path).text()
    found = re.search('id="page-data">(.*?)</script>', html, re.S)
    assert found
    data: Json = json.loads(found[1])
    return data


# ---- The first view ------------------------------------------------------------------------------


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("name", NAMES)
def test_the_app_takes_over_without_a_request_and_nothing_moves(
    visit: Visit, stack: Stack, pages: dict[str, str], name: str, viewport: dict[str, int]
) -> None:
    visitor = visit(viewport=viewport, timezone_id="Pacific/Auckland")
    visitor.context.add_init_script(OBSERVER)
    asked = requests_of(visitor, stack)
    images: list[str] = []
    visitor.page.on("request", lambda one: images.append(one.url) if "/media/" in one.url else None)
    page = visitor.open(pages[name])
    title = page.title()
    taken_over(page)
    assert asked == []
    assert page.evaluate("window.shifts") == []
    assert len(page.evaluate("window.headings")) == 1, "no other text, and never none"
    assert page.evaluate("window.firstHeading === document.querySelector('h1')")
    assert len(set(images)) == len(images)
    assert page.title() == title


@pytest.mark.parametrize("name", NAMES)
def test_the_app_writes_what_the_server_wrote(
    visit: Visit, stack: Stack, pages: dict[str, str], name: str
) -> None:
    """Compare the page without scripts, the page that the app took over, and the app's own."""
    served = without_scripts(visit).open(pages[name]).evaluate(MARKUP)
    visitor = visit(timezone_id="America/Los_Angeles")
    page = visitor.open(pages[name])
    title = page.title()
    taken_over(page)
    assert page.evaluate(MARKUP) == served
    assert len(served) > 20

    alone = visit()
    asked = requests_of(alone, stack)
    put_data(alone.page, "")
    page = alone.open(pages[name])
    taken_over(page)
    expect(page.locator(".loading")).to_have_count(0)
    assert asked
    assert page.evaluate(MARKUP) == served
    assert page.title() == title


def test_a_page_that_does_not_exist_stays_as_it_is(
    visit: Visit, stack: Stack, pages: dict[str, str]
) -> None:
    for path in ("/posts/no-such-post", "/authors/01JDC0000000000000000000ZZ", "/no/such/page"):
        visitor = visit()
        visitor.expect(404, path)
        visitor.context.add_init_script(OBSERVER)
        asked = requests_of(visitor, stack)
        page = visitor.open(path)
        taken_over(page)
        assert asked == []
        assert page.evaluate("window.headings") == ["Page not found"]
        assert page.evaluate("window.shifts") == []
        page.get_by_role("link", name="All posts").click()
        expect(page.locator(".card").first).to_be_visible()


def test_a_page_of_the_app_alone_replaces_the_servers_note(visit: Visit) -> None:
    for path in ("/me", "/me/posts", "/me/feed"):
        visitor = visit(viewport=PHONE)
        visitor.context.add_init_script(OBSERVER)
        page = visitor.open(path)
        taken_over(page)
        expect(page.get_by_text("You need to log in to see this page.")).to_be_visible()
        expect(page.get_by_role("main").get_by_role("button", name="Log in")).to_be_visible()
        expect(page.locator(".loading")).to_have_count(0)
        assert page.evaluate("window.shifts") == []


def test_a_user_sees_the_page_at_once_and_then_their_own_buttons(
    visit: Visit, stack: Stack, pages: dict[str, str]
) -> None:
    visitor = visit("alice")
    visitor.context.add_init_script(OBSERVER)
    asked = requests_of(visitor, stack)
    page = visitor.open(pages["post"])
    expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
    expect(page.get_by_label("Your comment")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(3)
    page.wait_for_load_state("networkidle")
    assert [path for path in asked if not path.startswith("/me")] == []
    assert len(page.evaluate("window.headings")) == 1


def test_a_part_of_the_text_in_the_address_is_scrolled_to(
    visit: Visit, pages: dict[str, str]
) -> None:
    page = visit(viewport=PHONE).open(pages["post"])
    heading = page.locator(".post .text h2").last
    name = heading.get_attribute("id")
    assert name is not None
    for fragment in (name, name.removeprefix("user-content-")):
        page.goto("about:blank")
        page.goto(f"{pages['post']}#{fragment}")
        taken_over(page)
        expect(heading).to_be_in_viewport()
        expect(page.locator("h1")).not_to_be_in_viewport()


# ---- Later views ---------------------------------------------------------------------------------


def test_a_later_page_of_a_list_continues_from_there(
    visit: Visit, stack: Stack, pages: dict[str, str]
) -> None:
    visitor = visit()
    asked = requests_of(visitor, stack)
    page = visitor.open(pages["later"])
    taken_over(page)
    cards = page.locator(".card")
    expect(cards).to_have_count(20)
    page.get_by_role("button", name="Show more").click()
    expect(cards).to_have_count(21)
    expect(cards.last).to_contain_text("One of many 0")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    assert len(asked) == 1
    assert asked[0].startswith("/posts?tag=many-to-read&cursor=")
    assert asked[0].rpartition("=")[2] != pages["later"].rpartition("=")[2]

    first = cards.first.locator("h2").inner_text()
    cards.first.locator("h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(first)
    page.go_back()
    expect(cards).to_have_count(20)
    expect(cards.first).to_contain_text(first)


def test_a_list_can_be_read_without_scripts(visit: Visit, pages: dict[str, str]) -> None:
    page = without_scripts(visit).open("/tags/many-to-read")
    seen = []
    for count in (20, 20, 1):
        titles = page.locator(".card h2")
        expect(titles).to_have_count(count)
        seen += titles.all_inner_texts()
        if count == 20:
            page.get_by_role("link", name="Show more").click()
    assert seen == [f"One of many {number}" for number in reversed(range(41))]
    assert page.url.startswith(page.url.partition("?")[0] + "?cursor=")


def test_a_later_visit_asks_the_api_again(
    visit: Visit, stack: Stack, alice: Client, pages: dict[str, str]
) -> None:
    visitor = visit()
    asked = requests_of(visitor, stack)
    page = visitor.open("/")
    taken_over(page)
    page.get_by_role("link", name="Tags", exact=True).click()
    expect(page.locator(".tags.large li").first).to_be_visible()
    alice.create(title="Published meanwhile", status="published")
    page.get_by_role("link", name="Posts", exact=True).click()
    expect(page.get_by_role("link", name="Published meanwhile")).to_be_visible()
    assert asked == ["/tags?limit=100", "/posts"]


def test_the_head_is_that_of_the_page_that_shows(visit: Visit, pages: dict[str, str]) -> None:
    page = visit().open(pages["tag"])
    site = page.locator("meta[name=application-name]").get_attribute("content")
    expect(page.locator("header.site .title")).to_have_text(str(site))
    feed = "link[rel=alternate][type='application/atom+xml']"
    taken_over(page)
    expect(page).to_have_title(f"Posts tagged rock'n'roll · {site}")
    expect(page.locator("link[rel=canonical]")).to_have_count(1)
    expect(page.locator(f"{feed}[href*='/tags/']")).to_have_count(1)

    page.get_by_role("link", name="Tags", exact=True).click()
    expect(page).to_have_title(f"Tags · {site}")
    expect(page.locator("link[rel=canonical]")).to_have_count(0)
    expect(page.locator("meta[property]")).to_have_count(0)
    expect(page.locator(feed)).to_have_count(1)
    expect(page.locator(f"{feed}[href='/feed.atom']")).to_have_count(1)

    page.go_back()
    expect(page).to_have_title(f"Posts tagged rock'n'roll · {site}")
    expect(page.locator(f"{feed}[href*='/tags/']")).to_have_count(1)
    page.get_by_role("link", name="Posts", exact=True).click()
    expect(page).to_have_title(str(site))


# ---- Faults --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["", "{", "null", '{"path": "/", "answers": {"/posts": 1}}'])
def test_without_its_data_a_page_is_loaded_from_the_api(
    visit: Visit, stack: Stack, pages: dict[str, str], data: str
) -> None:
    visitor = visit()
    asked = requests_of(visitor, stack)
    put_data(visitor.page, data)
    page = visitor.open("/")
    taken_over(page)
    expect(page.locator(".card").first).to_be_visible()
    assert asked == ["/posts"]


def test_data_of_another_address_is_not_used(
    visit: Visit, stack: Stack, pages: dict[str, str]
) -> None:
    visitor = visit()
    asked = requests_of(visitor, stack)
    put_data(visitor.page, json.dumps(data_of(visitor.page, pages["tag"])))
    page = visitor.open("/tags/many-to-read")
    taken_over(page)
    expect(page.locator(".card")).to_have_count(20)
    assert asked == ["/posts?tag=many-to-read"]


@pytest.mark.parametrize(
    "broken",
    [{"items": [{}], "next_cursor": None}, {"items": [None], "next_cursor": None}],
    ids=["an empty post", "no post"],
)
def test_if_the_app_cannot_take_over_the_page_stays_readable(
    visit: Visit, pages: dict[str, str], broken: Json
) -> None:
    visitor = visit()
    page = visitor.page
    data = {**data_of(page, "/"), "answers": {"/posts": broken}}
    put_data(page, json.dumps(data))
    with page.expect_event("pageerror"):
        page.goto("/")
    titles = page.locator(".card h2")
    expect(titles).to_have_count(20)
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    title = titles.first.inner_text()
    titles.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    visitor.faults.clear()


@pytest.mark.parametrize("name", ["post", "tags", "later", "author"])
def test_if_a_part_of_the_app_cannot_be_loaded_the_page_stays_readable(
    visit: Visit, stack: Stack, pages: dict[str, str], name: str
) -> None:
    visitor = visit()
    visitor.expect(0, r"/assets/(post|tags?|author)-.*\.js")
    visitor.context.add_init_script(OBSERVER)
    asked = requests_of(visitor, stack)
    page = visitor.page
    part = re.compile(r"/assets/(post|tags?|author)-[^/]*\.js")
    page.route(part, lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.goto(pages[name])
    page.wait_for_load_state("networkidle")
    assert len(page.evaluate("window.headings")) == 1
    expect(page.locator("header.site > a.button")).to_have_text("Log in")
    assert asked == []
    page.get_by_role("link", name="Posts", exact=True).click()
    taken_over(page)
    expect(page.locator(".card").first).to_be_visible()
