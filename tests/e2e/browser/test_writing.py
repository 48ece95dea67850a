"""The editor: autosave, preview, publishing, conflicts and offline use."""

import re
from datetime import datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Client
from tests.support.visitor import publish, saved, write


def test_a_post_is_written_previewed_saved_automatically_and_published(visit: Visit) -> None:
    alice, anyone = visit("alice"), visit()
    page = alice.page
    page.get_by_role("link", name="Write").click()
    page.get_by_label("Title").fill("Written in a browser")
    page.get_by_label("Text", exact=True).fill("Some *emphasis*[^1].\n\n[^1]: A note.")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.locator("em")).to_have_text("emphasis")
    expect(preview.locator("section.footnotes")).to_contain_text("A note.")
    saved(page)
    page.get_by_label("Tags").fill("Browsers, e2e")
    page.get_by_text("More", exact=True).click()
    expect(page.get_by_label("Excerpt")).to_have_value(re.compile("^Some emphasis"))
    saved(page)
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("Written in a browser")
    expect(page.get_by_label("Tags")).to_have_value("browsers, e2e")
    path = publish(page)
    read = anyone.open(path)
    expect(read.get_by_role("heading", level=1)).to_have_text("Written in a browser")
    expect(read.locator(".post em")).to_have_text("emphasis")
    read = anyone.open("/tags/e2e")
    expect(read.get_by_role("link", name="Written in a browser")).to_be_visible()


def test_headings_have_links_and_an_address_leads_to_them(visit: Visit, alice: Client) -> None:
    body = "[Below](#next-steps)\n\n" + "A paragraph.\n\n" * 80 + "## Next steps\n\nThe end."
    post = alice.create(title="With headings", status="published", body=body)
    page = visit().open(f"/posts/{post['slug']}#next-steps")
    heading = page.get_by_role("heading", name="Next steps")
    expect(heading).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    expect(heading).not_to_be_in_viewport()
    page.get_by_role("link", name="Below").click()
    expect(heading).to_be_in_viewport()
    link = page.get_by_role("link", name="Link to \u201cNext steps\u201d")
    expect(link).to_have_attribute("href", "#user-content-next-steps")


def test_the_head_names_the_first_address_and_the_feed_of_a_page(
    visit: Visit, alice: Client
) -> None:
    first = "https://elsewhere.example/a"
    post = alice.create(title="Moved", status="published", tags=["moved"], canonical_url=first)
    page = visit().open(f"/posts/{post['slug']}")
    canonical = page.locator("link[rel=canonical]")
    expect(canonical).to_have_attribute("href", first)
    page.get_by_role("link", name="moved", exact=True).click()
    expect(page.locator("link[rel=alternate]").last).to_have_attribute(
        "href", "/tags/moved/feed.atom"
    )
    expect(canonical).to_have_count(0)


def test_saving_does_not_move_the_focus(visit: Visit) -> None:
    page = visit("alice").open("/me/posts/new")
    page.get_by_label("Title").click()
    text = "Typed slowly, while it is saved"
    for word in text.split(" "):
        page.keyboard.type(f"{word} ")
        saved(page)
    expect(page.get_by_label("Title")).to_have_value(f"{text} ")
    expect(page.get_by_label("Title")).to_be_focused()


