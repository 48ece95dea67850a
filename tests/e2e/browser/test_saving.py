"""Nothing that was typed gets lost, and nothing gets public that nobody asked for."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Client, Json
from tests.support.visitor import Visitor, publish, saved, write

LONGER_THAN_AUTOSAVE = 1800  # milliseconds


def text(page: Page) -> Locator:
    return page.get_by_label("Text", exact=True)


def state(page: Page) -> Locator:
    return page.locator(".save-state")


def body_of(alice: Client, post_id: str) -> str:
    return str(alice.get(f"/me/posts/{post_id}").json()["body"])


def titled(alice: Client, title: str) -> list[Json]:
    """Her posts whose titles begin so."""
    items = alice.get("/me/posts?limit=100").json()["items"]
    return [post for post in items if post["title"].startswith(title)]


def lose_answers(page: Page, *methods: str) -> list[str]:
    """The first call of each method gets there, and its answer does not come back."""
    lost: list[str] = []

    def lose(route: Route, request: Request) -> None:
        if request.method in methods and request.method not in lost:
            lost.append(request.method)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/posts(/\w+)?$"), lose)
    return lost


def without_network(visitor: Visitor) -> Callable[[], None]:
    """Take the network away; the way back is what is returned."""
    visitor.expect(0, r".*")
    visitor.context.set_offline(True)
    return lambda: visitor.context.set_offline(False)


def overtaken_while_away(
    visitor: Visitor, alice: Client, title: str, mine: str, theirs: str
) -> tuple[Page, str]:
    """A tab was closed with a text that it could not send, and the post was edited elsewhere; the
    tab in which it is opened again, and its id."""
    post_id = write(visitor.page, title, "Before.")
    back = without_network(visitor)
    text(visitor.page).fill(mine)
    expect(state(visitor.page)).to_contain_text("Offline")
    visitor.page.close()
    back()
    alice.edit(post_id, body=theirs)
    page = visitor.context.new_page()
    page.goto(f"/me/posts/{post_id}")
    return page, post_id


def test_a_draft_that_gets_published_elsewhere_does_not_save_itself_any_more(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Published elsewhere", "Public text.")
    alice.edit(post_id, status="published")
    visitor.expect(412, f"/posts/{post_id}")
    text(page).fill("Public text. And half a sen")
    expect(state(page)).to_have_text("Changed, and not published yet")
    page.wait_for_timeout(LONGER_THAN_AUTOSAVE)
    assert body_of(alice, post_id) == "Public text."
    page.get_by_role("button", name="Update").click()
    saved(page)
    assert body_of(alice, post_id) == "Public text. And half a sen"


def test_a_lost_answer_to_publish_publishes_nothing_that_is_typed_later(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Lost while publishing", "Ready.")
    visitor.expect(0, r"/posts.*")
    visitor.expect(412, f"/posts/{post_id}")
    lost = lose_answers(page, "PATCH")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(state(page)).to_contain_text("Offline")
    text(page).fill("Ready. And half a sen")
    expect(state(page)).to_have_text("Changed, and not published yet", timeout=15_000)
    assert lost == ["PATCH"]
    post = alice.get(f"/me/posts/{post_id}").json()
    assert (post["status"], post["body"]) == ("published", "Ready.")


@pytest.mark.parametrize("button", ["Update", "Back to draft"])
def test_what_failed_for_the_network_is_not_published_when_it_is_back(
    visit: Visit, alice: Client, button: str
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Away while published", "Public.")
    publish(page)
    back = without_network(visitor)
    text(page).fill("Half a sen")
    page.get_by_role("button", name=button).click()
    expect(state(page)).to_contain_text("The server cannot be reached")
    back()
    page.wait_for_timeout(LONGER_THAN_AUTOSAVE)
    post = alice.get(f"/me/posts/{post_id}").json()
    assert (post["status"], post["body"]) == ("published", "Public.")


def test_going_on_with_ones_own_text_of_a_published_post_publishes_nothing_yet(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Both at once", "Before.")
    alice.edit(post_id, body="Theirs, public.", status="published")
    visitor.expect(412, f"/posts/{post_id}")
    text(page).fill("Mine, half done")
    page.get_by_role("button", name="Go on with yours").dblclick()
    expect(state(page)).to_have_text("Changed, and not published yet")
    assert body_of(alice, post_id) == "Theirs, public."
    assert len(titled(alice, "Both at once (other version)")) == 1, "one copy, for two clicks"


def test_an_excerpt_is_a_text_like_any_other(visit: Visit, alice: Client) -> None:
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


def test_an_excerpt_that_is_cleared_stays_so_under_the_cursor(visit: Visit) -> None:
    page = visit("alice").page
    write(page, "To be cleared", "Some words.")
    page.get_by_text("More", exact=True).click()
    excerpt = page.get_by_label("Excerpt")
    expect(excerpt).to_have_value("Some words.")
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        excerpt.fill("")
    saved(page)
    expect(excerpt).to_have_value("")


@pytest.mark.parametrize("typed_on", [True, False], ids=["typing on", "a tag in capitals"])
def test_a_lost_answer_is_no_conflict(visit: Visit, alice: Client, typed_on: bool) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "No stranger", "One.")
    visitor.expect(0, r"/posts.*")
    visitor.expect(412, f"/posts/{post_id}")
    lost = lose_answers(page, "PATCH")
    if typed_on:
        text(page).fill("One, two.")
    else:
        page.get_by_label("Tags").fill("Python, python")
    expect(state(page)).to_contain_text("Offline")
    if typed_on:
        text(page).fill("One, two, three.")
    saved(page)
    assert lost == ["PATCH"]
    post = alice.get(f"/me/posts/{post_id}").json()
    assert post["body"] == ("One, two, three." if typed_on else "One.")
    assert post["tags"] == ([] if typed_on else ["python"])


@pytest.mark.parametrize("fault", ["reload", "504"])
def test_a_post_is_made_once_whatever_becomes_of_the_answer(
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
    saved(page)
    assert len(titled(alice, title)) == 1


def test_an_editor_that_was_left_saves_once_and_takes_nobody_back(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.open("/me/posts/new")
    page.get_by_label("Title").fill("Left at once")
    page.get_by_role("link", name="Tags").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tags")
    page.wait_for_timeout(LONGER_THAN_AUTOSAVE)
    assert page.url.endswith("/tags")
    assert len(titled(alice, "Left at once")) == 1

    page.get_by_role("link", name="Write").click()
    expect(page.get_by_label("Title")).to_have_value("")
    back = without_network(visitor)
    page.get_by_label("Title").fill("Left offline")
    page.get_by_role("link", name="Tags").click()
    page.get_by_role("heading", name="Tags").wait_for()
    page.get_by_role("link", name="Write").click()
    expect(page.get_by_label("Title")).to_have_value("Left offline")
    back()
    saved(page)
    assert len(titled(alice, "Left offline")) == 1


def test_two_tabs_keep_a_text_each(visit: Visit, alice: Client) -> None:
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


def test_a_conflict_that_was_decided_does_not_come_back(visit: Visit, alice: Client) -> None:
    page, _ = overtaken_while_away(
        visit("alice"), alice, "Decided", "Never sent.", "From elsewhere."
    )
    page.get_by_role("button", name="Go on with the other").click()
    saved(page)
    page.reload()
    expect(text(page)).to_have_value("From elsewhere.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(titled(alice, "Decided (other version)")) == 1


def test_a_412_without_another_version_is_not_tried_for_ever(visit: Visit) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "A proxy that errs", "One.")
    visitor.expect(412, f"/posts/{post_id}")
    tried: list[str] = []

    def refuse(route: Route, request: Request) -> None:
        if request.method != "PATCH":
            route.continue_()
            return
        tried.append(request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=412, headers=headers, body='{"status": 412}')

    page.route(f"**/posts/{post_id}", refuse)
    text(page).fill("Two.")
    expect(state(page)).to_contain_text("reload the page")
    page.wait_for_timeout(LONGER_THAN_AUTOSAVE)
    assert len(tried) == 1


def test_a_device_that_keeps_nothing_still_saves(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    visitor.context.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') };"
    )
    post_id = write(visitor.page, "A full disk", "One.")
    text(visitor.page).fill("Two.")
    expect(state(visitor.page)).to_have_text("Not saved yet")
    saved(visitor.page)
    assert body_of(alice, post_id) == "Two."


def test_saving_a_scheduled_post_never_edits_a_public_one(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Later", "Before.")
    page.get_by_label("Or publish it later").fill("2099-01-01T12:00")
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".publishing")).to_contain_text("It will be published on")
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


def test_what_is_typed_after_the_button_was_pressed_is_not_published(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Pressed too soon", "Before.")
    held: list[Route] = []

    def hold_once(route: Route, request: Request) -> None:
        if request.method == "PATCH" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route(f"**/posts/{post_id}", hold_once)
    text(page).fill("Ready.")
    expect(state(page)).to_have_text("Saving …")
    page.get_by_role("button", name="Publish", exact=True).click()
    text(page).fill("Ready. And half a sen")
    held[0].continue_()
    expect(state(page)).to_contain_text("You typed on")
    assert alice.get(f"/me/posts/{post_id}").json()["status"] == "draft"


def test_a_lost_answer_to_publish_is_found_out(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    write(page, "Published, and not told", "Ready.")
    visitor.expect(0, r"/posts.*")
    lose_answers(page, "PATCH")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.locator(".publishing")).to_contain_text("Everyone can read it", timeout=15_000)


def test_a_conflict_that_was_put_off_is_still_one_after_typing_on(
    visit: Visit, alice: Client
) -> None:
    page, post_id = overtaken_while_away(visit("alice"), alice, "Put off", "Mine.", "Theirs.")
    page.get_by_role("button", name="Decide later").click()
    text(page).fill("Mine, and more.")
    page.reload()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Theirs.")
    expect(dialog).to_contain_text("Mine, and more.")
    assert body_of(alice, post_id) == "Theirs."


def test_an_answer_that_breaks_off_is_as_good_as_none(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    broken: list[str] = []

    def break_once(route: Route, request: Request) -> None:
        if request.method != "POST" or broken:
            route.continue_()
            return
        broken.append(request.url)
        answer = route.fetch()
        route.fulfill(status=answer.status, headers=answer.headers, body=answer.text()[:20])

    page.route(re.compile(r"/posts$"), break_once)
    page.goto("/me/posts/new")
    page.get_by_label("Title").fill("Broken off")
    expect(state(page)).to_contain_text("Offline")
    saved(page)
    assert len(titled(alice, "Broken off")) == 1
