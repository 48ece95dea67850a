"""Nothing that was typed is lost, and nothing becomes public unless its author wants that.

spa/tests/edit-session.test.ts tests the rules of saving with a fake clock. The tests here need the
real API, or reloads and tabs of a real browser.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Client, Json
from tests.support.visitor import Visitor, saved, write


def text(page: Page) -> Locator:
    return page.get_by_label("Text", exact=True)


def state(page: Page) -> Locator:
    return page.locator(".save-state")


def body_of(alice: Client, post_id: str) -> str:
    return str(alice.get(f"/me/posts/{post_id}").json()["body"])


def titled(alice: Client, title: str) -> list[Json]:
    """Return the posts of Alice whose titles start with this one."""
    items = alice.get("/me/posts?limit=100").json()["items"]
    return [post for post in items if post["title"].startswith(title)]


def lose_response(page: Page, method: str) -> list[str]:
    """Let the first request with a method arrive, but lose its response; return the lost ones."""
    lost: list[str] = []

    def lose(route: Route, request: Request) -> None:
        if request.method == method and not lost:
            lost.append(request.method)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/posts(/\w+)?$"), lose)
    return lost


def network_returns(page: Page) -> None:
    """Tell the app that the network is back, so that it does not wait for its next attempt."""
    expect(state(page)).to_contain_text("Offline")
    page.evaluate("dispatchEvent(new Event('online'))")


def go_offline(visitor: Visitor) -> Callable[[], None]:
    """Switch the network off; return a function that switches it on again."""
    visitor.expect(0, r".*")
    visitor.context.set_offline(True)
    return lambda: visitor.context.set_offline(False)


def edited_elsewhere_while_offline(
    visitor: Visitor, alice: Client, title: str, mine: str, theirs: str
) -> tuple[Page, str]:
    """Close a tab with unsent changes, edit the post elsewhere, and open it in a new tab.

    Return the new tab and the id of the post.
    """
    post_id = write(visitor.page, title, "Before.")
    back = go_offline(visitor)
    text(visitor.page).fill(mine)
    expect(state(visitor.page)).to_contain_text("Offline")
    visitor.page.close()
    back()
    alice.edit(post_id, body=theirs)
    page = visitor.context.new_page()
    page.goto(f"/me/posts/{post_id}")
    return page, post_id


def test_an_excerpt_is_saved_and_can_conflict(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Excerpts", "The text.")
    visitor.expect(412, f"/posts/{post_id}")
    page.get_by_text("More", exact=True).click()
    alice.edit(post_id, title="Excerpts, renamed")
    alice.edit(post_id, title="Excerpts")
    page.get_by_label("Excerpt").fill("Mine")
    saved(page)
    assert alice.get(f"/me/posts/{post_id}").json()["excerpt"] == "Mine"
    alice.edit(post_id, excerpt="Theirs")
    page.get_by_label("Excerpt").fill("Mine again")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Theirs")
    expect(dialog).to_contain_text("Mine again")


def test_an_excerpt_that_was_cleared_stays_empty_while_editing(visit: Visit) -> None:
    page = visit("alice").page
    write(page, "To be cleared", "Some words.")
    page.get_by_text("More", exact=True).click()
    excerpt = page.get_by_label("Excerpt")
    expect(excerpt).to_have_value("Some words.")
    with page.expect_response(lambda response: response.request.method == "PATCH"):
        excerpt.fill("")
    saved(page)
    expect(excerpt).to_have_value("")


@pytest.mark.parametrize("typed_on", [True, False], ids=["typing on", "a tag in capitals"])
def test_a_lost_response_is_no_conflict(visit: Visit, alice: Client, typed_on: bool) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "No stranger", "One.")
    visitor.expect(0, r"/posts.*")
    visitor.expect(412, f"/posts/{post_id}")
    lost = lose_response(page, "PATCH")
    if typed_on:
        text(page).fill("One, two.")
    else:
        page.get_by_label("Tags").fill("Python, python")
    expect(state(page)).to_contain_text("Offline")
    if typed_on:
        text(page).fill("One, two, three.")
    else:
        network_returns(page)
    saved(page)
    assert lost == ["PATCH"]
    post = alice.get(f"/me/posts/{post_id}").json()
    assert post["body"] == ("One, two, three." if typed_on else "One.")
    assert post["tags"] == ([] if typed_on else ["python"])


@pytest.mark.parametrize("fault", ["reload", "504"])
def test_a_post_is_created_once_if_the_response_is_lost(
    visit: Visit, alice: Client, fault: str
) -> None:
    visitor = visit("alice")
    page = visitor.page
    title = f"Once, with {fault}"
    visitor.expect(0, r"/posts")
    visitor.expect(504, r"/posts")
    faults: list[str] = []

    def fail_once(route: Route, request: Request) -> None:
        if request.method != "POST" or faults:
            route.continue_()
            return
        faults.append(fault)
        route.fetch()
        if fault == "504":
            problem = '{"status": 504, "detail": "It took too long."}'
            headers = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(status=504, headers=headers, body=problem)
        else:
            route.abort()

    page.route(re.compile(r"/posts$"), fail_once)
    page.goto("/me/posts/new")
    page.get_by_label("Title").fill(title)
    expect(state(page)).to_contain_text("Offline")
    if fault == "reload":
        page.reload()
        expect(page.get_by_label("Title")).to_have_value(title)
    else:
        network_returns(page)
    saved(page)
    assert len(titled(alice, title)) == 1


def test_an_editor_that_was_left_saves_once_and_does_not_return(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.open("/me/posts/new")
    with page.expect_response(re.compile(r"/posts$")):
        page.get_by_label("Title").fill("Left at once")
        page.get_by_role("link", name="Tags").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tags")
    assert page.url.endswith("/tags")
    assert len(titled(alice, "Left at once")) == 1

    page.get_by_role("link", name="Write").click()
    expect(page.get_by_label("Title")).to_have_value("")
    back = go_offline(visitor)
    page.get_by_label("Title").fill("Left offline")
    page.get_by_role("link", name="Tags").click()
    page.get_by_role("heading", name="Tags").wait_for()
    page.get_by_role("link", name="Write").click()
    expect(page.get_by_label("Title")).to_have_value("Left offline")
    back()
    saved(page)
    assert len(titled(alice, "Left offline")) == 1


def test_two_tabs_keep_their_own_changes(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    visitor.expect(0, r"/posts")
    first, second = visitor.page, visitor.context.new_page()
    for page, title in ((first, "Tab one"), (second, "Tab two")):
        page.route(re.compile(r"/posts$"), lambda route: route.abort())
        page.goto("/me/posts/new")
        expect(page.get_by_label("Title")).to_have_value("")
        page.get_by_label("Title").fill(title)
        expect(state(page)).to_contain_text("Offline")
    first.close()
    second.close()
    for title in ("Tab two", "Tab one"):  # the newest first
        page = visitor.context.new_page()
        page.goto("/me/posts/new")
        expect(page.get_by_label("Title")).to_have_value(title)
        saved(page)
        page.close()
    assert len(titled(alice, "Tab ")) == 2


def test_a_resolved_conflict_does_not_return(visit: Visit, alice: Client) -> None:
    page, _ = edited_elsewhere_while_offline(
        visit("alice"), alice, "Decided", "Never sent.", "From elsewhere."
    )
    page.get_by_role("button", name="Keep the other version").click()
    saved(page)
    page.reload()
    expect(text(page)).to_have_value("From elsewhere.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(titled(alice, "Decided (other version)")) == 1


def test_a_device_with_full_storage_still_saves(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    visitor.context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') };"
    )
    post_id = write(visitor.page, "A full disk", "One.")
    with visitor.page.expect_response(lambda response: response.request.method == "PATCH"):
        text(visitor.page).fill("Two.")
    saved(visitor.page)
    assert body_of(alice, post_id) == "Two."


def test_saving_a_scheduled_post_never_edits_a_public_one(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Later", "Before.")
    page.get_by_label("Publish later").fill("2099-01-01T12:00")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".publishing")).to_contain_text("This post will be published on")
    text(page).fill("Still to come.")
    page.get_by_role("button", name="Save", exact=True).click()
    saved(page)
    post = alice.get(f"/me/posts/{post_id}").json()
    assert (post["status"], post["body"]) == ("scheduled", "Still to come.")

    alice.edit(post_id, status="published")
    visitor.expect(412, f"/posts/{post_id}")
    visitor.expect(422, f"/posts/{post_id}")
    text(page).fill("Half a sen")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(state(page).locator(".error")).to_be_visible()
    assert body_of(alice, post_id) == "Still to come."


def test_a_postponed_conflict_remains_after_typing_on(visit: Visit, alice: Client) -> None:
    page, post_id = edited_elsewhere_while_offline(
        visit("alice"), alice, "Put off", "Mine.", "Theirs."
    )
    page.get_by_role("button", name="Decide later").click()
    text(page).fill("Mine, and more.")
    page.reload()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Theirs.")
    expect(dialog).to_contain_text("Mine, and more.")
    assert body_of(alice, post_id) == "Theirs."


def test_a_truncated_response_counts_as_lost(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    broken: list[str] = []

    def break_once(route: Route, request: Request) -> None:
        if request.method != "POST" or broken:
            route.continue_()
            return
        broken.append(request.url)
        response = route.fetch()
        body = response.text()[:20]
        route.fulfill(status=response.status, headers=response.headers, body=body)

    page.route(re.compile(r"/posts$"), break_once)
    page.goto("/me/posts/new")
    page.get_by_label("Title").fill("Broken off")
    network_returns(page)
    saved(page)
    assert len(titled(alice, "Broken off")) == 1