def test_others_see_no_page_at_the_address_of_a_draft(visit: Visit, alice: Client) -> None:
    post = alice.create(title="Nobody's business")
    anyone, bob = visit(), visit("bob")
    for visitor, path in (
        (anyone, f"/posts/{post['slug']}"),
        (anyone, f"/posts/{post['id']}"),
        (bob, f"/me/posts/{post['id']}"),
    ):
        visitor.expect(404, r"/posts/.*|/me/posts/.*")
        page = visitor.open(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


def test_two_tabs_conflict_and_neither_version_is_lost(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    first = visitor.page
    post_id = write(first, "In two tabs", "The text of before.")
    second = visitor.context.new_page()
    second.goto(f"/me/posts/{post_id}")
    expect(second.get_by_label("Text", exact=True)).to_have_value("The text of before.")
    visitor.expect(412, f"/posts/{post_id}")

    first.get_by_label("Text", exact=True).fill("The text of the first tab.")
    saved(first)
    second.get_by_label("Text", exact=True).fill("The text of the second tab.")
    dialog = second.get_by_role("dialog")
    expect(dialog).to_contain_text("The text of the first tab.")
    expect(dialog).to_contain_text("The text of the second tab.")

    dialog.get_by_role("button", name="Decide later").click()
    second.reload()
    expect(dialog).to_contain_text("The text of the second tab.")  # a reload loses nothing

    dialog.get_by_role("button", name="Keep your version").click()
    saved(second)
    assert alice.get(f"/me/posts/{post_id}").json()["body"] == "The text of the second tab."
    other = next(
        post
        for post in alice.get("/me/posts").json()["items"]
        if post["title"] == "In two tabs (other version)"
    )
    assert alice.get(f"/me/posts/{other['id']}").json()["body"] == "The text of the first tab."


def test_keeping_the_other_version_stores_this_one_as_a_draft(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Overtaken", "Before.")
    alice.edit(post_id, body="From elsewhere.")
    visitor.expect(412, f"/posts/{post_id}")
    page.get_by_label("Text", exact=True).fill("From here.")
    page.get_by_role("button", name="Keep the other version").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("From elsewhere.")
    saved(page)
    bodies = {
        post["title"]: alice.get(f"/me/posts/{post['id']}").json()["body"]
        for post in alice.get("/me/posts").json()["items"]
        if post["title"].startswith("Overtaken")
    }
    assert bodies == {"Overtaken": "From elsewhere.", "Overtaken (other version)": "From here."}


def test_offline_changes_are_stored_and_saved_later(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "On a train", "Before the tunnel.")
    visitor.expect(0, r"/posts/.*|/me/.*")
    visitor.context.set_offline(True)
    page.get_by_label("Text", exact=True).fill("In the tunnel.")
    expect(page.locator(".save-state")).to_contain_text("Offline. Your text is stored")
    visitor.context.set_offline(False)
    saved(page)
    assert alice.get(f"/me/posts/{post_id}").json()["body"] == "In the tunnel."


def test_unsaved_changes_survive_a_closed_tab(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    post_id = write(visitor.page, "A crash", "Saved.")
    visitor.expect(0, r"/posts/.*|/me/.*")
    visitor.context.set_offline(True)
    visitor.page.get_by_label("Text", exact=True).fill("Never saved.")
    expect(visitor.page.locator(".save-state")).to_contain_text("Offline")
    visitor.page.close()
    visitor.context.set_offline(False)
    page = visitor.context.new_page()
    page.goto(f"/me/posts/{post_id}")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Never saved.")
    saved(page)
    assert alice.get(f"/me/posts/{post_id}").json()["body"] == "Never saved."


def test_an_invalid_value_is_reported_at_its_field(visit: Visit) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Fields")
    visitor.expect(422, f"/posts/{post_id}")
    page.get_by_label("Tags").fill("fine, no/slash")
    expect(page.get_by_label("Tags")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".field.invalid .error")).to_contain_text("Must only have letters")
    page.get_by_label("Tags").fill("fine")
    saved(page)
    expect(page.locator(".field.invalid")).to_have_count(0)


def test_a_taken_address_is_reported_at_its_field(visit: Visit, alice: Client) -> None:
    alice.create(title="Taken", slug="taken-by-another", status="published")
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Wants it, too")
    visitor.expect(409, f"/posts/{post_id}")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Address", exact=True).fill("taken-by-another")
    expect(page.locator(".field.invalid .error")).to_contain_text("The slug is taken")


def test_a_public_post_changes_only_with_a_button(visit: Visit, alice: Client) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Public", "First edition.")
    path = publish(page)
    page.get_by_label("Text", exact=True).fill("Second edition.")
    expect(page.locator(".save-state")).to_have_text("Changed, not published yet")
    assert alice.get(f"/posts/{post_id}").json()["body"] == "First edition."
    page.get_by_role("button", name="Update").click()
    saved(page)
    assert alice.get(f"/posts/{post_id}").json()["body"] == "Second edition."
    page.get_by_role("link", name="Revisions").click()
    # A slow machine may have saved the draft twice before it was published.
    page.get_by_text(re.compile(r"Version \d+: Public")).click()
    expect(page.locator("pre")).to_have_text("First edition.")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Restore this revision").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("First edition.")
    page.get_by_role("button", name="Move back to drafts").click()
    expect(page.locator(".publishing")).to_contain_text("This is a draft.")
    visitor.expect(404, r"/posts/.*")
    expect(visitor.open(path).get_by_role("heading", level=1)).to_have_text("Page not found")


def test_a_scheduled_post_appears(visit: Visit) -> None:
    alice, anyone = visit("alice"), visit()
    page = alice.page
    write(page, "Published soon", "Scheduled.")
    at = datetime.now() + timedelta(seconds=4)  # noqa: DTZ005 - the local time, as in the browser
    page.get_by_label("Publish later").fill(at.isoformat(timespec="seconds"))
    page.get_by_role("button", name="Schedule").click()
    expect(page.locator(".publishing")).to_contain_text("This post will be published on")
    read = anyone.open("/")
    link = read.get_by_role("link", name="Published soon")
    expect(link).to_have_count(0)
    for _ in range(20):
        read.reload()
        read.locator(".card").first.wait_for()
        if link.count():
            break
        read.wait_for_timeout(500)
    expect(link).to_be_visible()


def test_a_post_is_found_by_its_status_and_deleted(visit: Visit) -> None:
    page = visit("alice").page
    write(page, "Soon gone")
    page.get_by_role("link", name="My posts").click()
    page.get_by_role("link", name="Drafts").click()
    page.get_by_role("link", name="Soon gone").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My posts")
    expect(page.locator(".rows a").first).to_be_visible()
    expect(page.get_by_role("link", name="Soon gone")).to_have_count(0)


def test_a_post_that_was_deleted_elsewhere_can_be_saved_as_a_new_one(
    visit: Visit, alice: Client
) -> None:
    visitor = visit("alice")
    page = visitor.page
    post_id = write(page, "Deleted elsewhere", "Before.")
    assert alice.delete(post_id).status_code == 204
    visitor.expect(404, f"/posts/{post_id}")
    page.get_by_label("Text", exact=True).fill("After.")
    page.get_by_role("button", name="Save as a new post").click()
    saved(page)
    page.wait_for_url(re.compile(rf"/me/posts/(?!{post_id})[0-9A-Z]{{26}}$"))
    new_id = page.url.rpartition("/")[2]
    assert alice.get(f"/me/posts/{new_id}").json()["body"] == "After."
