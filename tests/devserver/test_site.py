"""The site of the local stack: pages of the API and files of the app, as CloudFront serves them.

A stand-in for the API has its pages, so no function runs.
"""

import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.test import Client

from devserver import site as site_module
from devserver import spa
from devserver.aws.s3 import s3_client
from devserver.settings import TEMPLATE, LocalStackSettings, bound_socket
from devserver.site import Site, running_site
from devserver.spa import SPA, AppBuild
from devserver.startup import SITE_BUCKET, Backends, publish_index, running_storage
from devserver.template.deployment import read_deployment
from devserver.wsgi import serving
from tests.support.stack import free_port

VARIABLES = {
    "VITE_API_URL": "http://localhost:3000",
    "VITE_MEDIA_ORIGIN": "http://localhost:9401",
    "VITE_AUTH0_DOMAIN": "http://localhost:9400",
}
HTML = "<!doctype html><h1>A page</h1>"
INDEX = b'<!doctype html>\n<html><script src="/assets/a.js"></script></html>\n'


class Api:
    """A stand-in for the API that keeps the requests and sends the next response."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.response: dict[str, Any] = {}
        self.application = Flask("api", static_folder=None)
        self.application.before_request(self._respond)

    def _respond(self) -> FlaskResponse:
        headers = {name.lower(): value for name, value in request.headers}
        address = str(request.environ["REQUEST_URI"])
        self.requests.append((request.method, address, headers))
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "public, max-age=0, s-maxage=60",
            "ETag": '"a"',
            **self.response.get("headers", {}),
        }
        return FlaskResponse(
            self.response.get("body", HTML), self.response.get("status", 200), headers
        )

    @property
    def addresses(self) -> list[str]:
        return [address for _, address, _ in self.requests]


@pytest.fixture
def api() -> Api:
    return Api()


@contextmanager
def running(api: Api) -> Iterator[str]:
    port = free_port()
    with bound_socket("API_PORT", port) as sock, serving(api.application, sock):
        yield f"http://localhost:{port}"


@pytest.fixture
def site(api: Api) -> Iterator[int]:
    """Run the site without an app, and yield its port."""
    port = free_port()
    with running(api) as url, running_site(port, url, VARIABLES, has_app=False):
        yield port


def send(port: int, target: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """Send a request with exactly this target. Return status, headers and body."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    try:
        connection.putrequest(method, target, skip_host=True)
        connection.putheader("Host", f"localhost:{port}")
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_a_page_comes_from_the_api_with_the_headers_of_the_site(site: int, api: Api) -> None:
    status, headers, body = send(site, "/posts/a-slug?utm_source=x&cursor=c")
    assert (status, body.decode()) == (200, HTML)
    assert api.addresses == ["/pages/posts/a-slug?cursor=c"]
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert headers["ETag"] == '"a"'
    policy = headers["Content-Security-Policy"].split("; ")
    assert "script-src 'self'" in policy
    assert "frame-src http://localhost:9400" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_the_policy_of_the_site_replaces_that_of_the_api(site: int, api: Api) -> None:
    api.response = {
        "headers": {
            "Content-Security-Policy": "default-src 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Set-Cookie": "a=b",
            "X-Internal": "1",
        }
    }
    _, headers, _ = send(site, "/")
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer", "a page may be stricter"
    assert headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in headers
    assert "X-Internal" not in headers


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/", "/pages"),
        ("/?cursor=a%26b", "/pages?cursor=a%26b"),
        ("/tags/c%23", "/pages/tags/c%23"),
        ("/tags/a%2Fb", "/pages/tags/a%2Fb"),
        ("/no//such//page", "/pages/not-found"),
        ("//evil.example/x", "/pages/not-found"),
        ("/%2e%2e/me", "/pages/not-found"),
        ("/index.html", "/pages/index.html"),
        ("/.well-known/security.txt", "/pages/.well-known/security.txt"),
        ("/posts/feed.atom", "/pages/posts/feed.atom"),
        ("http://localhost/tags?x", "/pages/tags"),
        ('/tags/a"b|c', "/pages/tags/a%22b%7Cc"),
        ("/tags/100%", "/pages/tags/100%"),
    ],
)
def test_the_api_gets_the_path_as_it_was_sent(site: int, api: Api, target: str, asked: str) -> None:
    assert send(site, target)[0] == 200
    assert api.addresses == [asked]


