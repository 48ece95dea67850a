"""Likes, comments, follows, who may edit what, profile, export and account deletion."""

import io
import re
import zipfile

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Client, Stack
from tests.support.visitor import publish, write


def toggle(page: Page, button: Locator) -> None:
    """Click a button that shows its new state at once, and wait until the API has responded."""
    with page.expect_response(lambda response: response.request.method == "PUT"):
        button.click()


def test_bob_reads_likes_comments_and_cannot_edit(
    visit: Visit, alice: Client, stack: Stack
) -> None:
    post = alice.create(title="Alice's own", body="Hers.", status="published")
    bob = visit("bob")
    page = bob.open(f"/posts/{post['slug']}")
    like = page.get_by_role("button", name="Like")
    toggle(page, like)
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(like).to_have_text("♥ Liked · 1")
    page.get_by_label("Your comment").fill("*Well* said.")
    page.get_by_role("button", name="Comment", exact=True).click()
    comment = page.locator("article.comment")
    expect(comment.locator("em")).to_have_text("Well")
    page.reload()
    expect(like).to_have_attribute("aria-pressed", "true")
    expect(comment).to_contain_text("Bob Example")

    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "?ids=" in one.url else None)
    page.goto(f"{stack.spa_url}/")
    card = page.locator("article.card", has_text="Alice's own")
    expect(card).to_contain_text("1 like, including yours")
    expect(card).not_to_contain_text("following")
    assert len(asked) == 2, "one request for all likes on the page, and one for all follows"
    page.go_back()
    expect(like).to_have_attribute("aria-pressed", "true")

    # The app shows no button, but that protects nothing. The API refuses the token of Bob.
    expect(page.get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    bob.expect(403, f"/posts/{post['id']}")
    status = page.evaluate(
        """async ([url, token]) => (await fetch(url, {
            method: "PATCH",
            headers: {"Authorization": `Bearer ${token}`, "Content-Type": "application/json"},
            body: JSON.stringify({title: "Bob was here"}),
        })).status""",
        [f"{stack.api_url.replace('127.0.0.1', 'localhost')}/posts/{post['id']}", bob.tokens[-1]],
    )
    assert status == 403
    assert alice.get(f"/posts/{post['id']}").json()["title"] == "Alice's own"


def test_comments_are_replied_to_edited_and_deleted(visit: Visit, alice: Client) -> None:
    post = alice.create(title="Much discussed", status="published")
    path = f"/posts/{post['slug']}"
    bob, author = visit("bob"), visit("alice")
    page = bob.open(path)
    page.get_by_label("Your comment").fill("First")
    page.get_by_role("button", name="Comment", exact=True).click()
    comment = page.locator("article.comment").first
    comment.get_by_role("button", name="Edit").click()
    comment.get_by_label("Your comment").fill("First, edited")
    comment.get_by_role("button", name="Save").click()
    expect(comment).to_contain_text("First, edited")

    reply = author.open(path)
    reply.get_by_role("button", name="Reply").click()
    reply.get_by_label("Your reply to Bob Example").fill("Thanks")
    reply.locator(".comment form").get_by_role("button", name="Reply").click()
    expect(reply.locator(".thread .thread")).to_contain_text("Thanks")

    page.reload()
    expect(page.locator(".thread .thread")).to_contain_text("Thanks")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("article.comment").first.get_by_role("button", name="Delete").click()
    expect(page.locator(".comments")).to_contain_text("This comment was deleted.")
    expect(page.locator(".thread .thread")).to_contain_text("Thanks")


def test_an_unsent_comment_survives_a_reload_but_not_a_logout(visit: Visit, alice: Client) -> None:
    post = alice.create(title="Come in and talk", status="published")
    path = f"/posts/{post['slug']}"
    bob = visit("bob")
    page = bob.open(path)
    page.get_by_label("Your comment").fill("Half a thou")
    page.reload()
    expect(page.get_by_label("Your comment")).to_have_value("Half a thou")
    page = bob.open("/me")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Posts", exact=True).wait_for()
    page = bob.open(path)
    bob.log_in("alice")
    expect(page.get_by_label("Your comment")).to_have_value("")


def test_a_logout_in_one_tab_logs_out_all_tabs(visit: Visit) -> None:
    alice = visit("alice")
    first = alice.open("/me/posts")
    first.locator(".rows a").first.wait_for()
    second = alice.context.new_page()
    second.goto("/me")
    second.get_by_role("button", name="Log out").click()
    expect(first.get_by_text("You need to log in to see this page.")).to_be_visible()


@pytest.mark.parametrize("path", ["/posts/%E0", "/no//such//page"])
def test_an_unknown_address_says_that_there_is_no_page(visit: Visit, path: str) -> None:
    visitor = visit()
    visitor.expect(404, re.escape(path))
    expect(visitor.open(path).get_by_role("heading", level=1)).to_have_text("Page not found")


def test_a_login_never_leads_to_another_site(visit: Visit, stack: Stack) -> None:
    visitor = visit()
    visitor.expect(404, "//evil.example/x")
    page = visitor.open(f"{stack.spa_url}//evil.example/x")
    visitor.log_in("bob")
    assert page.url == f"{stack.spa_url}/evil.example/x"


def test_the_feed_shows_posts_of_followed_authors(visit: Visit, alice: Client) -> None:
    post = alice.create(title="For followers", status="published")
    bob = visit("bob")
    page = bob.open(f"/authors/{post['author']['id']}")
    follow = page.get_by_role("button", name="Follow")
    if follow.get_attribute("aria-pressed") == "false":
        toggle(page, follow)
    expect(follow).to_have_text("Following")
    page.get_by_role("link", name="Following").click()
    expect(page.get_by_role("link", name="For followers")).to_be_visible()
    expect(page.locator(".rows")).to_contain_text("Alice Example")
    page = bob.open(f"/posts/{post['slug']}")
    toggle(page, page.get_by_role("button", name="Like"))
    expect(page.get_by_role("button", name="Liked")).to_be_visible()
    page = bob.open("/me/likes")
    expect(page.get_by_role("link", name="For followers")).to_be_visible()


def test_comments_of_newcomers_are_pending_if_the_author_wants_that(
    visit: Visit, stack: Stack
) -> None:
    author, newcomer = visit("moderator"), visit("bob")
    page = author.open("/me")
    page.get_by_label("Name", exact=True).fill("Mo")
    page.get_by_label("Approve the first comments of newcomers").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice")).to_contain_text("Profile saved.")
    write(page, "Carefully kept")
    path = publish(page)
    commented = newcomer.open(path)
    commented.get_by_label("Your comment").fill("May I?")
    commented.get_by_role("button", name="Comment", exact=True).click()
    expect(commented.locator("article.comment")).to_contain_text("Pending approval by the author")
    commented.reload()
    expect(commented.locator(".comments")).to_contain_text("No comments yet.")
    page = author.open("/me/comments")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("main")).to_contain_text("There are no pending comments.")
    commented.reload()
    expect(commented.locator("article.comment")).to_contain_text("May I?")


