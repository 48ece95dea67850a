"""The first paint of the site's pages on a slow network, beside that of the app alone.

The app alone is its build, served by a host that sends index.html for every path: what a reader had
before there were pages. Both are compressed, as CloudFront does.
"""

import gzip
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Browser
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from devserver.settings import bound_socket
from devserver.spa import SPA
from devserver.wsgi import serving
from tests.performance.figures import Figures
from tests.support.stack import free_port

LOADS = 9
# "3G Slow" of WebPageTest: 400 kbit/s, and 400 ms for each request.
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}
MOST = 0.4

Responder = Callable[[Request], Response]


def measure(figures: Figures, browser: Browser, site: str, views: Mapping[str, str]) -> None:
    """Measure the views, alternately as pages and as the app alone."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _serving(lambda request: _page(site, request)) as pages,
        _serving(lambda request: _file(Path(folder), request)) as app,
    ):
        build = ["node", "node_modules/vite/bin/vite.js", "build", "--outDir", folder]
        subprocess.run([*build, "--emptyOutDir"], cwd=SPA, check=True, capture_output=True)
        for name, path in views.items():
            times: dict[str, list[float]] = {pages: [], app: []}
            for _ in range(LOADS):
                for host, found in times.items():
                    found.append(_first_paint(browser, host + path))
            ours, alone = (statistics.median(times[host]) for host in (pages, app))
            figures.add(f"pages: GET {name}, first paint on slow 3G, ms", ours)
            figures.add(f"pages: GET {name}, the app alone, ms", alone)
            figures.add(f"pages: GET {name}, that / the app alone", ours / alone, MOST)


def _first_paint(browser: Browser, url: str) -> float:
    """Return the first contentful paint, in milliseconds."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW_3G)
    page.goto(url, wait_until="commit")
    painted: float = page.evaluate(
        """() => new Promise(resolve => new PerformanceObserver(list => {
            const found = list.getEntriesByName("first-contentful-paint")[0];
            if (found) resolve(found.startTime);
        }).observe({type: "paint", buffered: true}))"""
    )
    context.close()
    return painted


@contextmanager
def _serving(respond: Responder) -> Iterator[str]:
    """Serve compressed responses; give the address."""
    port = free_port()

    @Request.application
    def application(request: Request) -> Response:
        response = respond(request)
        response.direct_passthrough = False
        response.data = gzip.compress(response.data)
        response.headers["Content-Encoding"] = "gzip"
        return response

    with bound_socket("PORT", port) as sock, serving(application, sock, threads=8):
        yield f"http://localhost:{port}"


def _page(site: str, request: Request) -> Response:
    found = requests.get(site + request.full_path.rstrip("?"), timeout=60)
    kept = ("Content-Type", "Content-Security-Policy")
    return Response(found.content, found.status_code, {name: found.headers[name] for name in kept})


def _file(folder: Path, request: Request) -> Response:
    path = request.path[1:] if (folder / request.path[1:]).is_file() else "index.html"
    return send_from_directory(folder, path, request.environ)
