"""Images in the app: uploads, covers, texts with images, and the user's own images."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Dialog, FilePayload, Locator, Page, Response, Route, expect

from blog.media import reasons
from blog.media.image_types import MAX_BYTES
from tests.e2e.browser.conftest import Visit
from tests.support.photos import photo
from tests.support.stack import Client, Json, Stack
from tests.support.stack_uploads import all_ready, inspected, upload
from tests.support.visitor import publish, saved, write

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
# Milliseconds, and bytes per second: slow for images, but fast enough for a test.
SLOW = {"offline": False, "latency": 50, "downloadThroughput": 500_000, "uploadThroughput": 500_000}
MAX_LIST = 600_000  # bytes of images in a list of twenty posts
INSPECTION = 30_000  # milliseconds for an upload until it is ready or refused
SHIFTS = """window.shifts = [];
new PerformanceObserver(list => {
    for (const shift of list.getEntries())
        window.shifts.push([shift.value, ...shift.sources.map(one => `${one.node?.outerHTML}`)]);
}).observe({type: "layout-shift", buffered: true});"""
PAINTED = "new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


@pytest.fixture(scope="module")
def images(bob: Client) -> list[Json]:
    """Upload twenty photos; return their media items."""
    return all_ready(bob, map(photo, range(20)))


@pytest.fixture(scope="module")
def ten_views(bob: Client, images: list[Json]) -> Json:
    """Publish a post with a cover, and ten images in its text."""
    body = "\n\n".join(f"![View {n}]({image['url']})" for n, image in enumerate(images[:10]))
    cover = images[10]["url"]
    return bob.create(
        title="Ten views", body=body, cover_image=cover, tags=["ten"], status="published"
    )


def file(name: str, media_type: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": content}


def expect_loaded(image: Locator, stack: Stack) -> None:
    """Wait until an image of the blog is loaded from the API, or through the site."""
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0
    source = urlsplit(image.evaluate("image => image.currentSrc"))
    assert source.port in {urlsplit(str(url)).port for url in (stack.api_url, stack.spa_url)}
    assert re.fullmatch("/media/[0-9A-Z]{26}", source.path)
    assert source.query.startswith("w=")


# ---- Uploads -------------------------------------------------------------------------------------


def test_a_cover_is_uploaded_and_shown(visit: Visit, stack: Stack) -> None:
    alice, anyone = visit("alice"), visit()
    page = alice.page
    write(page, "With a cover")
    chosen = page.get_by_label("Cover", exact=True)
    chosen.set_input_files(file("cover.jpg", "image/jpg", photo(30)))
    expect(page.get_by_role("img", name="Cover")).to_be_visible(timeout=INSPECTION)
    saved(page)
    expect_loaded(anyone.open(publish(page)).locator("img.cover"), stack)


def test_a_damaged_image_is_refused_with_the_reason_at_its_field(visit: Visit) -> None:
    page = visit("alice").open("/me/posts/new")
    chosen = page.get_by_label("Cover", exact=True)
    chosen.set_input_files(file("half.jpg", "image/jpeg", photo(31)[:20_000]))
    expect(page.locator(".field.invalid .error")).to_have_text(reasons.DAMAGED, timeout=INSPECTION)
    expect(page.get_by_role("img", name="Cover")).to_have_count(0)
    chosen.set_input_files(file("whole.jpg", "image/jpeg", photo(31)))
    expect(page.get_by_role("img", name="Cover")).to_be_visible(timeout=INSPECTION)
    expect(page.locator(".field.invalid")).to_have_count(0)


def test_a_file_that_cannot_be_an_image_is_refused_before_any_request(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit("alice").open("/me/posts/new")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    for name, size, message in (
        ("a.txt", 4, "Choose a PNG, JPEG, WebP, GIF or AVIF image."),
        ("a.svg", 4, "Choose a PNG, JPEG, WebP, GIF or AVIF image."),
        ("a.png", MAX_BYTES + 1, "This file is larger than 8 MB."),
        ("a.gif", 0, "This file is empty."),
    ):
        path = tmp_path / name
        path.touch()
        os.truncate(path, size)
        page.get_by_label("Cover", exact=True).set_input_files(path)
        expect(page.locator(".field.invalid .error")).to_have_text(message)
    assert not [url for url in sent if "/media" in url]


def test_a_full_quota_is_explained_at_the_field(visit: Visit) -> None:
    visitor = visit("alice")
    visitor.expect(422, "/media")
    text = "Your images take all of your 1,000 MB: delete some first"

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        problem = {"status": 422, "errors": [{"field": "size", "message": text}]}
        route.fulfill(status=422, json=problem, headers={"Access-Control-Allow-Origin": "*"})

    page = visitor.open("/me/posts/new")
    page.route("**/media", refuse)
    chosen = page.get_by_label("Cover", exact=True)
    chosen.set_input_files(file("cover.jpg", "image/jpeg", photo(30)))
    expect(page.locator(".field.invalid .error")).to_have_text(text)


def test_a_cover_is_chosen_among_the_users_images_by_keyboard(visit: Visit, alice: Client) -> None:
    (image,) = all_ready(alice, [photo(32)])
    page = visit("alice").page
    post_id = write(page, "With a chosen cover")
    summary = page.get_by_text("Choose from your images")
    summary.focus()
    page.keyboard.press("Enter")
    first = page.get_by_role(
        "button", name=re.compile("^Image of .*, 640 \u00d7 480 pixels$")
    ).first
    expect(first).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(summary).to_be_focused()
    expect(page.get_by_role("img", name="Cover")).to_be_visible()
    saved(page)
    assert alice.get(f"/me/posts/{post_id}").json()["cover_image"] == image["url"]
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")


# ---- Posts with images ---------------------------------------------------------------------------


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_moves_while_ten_images_load_slowly(
    visit: Visit, stack: Stack, ten_views: Json, device: dict[str, Any]
) -> None:
    visitor = visit(**device)
    visitor.context.add_init_script(SHIFTS)
    visitor.context.new_cdp_session(visitor.page).send("Network.emulateNetworkConditions", SLOW)
    page = visitor.open(f"/posts/{ten_views['slug']}")
    images = page.locator(".post img")
    expect(images).to_have_count(11)
    for image in images.all():
        image.scroll_into_view_if_needed()
        expect_loaded(image, stack)
    assert page.evaluate("document.documentElement.scrollWidth") <= device["viewport"]["width"]
    page.evaluate(PAINTED)
    assert page.evaluate("window.shifts") == []


def test_an_image_has_its_average_color_until_it_is_loaded(
    visit: Visit, ten_views: Json, images: list[Json]
) -> None:
    page = visit().page
    held: list[Route] = []
    page.route(f"**/media/{images[0]['id']}?*", lambda route: held.append(route))  # noqa: PLW0108 - takes no built-in
    with page.expect_request(f"**/media/{images[0]['id']}?*"):
        page.goto(f"/posts/{ten_views['slug']}")
    image = page.get_by_role("img", name="View 0")
    red, green, blue = bytes.fromhex(images[0]["color"].removeprefix("#"))
    expect(image).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
    for route in held:
        route.continue_()
    expect(image).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_a_lost_image_shows_its_description_and_a_lost_cover_disappears(
    visit: Visit, ten_views: Json, images: list[Json]
) -> None:
    visitor = visit(**PHONE)
    visitor.expect(404, r"/media/\w+")
    page = visitor.page
    lost = re.compile(f"/media/({images[0]['id']}|{images[10]['id']})")
    page.route(lost, lambda route: route.fulfill(status=404))
    page.goto(f"/posts/{ten_views['slug']}")
    missing = page.get_by_role("img", name="View 0")
    expect(missing).to_have_class("missing")
    box = missing.bounding_box()
    assert box is not None
    assert box["height"] < 60, "no larger than its description"
    expect(page.locator("img.cover")).to_have_count(0)
    page.goto("/tags/ten")
    expect(page.get_by_role("link", name="Ten views")).to_be_visible()
    expect(page.locator(".card img")).to_have_count(0)


def test_a_list_of_twenty_covers_is_small_on_a_phone(
    visit: Visit, stack: Stack, bob: Client, images: list[Json]
) -> None:
    for number, image in enumerate(images):
        cover = image["url"]
        bob.create(title=f"View {number}", cover_image=cover, tags=["views"], status="published")
    page = visit(**PHONE).page
    parts: list[Response] = []
    page.on("response", lambda part: parts.append(part))  # noqa: PLW0108 - takes no built-in
    page.goto("/tags/views")
    covers = page.locator(".card img")
    expect(covers).to_have_count(20)
    expect_loaded(covers.first, stack)
    page.wait_for_load_state("networkidle")
    assert not covers.last.evaluate("cover => cover.complete"), "it loads near the window only"
    for cover in covers.all():
        cover.scroll_into_view_if_needed()
        expect_loaded(cover, stack)
        assert cover.evaluate("cover => cover.naturalWidth") == 480
    sizes = [len(part.body()) for part in parts if part.headers["content-type"] == "image/webp"]
    assert len(sizes) == 20
    assert sum(sizes) <= MAX_LIST


# ---- The user's own images -----------------------------------------------------------------------


def own_image(page: Page, image: Json) -> Locator:
    """Return what the page of the user's own images shows of this one."""
    return page.locator(".images > li", has=page.locator(f"img[src*='{image['id']}']"))