def test_an_email_address_as_name_is_refused_at_its_field(visit: Visit) -> None:
    alice = visit("alice")
    alice.expect(422, "/me")
    page = alice.open("/me")
    page.get_by_label("Name", exact=True).fill("alice@example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field.invalid .error")).to_contain_text("Must not be an e-mail address")


def test_a_profile_that_a_moderator_has_cleared_says_why(visit: Visit) -> None:
    def clear(route: Route) -> None:
        if route.request.method != "GET" or route.request.resource_type == "document":
            route.continue_()
            return
        response = route.fetch()
        cleared = {"reason": "The name is that of somebody else.", "at": "2026-01-31T09:30:00.000Z"}
        route.fulfill(response=response, json=response.json() | {"profile_cleared": cleared})

    page = visit("alice").page
    page.route(re.compile(r"/me$"), clear)
    page.goto("/me")
    expect(page.locator("form .failure")).to_contain_text(
        "A moderator cleared your profile on 31 January 2026: The name is that of somebody else."
    )
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_count(0)
    page.unroute_all()
    page.reload()
    expect(name).to_be_visible()
    expect(page.locator("form .failure")).to_have_count(0)


def test_a_user_exports_their_content(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.open("/me")
    page.get_by_role("button", name=re.compile("Create (an|a new) export")).click()
    link = page.get_by_role("link", name="Download ZIP")
    expect(link).to_be_visible(timeout=60_000)
    address = link.get_attribute("href")
    assert address is not None
    names = zipfile.ZipFile(io.BytesIO(requests.get(address, timeout=10).content)).namelist()
    assert [name for name in names if name.endswith(".md")]


def test_account_deletion_erases_the_content_and_logs_out(visit: Visit, stack: Stack) -> None:
    leaver = visit("moderator")
    page = leaver.page
    write(page, "Written before leaving")
    path = publish(page)
    page = leaver.open("/me")
    page.get_by_label("Delete all of it").check()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete account").click()
    page.get_by_role("heading", name="Posts", exact=True).wait_for()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    leaver.expect(404, r"/posts/.*")
    for _ in range(40):
        page = leaver.open(path)
        if page.get_by_role("heading", level=1).inner_text() == "Page not found":
            break
        page.wait_for_timeout(500)
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


def test_a_button_shows_more_of_a_list(visit: Visit, alice: Client) -> None:
    for number in range(25):
        alice.create(title=f"Number {number}", tags=["many"], status="published")
    page = visit().open("/tags/many")
    expect(page.locator(".card")).to_have_count(20)
    page.get_by_role("button", name="More").click()
    expect(page.locator(".card")).to_have_count(25)
    expect(page.get_by_role("button", name="More")).to_have_count(0)