def test_the_entity_tag_of_a_page_is_compared_by_the_api(site: int, api: Api) -> None:
    api.response = {"status": 304, "body": ""}
    status, headers, body = send(
        site, "/", If_None_Match='W/"a", "b"', Authorization="Bearer x", Cookie="a=b"
    )
    assert (status, headers["ETag"], body) == (304, '"a"', b"")
    ((_, _, sent),) = api.requests
    assert sent["if-none-match"] == 'W/"a", "b"'
    assert not {"authorization", "cookie"} & sent.keys(), "pages are the same for everyone"


def test_a_redirect_of_a_page_stays_a_path_of_the_site(site: int, api: Api) -> None:
    api.response = {"status": 301, "body": "", "headers": {"Location": "/posts/new"}}
    status, headers, _ = send(site, "/posts/old")
    assert (status, headers["Location"]) == (301, "/posts/new")
    assert api.addresses == ["/pages/posts/old"]


def test_an_error_page_keeps_its_status(site: int, api: Api) -> None:
    api.response = {"status": 404, "headers": {"Cache-Control": "private, no-store"}}
    status, headers, body = send(site, "/posts/none")
    assert (status, headers["Cache-Control"], body.decode()) == (404, "private, no-store", HTML)


def test_head_asks_with_head_and_has_no_body(site: int, api: Api) -> None:
    status, headers, body = send(site, "/", "HEAD")
    assert (status, headers["ETag"], body) == (200, '"a"', b"")
    assert api.requests[0][0] == "HEAD"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_the_site_can_only_be_read(site: int, api: Api, method: str) -> None:
    status, headers, _ = send(site, "/posts/a", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert api.requests == []


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/feed.atom", "/feed.atom"),
        ("/tags/c%23/feed.json?a=1&a=2", "/tags/c%23/feed.json?a=1&a=2"),
        ("/sitemap.xml?month=2026-01", "/sitemap.xml?month=2026-01"),
        ("/media/01J?w=480", "/media/01J?w=480"),
        ("/media/a/b/c.webp", "/media/a/b/c.webp"),
        ("/v1/posts?limit=1", "/posts?limit=1"),
    ],
)
def test_paths_of_the_api_are_redirected(site: int, api: Api, target: str, location: str) -> None:
    status, headers, _ = send(site, target)
    assert status == 307
    host, _, rest = headers["Location"].removeprefix("http://localhost:").partition("/")
    assert host.isdecimal()
    assert f"/{rest}" == location
    assert api.requests == []