class Answers:
    """Answers the questions of a page, and keeps them."""

    def __init__(self, page: Page, *answers: bool) -> None:
        self._answers = list(answers)
        self.questions: list[str] = []
        page.on("dialog", self._answer)

    def _answer(self, dialog: Dialog) -> None:
        self.questions.append(dialog.message)
        if self._answers.pop(0):
            dialog.accept()
        else:
            dialog.dismiss()


def test_the_users_images_are_listed_page_by_page(
    visit: Visit, bob: Client, ten_views: Json
) -> None:
    """Reach the page from the profile, load all of it, and come back to it from a post."""
    all_ready(bob, [photo(33)])
    library = bob.get("/me/media", params={"limit": "100"}).json()
    page = visit("bob").open("/me")
    page.get_by_role("link", name="My images").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My images")
    space = page.get_by_role("meter", name="Used space")
    expect(space).to_have_attribute("value", str(library["used_bytes"]))
    expect(page.get_by_text("of 1 GB used")).to_be_visible()
    items = page.locator(".images > li")
    expect(items).to_have_count(20)
    page.get_by_role("button", name="Show more").focus()
    page.keyboard.press("Enter")
    expect(items).to_have_count(len(library["items"]))
    expect(items.nth(20).locator(":focus")).to_have_count(1)
    expect(items.last).to_contain_text("640 \u00d7 480 pixels")
    items.last.get_by_role("link", name=ten_views["title"]).click()
    expect(page.get_by_label("Title")).to_have_value(ten_views["title"])
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(items).to_have_count(20)


