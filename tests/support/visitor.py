"""A user with a browser of their own, which records all errors."""

import re
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

# A 404 means that the user does not like this post.
EXPECTED = [(404, r"/me/(likes|follows)/\w+")]


class Visitor:
    """A browser context with a page. Any error that the test does not expect fails the test."""

    def __init__(self, browser: Browser, spa_url: str, **options: Any) -> None:
        self._spa_url = spa_url
        self.context = browser.new_context(base_url=spa_url, locale="en-GB", **options)
        self.context.set_default_timeout(15_000)
        self.page = self.context.new_page()
        self.tokens: list[str] = []  # access tokens that the app has sent, newest last
        self.faults: list[str] = []
        self._expected = list(EXPECTED)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        self.context.on("response", self._response)
        self.context.on("request", self._request)
        self.context.on("requestfailed", self._failed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.context.close()
        if kind is None:
            assert not self.faults, "\n".join(self.faults)

    def expect(self, status: int, path: str) -> None:
        """Expect responses with this status; 0 means that there is no response."""
        self._expected.append((status, path))

    def open(self, path: str) -> Page:
        """Open a path of the app and wait for its heading."""
        self.page.goto(path)
        self.page.locator("h1").first.wait_for()
        return self.page

    def log_in(self, user: str, page: Page | None = None) -> None:
        """Log in with the button of the page, on the page of the issuer."""
        page = page or self.page
        page.get_by_role("button", name="Log in", exact=True).first.click()
        page.get_by_role("button", name=f"{user}@example.com").click()
        page.wait_for_url(re.compile(rf"^{re.escape(self._spa_url)}/(?!callback)"))
        page.get_by_role("link", name="My posts").wait_for()

    def _is_expected(self, status: int, url: str) -> bool:
        path = urlsplit(url).path
        return any(
            status == expected and re.fullmatch(pattern, path)
            for expected, pattern in self._expected
        )

    def _console(self, message: ConsoleMessage) -> None:
        # The browser logs each error response too, without its status.
        is_response = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not is_response:
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("Bearer "):
            self.tokens.append(authorization.removeprefix("Bearer "))

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not self._is_expected(response.status, response.url):
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        # A page aborts its requests when the user leaves it.
        is_aborted = request.failure is not None and "ERR_ABORTED" in request.failure
        if not is_aborted and not self._is_expected(0, request.url):
            self.faults.append(f"{request.failure}: {request.method} {request.url}")


def saved(page: Page) -> None:
    """Wait until the editor reports that everything is saved."""
    page.locator(".save-state", has_text=re.compile(r"^Saved$")).wait_for()


def write(page: Page, title: str, body: str = "") -> str:
    """Write a new draft in the editor, which saves it automatically; return its id."""
    page.goto("/me/posts/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Text", exact=True).fill(body)
    saved(page)
    page.wait_for_url(re.compile(r"/me/posts/[0-9A-Z]{26}$"))
    return page.url.rpartition("/")[2]


def publish(page: Page) -> str:
    """Publish the post in the editor; return its public path."""
    page.get_by_role("button", name="Publish", exact=True).click()
    link = page.locator(".publishing p a[href^='/posts/']")
    link.wait_for()
    path = link.get_attribute("href")
    assert path is not None
    return path
