"""The site of the local stack: what CloudFront serves at the site's addresses on AWS.

Pages come from the API, and files from the app's build, with the headers of the build. Feeds, the
sitemap and images are redirected to the API. Without a build, pages alone are a readable blog.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Request, Response

from devserver.settings import bound_socket
from devserver.site_headers import site_headers
from devserver.site_paths import Kind, Target, target
from devserver.spa import HEADERS, SPA, AppBuild
from devserver.wsgi import serving

SECONDS_FOR_A_PAGE = 60  # a cold start, and the 29 s of API Gateway
MAX_PAGE_BYTES = 10 * 1024 * 1024  # of a response, as API Gateway has it
# What a page's headers say about it. The others are the connection's, or replaced below.
PASSED_ON = (
    "Cache-Control", "Content-Type", "ETag", "Location", "Referrer-Policy", "Retry-After",
    "X-Robots-Tag",
)  # fmt: skip
_UNCHANGED = "/%:@!$&'()*+,;=~?"  # characters of paths and queries that stay as they were sent


@contextmanager
def running_site(
    port: int,
    api_url: str,
    variables: Mapping[str, str],
    names: Iterable[str] = (),
    *,
    has_app: bool = True,
    publish: Callable[[bytes], object] = lambda _: None,
) -> Iterator[None]:
    """Serve the site on a port of loopback, with the app that is built with these variables.

    Requests wait for the build. `publish` gets the app's index after each build. `names` are names
    of this machine beside localhost.
    """
    with ExitStack() as parts:
        sock = parts.enter_context(bound_socket("SPA_PORT", port))
        build = None
        if has_app:
            folder = Path(parts.enter_context(TemporaryDirectory(prefix="spa-"))).resolve()
            build = parts.enter_context(AppBuild(folder, variables, publish))
        site = Site(api_url, site_headers(variables), build)
        parts.enter_context(serving(site.application, sock, threads=8, names=names))
        yield


class Site:
    """The site's responses. Without a build, only the files of `spa/public` are there."""

    def __init__(
        self, api_url: str, headers: Mapping[str, str], build: AppBuild | None = None
    ) -> None:
        self._api_url = api_url
        self._headers = headers
        self._build = build
        self.application = Request.application(self._respond)

    def _respond(self, request: Request) -> Response:
        response = self._response(request)
        for name, value in self._current_headers().items():
            if name != "Referrer-Policy" or name not in response.headers:  # as CloudFront does
                response.headers[name] = value
        return response

    def _response(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response("This site can only be read.", 405, {"Allow": "GET, HEAD"})
        found = target(*_path_and_query(request))
        if found.kind in (Kind.API, Kind.IMAGES, Kind.ROUTE):
            return self._redirect(found)
        if self._build is not None and not self._build.await_files():
            return Response("The app could not be built: see the output of `make dev`.", 503)
        if found.kind is Kind.FILES:
            return self._file(found, request)
        return self._page(found, request)

    def _current_headers(self) -> Mapping[str, str]:
        """Return the headers of the build, or those that it would have."""
        with suppress(OSError, ValueError):  # not built, or being written
            if self._build is not None:
                headers: dict[str, str] = json.loads((self._build.folder / HEADERS).read_text())
                return headers
        return self._headers

    def _redirect(self, found: Target) -> Response:
        # The local stack has no stage.
        path = found.path.removeprefix("/v1") if found.kind is Kind.API else found.path
        return redirect(self._api_url + _address(path, found.query), 307)

    def _file(self, found: Target, request: Request) -> Response:
        # Names under assets/ contain a digest of the content. Everything else may change.
        age = 86_400 if found.path.startswith("/assets/") else None
        folder = SPA / "public" if self._build is None else self._build.folder
        try:
            return send_from_directory(folder, found.path[1:], request.environ, max_age=age)
        except NotFound:
            return Response("There is no such file.", 404)

    def _page(self, found: Target, request: Request) -> Response:
        """Return the API's page; 503 if the API is away."""
        tags = request.headers.get("If-None-Match")
        headers = {} if tags is None else {"If-None-Match": tags}
        try:
            return fetched(
                self._api_url, request.method, _address(found.path, found.query), headers
            )
        except (OSError, http.client.HTTPException, ResponseTooLarge):
            text = f"The API at {self._api_url} does not respond: see the output of `make dev`."
            return Response(text, 503, {"Retry-After": "1"})


class ResponseTooLarge(Exception):
    """The API's response has more bytes or took longer than a page may."""


def fetched(api_url: str, method: str, address: str, headers: Mapping[str, str]) -> Response:
    """Return the API's response to a request for a page.

    Raises OSError, HTTPException, and ResponseTooLarge for one that is too large or too slow.
    """
    parts = urlsplit(api_url)
    deadline = time.monotonic() + SECONDS_FOR_A_PAGE
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.netloc, timeout=SECONDS_FOR_A_PAGE)
    try:
        connection.request(method, parts.path + address, headers=dict(headers))
        response = connection.getresponse()
        body = bytearray()
        while chunk := response.read1(64 * 1024):
            body += chunk
            if len(body) > MAX_PAGE_BYTES or time.monotonic() > deadline:
                raise ResponseTooLarge
        passed_on = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        return Response(bytes(body), response.status, passed_on)
    finally:
        connection.close()


def _path_and_query(request: Request) -> tuple[str, str]:
    """Return the path and the query as they were sent, percent-encoded (RFC 9112 §3.2)."""
    address = str(request.environ["REQUEST_URI"])
    if not address.startswith("/"):  # absolute-form
        parts = urlsplit(address)
        return parts.path or "/", parts.query
    path, _, query = address.partition("?")
    return path, query


def _address(path: str, query: str) -> str:
    """Return a path with its query, and encode what a client may have left as it is."""
    whole = f"{path}?{query}" if query else path
    return quote(whole, safe=_UNCHANGED)