def test_without_an_app_its_icon_is_there_and_nothing_else(site: int) -> None:
    status, headers, body = send(site, "/icon.svg")
    assert (status, headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert body == (SPA / "public" / "icon.svg").read_bytes()
    assert "Content-Security-Policy" in headers
    assert send(site, "/favicon.ico")[0] == 200
    for missing in (
        "/assets/index.js",
        "/icon.png",
        "/assets/",
        "/assets/x%00",
        "/icon." + "x" * 999,
    ):
        assert send(site, missing)[0] == 404, missing


def test_an_api_that_is_away_is_a_503_that_says_so() -> None:
    port, closed = free_port(), free_port()
    with running_site(port, f"http://localhost:{closed}", VARIABLES, has_app=False):
        status, headers, body = send(port, "/")
        assert send(port, "/icon.svg")[0] == 200
    assert (status, headers["Retry-After"]) == (503, "1")
    text = f"The API at http://localhost:{closed} does not respond: see the output of `make dev`."
    assert body.decode() == text


def test_a_response_that_is_too_large_or_too_slow_is_a_503(
    site: int, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_module, "MAX_PAGE_BYTES", 1000)
    api.response = {"body": "x" * 1000}
    assert send(site, "/")[0] == 200
    api.response = {"body": "x" * 1001}
    assert send(site, "/")[0] == 503
    api.response = {}
    clock = count(step=site_module.SECONDS_FOR_A_PAGE + 1)
    monkeypatch.setattr(site_module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert send(site, "/")[0] == 503


class FakeBuild(AppBuild):
    """A build whose files a test writes."""

    def _run(self) -> None:
        self._is_ended.wait()


@pytest.fixture
def published() -> list[bytes]:
    return []


@pytest.fixture
def build(tmp_path: Path, published: list[bytes]) -> Iterator[AppBuild]:
    with FakeBuild(tmp_path, VARIABLES, published.append) as build:
        yield build


def write_build(folder: Path, index: bytes = INDEX) -> None:
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / "a.js").write_text("1")
    shutil.copy(SPA / "public" / "icon.svg", folder)
    (folder / "headers.json").write_text(json.dumps({"Content-Security-Policy": "of the build"}))
    (folder / "index.html").write_bytes(index)


def test_the_index_is_published_after_each_build_and_before_a_page_is_served(
    build: AppBuild, published: list[bytes]
) -> None:
    write_build(build.folder, INDEX[:-12])
    threading.Timer(0.3, write_build, [build.folder]).start()
    assert build.await_files()
    assert published == [INDEX], "never an index that Vite is still writing"
    again = INDEX.replace(b"a.js", b"b.js")
    has_both = threading.Event()

    def publish(index: bytes) -> None:
        published.append(index)
        has_both.set()

    build._publish = publish
    write_build(build.folder, again)
    assert has_both.wait(30)
    assert published == [INDEX, again]


def test_the_index_is_published_again_while_its_place_is_not_there(tmp_path: Path) -> None:
    tried: list[bytes] = []

    def publish(index: bytes) -> None:
        tried.append(index)
        if len(tried) < 3:
            raise ConnectionRefusedError

    write_build(tmp_path)
    with FakeBuild(tmp_path, VARIABLES, publish) as build:
        assert build.await_files()
    assert tried == [INDEX] * 3


def test_files_of_the_build_are_served_and_its_index_is_a_page(build: AppBuild, api: Api) -> None:
    write_build(build.folder)
    with running(api) as url:
        client = Client(Site(url, {}, build).application)
        script = client.get("/assets/a.js", buffered=True)
        assert (script.status_code, script.text) == (200, "1")
        assert "max-age=86400" in script.headers["Cache-Control"]
        assert client.get("/assets/gone.js").status_code == 404
        icon = client.get("/icon.svg", buffered=True)
        assert (icon.status_code, icon.headers["Cache-Control"]) == (200, "no-cache")
        assert api.requests == []
        for path in ("/", "/index.html", "/headers.json"):
            page = client.get(path)
            assert (page.status_code, page.text) == (200, HTML)
            assert page.headers["Content-Security-Policy"] == "of the build"
    assert api.addresses == ["/pages", "/pages/index.html", "/pages/headers.json"]


def test_without_a_build_in_time_the_site_says_what_to_read(
    build: AppBuild, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spa, "SECONDS_TO_BUILD", 0.2)
    client = Client(
        Site("http://localhost:1", {"X-Content-Type-Options": "nosniff"}, build).application
    )
    response = client.get("/")
    assert (response.status_code, response.headers["X-Content-Type-Options"]) == (503, "nosniff")
    assert response.text == "The app could not be built: see the output of `make dev`."
    assert client.get("/feed.atom").status_code == 307, "feeds do not wait"


def test_the_index_reaches_the_bucket_that_functions_read() -> None:
    settings = LocalStackSettings.from_environment({"SPA_PORT": "5199"})
    deployment = read_deployment(TEMPLATE, settings.parameters())
    assert SITE_BUCKET in {bucket.name for bucket in deployment.buckets}
    port = free_port()
    url = f"http://localhost:{port}"
    with pytest.raises(OSError, match="not ready"):
        publish_index(url, INDEX)
    with running_storage(port, deployment) as storage:
        storage.first_line()
        publish_index(url, INDEX)
        stored = s3_client(url).get_object(Bucket=SITE_BUCKET, Key="index.html")
        assert (stored["ContentType"], stored["Body"].read()) == ("text/html", INDEX)


def test_images_come_from_s3_itself_wherever_the_site_is() -> None:
    settings = LocalStackSettings.from_environment({"SPA_PORT": "5199"})
    deployment = read_deployment(TEMPLATE, settings.parameters())
    function = deployment.functions["PublicFunction"]
    assert function.environment["MEDIA_URL"] == settings.spa_url, "as with a CDN on AWS"
    with running_storage(free_port(), deployment) as storage:
        backends = Backends(deployment, storage, "http://localhost:1", "http://localhost:2")
        assert {**function.environment, **backends.variables}["MEDIA_URL"] == ""
