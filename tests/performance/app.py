"""A visitor's first view of the app: what it loads, when it paints, and layout shifts.

Times are the medians of several loads, each with an empty cache. They stand beside those of a page
that has the same words in its HTML and no script.
"""

import gzip
import statistics
import tempfile
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, Response, Route, sync_playwright

from devserver.settings import StartupError
from devserver.spa import missing_node
from tests.performance import slow_network
from tests.performance.figures import Figures
from tests.support.chromium import OPTIONS, find_chromium
from tests.support.stack import Client, DevServer, Stack

LOADS = 9
MAX_SCRIPT = 25  # kilobytes, gzipped
GOOD_SHIFT = 0.1  # good, as web.dev defines it
OBSERVER = """
window.shift = 0;
new PerformanceObserver(list => {
    for (const one of list.getEntries()) window.shift += one.value;
}).observe({type: "layout-shift", buffered: true});
"""


def measure(figures: Figures) -> None:
    """Measure the list of posts, and a post."""
    try:
        if missing := missing_node():
            raise StartupError(missing)
        chromium = find_chromium()
    except StartupError as e:
        figures.left_out("the app", str(e))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        DevServer(Path(folder) / "log", SPA="on") as stack,
        sync_playwright() as playwright,
    ):
        requests.get(str(stack.spa_url), timeout=150).raise_for_status()
        post = Client(stack, stack.token("alice")).create(
            title="Measured", body="Some words. " * 400, status="published"
        )
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        views = {"/": "/", "/posts/{slug}": f"/posts/{post['slug']}"}
        for name, path in views.items():
            _measure_view(figures, browser, stack, name, path)
        slow_network.measure(figures, browser, str(stack.spa_url), views)
        browser.close()


def _measure_view(figures: Figures, browser: Browser, stack: Stack, name: str, path: str) -> None:
    sizes: dict[str, float] = {}
    views: list[dict[str, float]] = []
    plain: list[float] = []
    for _ in range(LOADS):
        context = browser.new_context(base_url=str(stack.spa_url))
        context.add_init_script(OBSERVER)
        page = context.new_page()
        sizes = _sizes_of(page, path)
        views.append(_paints(page))
        plain.append(_plain_paint(page, path))
        context.close()
    script = sum(size for kind, size in sizes.items() if kind.endswith(".js"))
    style = sum(size for kind, size in sizes.items() if kind.endswith(".css"))
    figures.add(f"app: GET {name}, scripts, gzipped", script, MAX_SCRIPT)
    figures.add(f"app: GET {name}, styles, gzipped", style)
    for what in ("first paint", "largest paint"):
        figures.add(f"app: GET {name}, {what}", statistics.median(v[what] for v in views))
    paint = statistics.median(v["first paint"] for v in views)
    figures.add(
        f"app: GET {name}, first paint / a page without script", paint / statistics.median(plain)
    )
    figures.add(f"app: GET {name}, layout shift", max(v["shift"] for v in views), GOOD_SHIFT)


def _sizes_of(page: Page, path: str) -> dict[str, float]:
    """Load a page without a cache; return the gzipped kilobytes of its parts by their address."""
    parts: list[Response] = []
    page.on("response", lambda part: parts.append(part))  # noqa: PLW0108 - takes no built-in
    page.goto(path)
    page.locator(".card, .post").first.wait_for()
    page.wait_for_load_state("networkidle")
    return {
        part.url: len(gzip.compress(part.body(), 9)) / 1000
        for part in parts
        if part.url.endswith((".js", ".css"))
    }


def _paints(page: Page) -> dict[str, float]:
    found: dict[str, Any] = page.evaluate(
        """() => new Promise(resolve => new PerformanceObserver(list => resolve({
            "first paint": performance.getEntriesByName("first-contentful-paint")[0].startTime,
            "largest paint": list.getEntries().at(-1).startTime,
            "shift": window.shift,
        })).observe({type: "largest-contentful-paint", buffered: true}))"""
    )
    return {name: float(value) for name, value in found.items()}


def _plain_paint(page: Page, path: str) -> float:
    """Return the first paint of the same words, from the same address, in HTML without a script."""
    words = page.locator("body").inner_html()

    def respond(route: Route) -> None:
        if route.request.resource_type == "document":
            route.fulfill(body=f"<!doctype html><title>Plain</title>{words}")
        else:
            route.continue_()

    page.route("**/*", respond)
    page.goto(path)
    return _paints(page)["first paint"]