def test_uploads_that_are_no_images_say_why(visit: Visit, alice: Client) -> None:
    refused = upload(alice, photo(37)[:20_000])
    inspected(alice, refused["id"])
    new = {"content_type": "image/png", "size": 5}
    assert alice.send("POST", "/media", json=new).status_code == 201
    page = visit("alice").open("/me/media")
    items = page.locator(".images > li")
    expect(items.nth(0)).to_contain_text("pending")
    expect(items.nth(0)).to_contain_text("This image is not inspected yet.")
    expect(items.nth(1)).to_contain_text("refused")
    expect(items.nth(1)).to_contain_text(reasons.DAMAGED)
    Answers(page, True, True)
    for _ in range(2):
        items.first.get_by_role("button", name="Delete").click()
        expect(page.get_by_text("Image deleted.")).to_be_visible()
        page.get_by_role("button", name="Close this message").click()
    expect(page.get_by_text("This image is not inspected yet.")).to_have_count(0)
    assert alice.get(f"/me/media/{refused['id']}").status_code == 404


def test_an_image_in_use_is_deleted_after_a_question_that_names_the_posts(
    visit: Visit, alice: Client
) -> None:
    used, unused = all_ready(alice, map(photo, (34, 35)))
    post = alice.create(title="Uses it", cover_image=used["url"], status="published")
    visitor = visit("alice")
    visitor.expect(409, r"/media/\w+")
    visitor.expect(404, r"/media/\w+")
    visitor.expect(0, r"/media/\w+")  # Chromium blocks the 404, because it is no image
    page = visitor.open("/me/media")
    answers = Answers(page, True, False, True)
    own_image(page, unused).get_by_role("button", name="Delete").click()
    expect(own_image(page, unused)).to_have_count(0)
    assert answers.questions == ["Delete this image?"]
    button = own_image(page, used).get_by_role("button", name="Delete")
    expect(button).to_be_focused()
    expect(own_image(page, used).get_by_role("link", name="Uses it")).to_be_visible()
    button.click()
    button.click()
    expect(own_image(page, used)).to_have_count(0)
    assert len(answers.questions) == 3
    assert all("Your post “Uses it” uses it" in question for question in answers.questions[1:])
    assert alice.get(f"/me/media/{used['id']}").status_code == 404
    page.goto(f"/posts/{post['slug']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Uses it")
    expect(page.locator("img.cover")).to_have_count(0)
    alice.delete(post["id"])  # else other tests meet a cover that cannot be loaded


