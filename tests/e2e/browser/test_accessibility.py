"""Accessibility: axe-core on every page, keyboard, headings, landmarks and layout shifts."""

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import Visit
from tests.support.photos import photo
from tests.support.samples import ROOT
from tests.support.stack import Client
from tests.support.stack_uploads import all_ready, inspected, upload
from tests.support.visitor import write

AXE = ROOT / "spa" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
BODY = """Text with a [link](https://example.com), `code`[^1].

## A heading

- [x] done
- [ ] to do

> [!WARNING]
> An alert.

> A quote.

[^1]: A note.
"""


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe-core finds on the current page, by all of its rules or by some."""
    # The policy of the page does not apply to scripts that the debugger injects.
    page.evaluate(AXE.read_text())
    options = {"runOnly": list(rules)} if rules else {}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {node['html']} ({node['failureSummary']})"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def settle(page: Page) -> None:
    """Wait until a page has loaded its content."""
    page.locator("h1").wait_for()
    expect(page.locator(".loading")).to_have_count(0)


@pytest.fixture(scope="module")
def pages(alice: Client, bob: Client) -> dict[str, str]:
    """Return the path of each page, after creating content for it."""
    post = alice.create(title="For axe", body=BODY, tags=["axe"], status="published")
    alice.edit(post["id"], body=f"{BODY}\n\nEdited.")
    comments = f"/posts/{post['id']}/comments"
    comment = bob.send("POST", comments, json={"body": "One"}).json()
    alice.send("POST", comments, json={"body": "Two", "parent_id": comment["id"]})
    alice.send("PUT", f"/posts/{post['id']}/like")
    alice.send("PUT", f"/authors/{comment['author']['id']}/follow")
    (image,) = all_ready(alice, [photo(1)])
    draft = alice.create(title="A draft for axe", body=BODY, cover_image=image["url"])
    refused = upload(alice, b"\xff\xd8\xff, and no image")
    assert inspected(alice, refused["id"])["status"] == "refused"
    return {
        "feed": "/",
        "post": f"/posts/{post['slug']}",
        "tags": "/tags",
        "tag": "/tags/axe",
        "author": f"/authors/{post['author']['id']}",
        "nothing": "/no/such/page",
        "closed": "/me/posts",
        "my posts": "/me/posts",
        "editor": f"/me/posts/{draft['id']}",
        "new": "/me/posts/new",
        "revisions": f"/me/posts/{post['id']}/revisions",
        "comments": "/me/comments",
        "following": "/me/feed",
        "likes": "/me/likes",
        "images": "/me/media",
        "account": "/me",
    }


VISITORS = ("feed", "post", "tags", "tag", "author", "nothing", "closed")


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("user", [None, "alice"], ids=["visitor", "writer"])
def test_axe_finds_nothing_on_any_page(
    visit: Visit, pages: dict[str, str], user: str | None, viewport: dict[str, int]
) -> None:
    visitor = visit(user, color_scheme="light", viewport=viewport)
    visitor.expect(404, pages["nothing"])
    page = visitor.page
    found: dict[str, list[str]] = {}
    for name, path in pages.items():
        if (name in VISITORS) is not (user is None):
            continue
        page.goto(path)
        settle(page)
        if name == "editor":
            page.get_by_role("button", name="Preview").click()
            page.get_by_text("More", exact=True).click()
            page.get_by_text("min read").wait_for()
            page.get_by_text("Choose from your images").click()
            page.locator(".choices img").first.wait_for()
        if name == "revisions":
            page.locator("summary").first.click()
            page.locator("pre").wait_for()
        if faults := violations(page):
            found[name] = faults
        page.emulate_media(color_scheme="dark")
        if faults := violations(page, "color-contrast", "link-in-text-block"):
            found[f"{name}, dark"] = faults
        page.emulate_media(color_scheme="light")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            found[f"{name}, width"] = [str(width)]
    assert found == {}


def test_axe_finds_nothing_on_the_conflict_dialogue_and_with_errors(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "For axe, in conflict", BODY)
    visitor.expect(422, f"/posts/{post_id}")
    page.get_by_label("Tags").fill("no/slash")
    expect(page.locator(".field.invalid .error")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("Tags").fill("")
    alice.edit(post_id, body="From elsewhere.")
    visitor.expect(412, f"/posts/{post_id}")
    page.get_by_label("Text", exact=True).fill("From here.")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []


def test_headings_and_landmarks_are_in_order(visit: Visit, alice: Client) -> None:
    post = alice.create(title="In order", body="Text.", status="published")
    page = visit("alice").open(f"/posts/{post['slug']}")
    settle(page)
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    landmarks = page.evaluate(
        "[...document.querySelectorAll('body > :is(header, main, footer, nav, aside)')]"
        ".map(one => one.tagName)"
    )
    assert landmarks == ["HEADER", "MAIN", "FOOTER"]


def test_the_app_works_with_the_keyboard_alone(visit: Visit) -> None:
    """Open the app, read, log in, write and publish without a mouse."""
    visitor = visit()
    page = visitor.open("/")
    page.locator(".card").first.wait_for()

    def focused() -> str:
        return str(page.evaluate("document.activeElement.innerText || document.activeElement.id"))

    def tab_to(text: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if focused().startswith(text):
                return
        pytest.fail(f"{text} cannot be reached by Tab")

    page.keyboard.press("Tab")
    assert focused() == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null"), "past the navigation"
    page.keyboard.press("Enter")
    page.locator(".post").wait_for()
    expect(page.locator("h1")).to_be_focused()  # a new page starts at its top, after it is painted

    page.reload()
    page.locator(".post").wait_for()
    tab_to("Log in")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Log in").wait_for()
    tab_to("Alice")
    page.keyboard.press("Enter")
    page.get_by_role("navigation").get_by_role("link", name="Alice Example").wait_for()
    tab_to("Write")
    page.keyboard.press("Enter")
    page.get_by_label("Title").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    tab_to("Publish")
    page.keyboard.press("Enter")
    expect(page.locator(".publishing")).to_contain_text("Everyone can read this post")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none", "the focus is visible"


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("user", [None, "alice"], ids=["visitor", "member"])
def test_nothing_moves_while_a_page_loads(
    visit: Visit, alice: Client, user: str | None, viewport: dict[str, int]
) -> None:
    post = alice.create(title="Stays where it is", body=BODY * 20, status="published")
    visitor = visit(user, viewport=viewport)
    visitor.context.add_init_script(
        """window.shifted = 0;
        new PerformanceObserver(list => {
            for (const shift of list.getEntries()) window.shifted += shift.value;
        }).observe({type: "layout-shift", buffered: true});"""
    )
    for path in ("/", f"/posts/{post['slug']}"):
        page = visitor.open(path)
        settle(page)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)
        assert page.evaluate("window.shifted") == pytest.approx(0, abs=0.005), path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dark_and_light_follow_the_device(visit: Visit, scheme: str) -> None:
    page = visit(color_scheme=scheme).open("/")
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (brightness > 128) is (scheme == "light")
