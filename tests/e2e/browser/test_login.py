"""Login, silent login, token renewal and logout with Auth0's SDK."""

import gzip
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Response, Route, expect

from devserver.settings import AUDIENCE
from tests.e2e.browser.conftest import Visit
from tests.support.stack import Stack
from tests.support.visitor import saved, write


def test_login_is_by_code_and_pkce_on_the_issuers_own_page(visit: Visit, stack: Stack) -> None:
    alice = visit()
    page = alice.open("/tags")
    with page.expect_request(re.compile("/authorize")) as asked:
        page.get_by_role("button", name="Log in").click()
    query = parse_qs(urlsplit(asked.value.url).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["audience"] == [AUDIENCE]
    page.wait_for_url(f"{stack.issuer_url}**")
    page.get_by_role("button", name="alice@example.com").click()
    expect(page.get_by_role("link", name="Alice Example")).to_be_visible()
    assert urlsplit(page.url).path == "/tags", "back on the page where the login began"


def test_a_visitor_loads_nothing_of_auth0(visit: Visit) -> None:
    visitor = visit()
    loaded: list[str] = []
    visitor.page.on("request", lambda request: loaded.append(request.url))
    visitor.open("/").locator(".card").first.wait_for()
    visitor.page.wait_for_load_state("networkidle")
    assert not [url for url in loaded if "auth0" in url]
    assert visitor.tokens == []


@pytest.mark.parametrize("path", ["/", "/posts/who-is-calling-my-api"])
def test_a_visitors_first_view_needs_little_script(visit: Visit, path: str) -> None:
    visitor = visit()
    parts: list[Response] = []
    visitor.page.on("response", lambda part: parts.append(part))  # noqa: PLW0108 - takes no built-in
    visitor.open(path)
    visitor.page.wait_for_load_state("networkidle")
    scripts = [part.body() for part in parts if part.url.endswith(".js")]
    assert len(scripts) > 1
    assert sum(len(gzip.compress(script, 9)) for script in scripts) <= 25_000


def test_a_member_loads_auth0_after_the_first_paint(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.open("/")
    page.wait_for_load_state("networkidle")
    paint, loaded = page.evaluate(
        """[performance.getEntriesByName("first-contentful-paint")[0].startTime,
            performance.getEntriesByType("resource")
                .filter(one => one.name.includes("/auth0-"))
                .map(one => one.startTime)]"""
    )
    assert loaded
    assert min(loaded) > paint


def test_a_reload_logs_in_silently(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.open("/me/posts")
    expect(page.get_by_role("link", name="Alice Example")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Alice Example")).to_be_visible()
    assert urlsplit(page.url).path == "/me/posts", "without a login page"


def test_no_token_is_in_the_storage_of_the_browser(visit: Visit) -> None:
    alice = visit("alice")
    alice.open("/me/posts").locator(".rows a").first.wait_for()
    stored = alice.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert alice.tokens
    assert "eyJ" not in stored
    assert alice.tokens[-1] not in stored


def test_neither_an_id_token_nor_a_sub_is_sent(visit: Visit) -> None:
    alice = visit("alice")
    sent: list[str] = []
    alice.page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    write(alice.page, "No sub in here", "text")
    assert len(set(alice.tokens)) >= 1
    assert not [one for one in sent if "auth0|" in one or "id_token" in one]


def test_a_token_that_expires_while_writing_is_renewed(visit: Visit, stack: Stack) -> None:
    alice = visit("alice")
    page = alice.page
    post_id = write(page, "Before it expires", "one")
    expired = stack.token("alice", expires_in="-60")
    replaced: list[str] = []

    def replace_once(route: Route) -> None:
        if replaced or route.request.method != "PATCH":
            route.continue_()
            return
        replaced.append(route.request.url)
        route.continue_(headers={**route.request.headers, "authorization": f"Bearer {expired}"})

    alice.expect(401, f"/posts/{post_id}")
    page.route(f"**/posts/{post_id}", replace_once)
    with (
        page.expect_response(lambda response: response.url.endswith("/oauth/token")),
        page.expect_response(lambda response: response.request.method == "PATCH" and response.ok),
    ):
        page.get_by_label("Text").fill("two, and more")
    assert replaced, "the API received an expired token before"
    assert alice.tokens[-1] != expired, "and then another one"
    saved(page)
    page.reload()
    expect(page.get_by_label("Text")).to_have_value("two, and more")


def test_logging_out_ends_the_session_here_and_at_the_issuer(visit: Visit) -> None:
    alice = visit("alice")
    page = alice.open("/me")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("heading", name="Posts", exact=True).wait_for()
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="alice@example.com")).to_be_visible()


@pytest.mark.parametrize(
    ("audience", "advice"),
    [
        (None, "request the token with the audience of this API"),
        ("https://other.example.com/api", "audience"),
    ],
)
def test_a_token_for_another_api_shows_the_advice_of_the_api(
    visit: Visit, audience: str | None, advice: str
) -> None:
    """An app that is configured without the audience, or with another one, shows the reason."""
    alice = visit()
    alice.expect(401, "/me")

    def strip(route: Route) -> None:
        url = re.sub(
            r"&audience=[^&]*", f"&audience={audience}" if audience else "", route.request.url
        )
        route.fulfill(
            status=302, headers={"Location": url}
        ) if url != route.request.url else route.continue_()

    alice.page.route(re.compile(r"/authorize\?.*audience=https%3A%2F%2Fblog"), strip)
    page = alice.open("/")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="alice@example.com").click()
    expect(page.locator(".notice.failure")).to_contain_text(advice)
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_session_that_has_ended_is_reported(visit: Visit) -> None:
    alice = visit("alice")
    alice.context.clear_cookies()
    page = alice.open("/me/posts")
    expect(page.locator(".notice.failure")).to_contain_text("Your session has ended")
    expect(page.get_by_text("You need to log in to see this page.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You need to log in to see this page.")).to_be_visible()
    expect(page.locator(".notice")).to_have_count(0)


def test_an_outage_of_the_issuer_ends_no_session(visit: Visit, stack: Stack) -> None:
    alice = visit("alice")
    alice.expect(0, r".*")
    page = alice.page
    page.route(f"{stack.issuer_url}**", lambda route: route.abort())
    page.clock.install()
    with page.expect_event("requestfailed"):
        alice.open("/me/posts")
    # The SDK tries twice, and waits eight seconds for the issuer each time.
    with page.expect_event("requestfailed"):
        page.clock.fast_forward(10_000)
    page.clock.fast_forward(10_000)
    expect(page.locator(".notice.failure")).to_contain_text("cannot be reached", timeout=30_000)
    page.unroute_all()
    page.reload()
    expect(page.locator(".rows a").first).to_be_visible()