def test_an_image_that_came_into_use_meanwhile_is_deleted_only_after_another_question(
    visit: Visit, alice: Client
) -> None:
    first, second = all_ready(alice, map(photo, (36, 38)))
    visitor = visit("alice")
    visitor.expect(409, r"/media/\w+")
    page = visitor.open("/me/media")
    own_image(page, second).wait_for()
    for image, title in ((first, "Needs it now"), (second, "Needs the second")):
        alice.create(title=title, body=f"![A view]({image['url']})")
    answers = Answers(page, True, False, True, True)
    with page.expect_response(lambda response: response.status == 409):
        own_image(page, first).get_by_role("button", name="Delete").click()
    expect(own_image(page, first)).to_be_visible()
    own_image(page, second).get_by_role("button", name="Delete").click()
    expect(own_image(page, second)).to_have_count(0)
    assert answers.questions[0::2] == ["Delete this image?"] * 2
    assert "“Needs it now”" in answers.questions[1]
    assert "“Needs the second”" in answers.questions[3]
    assert alice.get(f"/me/media/{first['id']}").status_code == 200
    assert alice.get(f"/me/media/{second['id']}").status_code == 404


def test_a_user_without_images_reads_how_to_get_some(visit: Visit) -> None:
    visitor = visit("alice")
    empty: Json = {"items": [], "next_cursor": None, "used_bytes": 0, "quota_bytes": 1_000_000_000}
    headers = {"Access-Control-Allow-Origin": "*"}
    visitor.page.route(
        re.compile(r":\d+/me/media$"),
        lambda route: (
            route.fallback()
            if route.request.resource_type == "document"
            else route.fulfill(json=empty, headers=headers)
        ),
    )
    page = visitor.open("/me/media")
    expect(page.get_by_text("You have no images yet.")).to_be_visible()
    expect(page.get_by_text("0 kB of 1 GB used")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Write a post").click()
    expect(page.get_by_label("Cover", exact=True)).to_be_visible()
