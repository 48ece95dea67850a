"""The app's build in the local stack, and the output of `npm run build`.

A stand-in has the API's pages: tests/devserver/test_site.py tests the site itself.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, request

from devserver.settings import bound_socket
from devserver.site import running_site
from devserver.site_headers import site_headers
from devserver.spa import SPA, missing_node
from devserver.wsgi import serving
from tests.support.stack import free_port

VARIABLES = {
    "VITE_API_URL": "https://api.example.com/v1",
    "VITE_MEDIA_ORIGIN": "https://pictures.example.com",
    "VITE_AUTH0_DOMAIN": "tenant.example.com",
    "VITE_AUTH0_CLIENT_ID": "the-apps-client-id",
    "VITE_AUTH0_AUDIENCE": "https://audience.example.com",
}


@pytest.fixture(scope="module", autouse=True)
def node() -> None:
    if missing := missing_node():
        pytest.skip(f"the app cannot be built: {missing}")


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """Run a stand-in for the API whose pages name their address, and yield its own address."""
    pages, port = Flask("pages", static_folder=None), free_port()
    pages.before_request(lambda: f"<h1>{request.path}</h1>")
    with bound_socket("API_PORT", port) as sock, serving(pages, sock):
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def published() -> list[bytes]:
    return []


@pytest.fixture(scope="module")
def site(api: str, published: list[bytes]) -> Iterator[str]:
    """Build the app for an API on another host, and yield the site's address."""
    port = free_port()
    with running_site(port, api, VARIABLES, publish=published.append):
        yield f"http://localhost:{port}"


@pytest.mark.parametrize("path", ["/", "/posts/any", "/me/posts/new", "/no/such.page"])
def test_any_deep_link_returns_a_page_with_the_headers_of_the_build(site: str, path: str) -> None:
    response = requests.get(f"{site}{path}", timeout=150)
    assert response.status_code == 200
    assert response.text == f"<h1>/pages{path.rstrip('/')}</h1>"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "script-src 'self'" in policy
    assert "frame-src https://tenant.example.com" in policy
    (connect,) = (part for part in policy if part.startswith("connect-src"))
    assert connect.split()[1:] == [
        "'self'",
        "https://api.example.com",
        "https://pictures.example.com",
        "https://tenant.example.com",
    ]


def test_the_headers_are_the_same_without_a_build(site: str) -> None:
    sent = requests.get(site, timeout=150).headers
    for name, value in site_headers(VARIABLES).items():
        assert sent[name] == value


def test_the_index_is_published_before_the_first_page(site: str, published: list[bytes]) -> None:
    requests.get(site, timeout=150).raise_for_status()
    (index,) = published
    assert b'<script type="module"' in index
    assert index.rstrip().endswith(b"</html>")


def test_an_asset_can_be_cached_and_a_missing_asset_is_404(
    site: str, published: list[bytes]
) -> None:
    requests.get(site, timeout=150).raise_for_status()
    name = published[0].decode().partition('src="')[2].partition('"')[0]
    part = requests.get(f"{site}{name}", timeout=10)
    assert part.headers["Content-Type"].startswith("text/javascript")
    assert "max-age=86400" in part.headers["Cache-Control"]
    assert requests.get(f"{site}/assets/gone.js", timeout=10).status_code == 404


@pytest.mark.parametrize(
    "path", ["/feed.atom", "/tags/c%23/feed.json", "/sitemap.xml?month=2026-01", "/media/01J"]
)
def test_paths_of_the_api_are_redirected(site: str, api: str, path: str) -> None:
    response = requests.get(f"{site}{path}", timeout=10, allow_redirects=False)
    assert response.status_code == 307
    assert response.headers["Location"] == f"{api}{path}"


@pytest.mark.parametrize("path", ["/../package.json", "/%2e%2e/package.json", "/assets/../../x"])
def test_files_outside_the_build_are_not_served(site: str, path: str) -> None:
    request = requests.Request("GET", site).prepare()
    request.url = f"{site}{path}"
    response = requests.Session().send(request, timeout=10)
    assert "devDependencies" not in response.text


def test_a_failed_build_is_reported_in_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    broken = {**VARIABLES, "VITE_API_URL": "no address"}
    with running_site(port, "https://api.example.com", broken):
        response = requests.get(f"http://localhost:{port}/", timeout=150)
    assert response.status_code == 503
    assert "could not be built" in response.text
    assert "Invalid URL" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("ending", "is_reported"), [(signal.SIGINT, False), (signal.SIGKILL, True)]
)
def test_a_build_that_ctrl_c_ends_is_not_reported_as_failed(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    api: str,
    ending: int,
    is_reported: bool,
) -> None:
    """Ctrl-C reaches all processes of a terminal at once."""
    started: list[subprocess.Popen[bytes]] = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    port = free_port()
    with running_site(port, api, VARIABLES):
        assert requests.get(f"http://localhost:{port}", timeout=150).status_code == 200
        started[-1].send_signal(ending)
        time.sleep(1)
    assert ("failed" in capfd.readouterr().err) == is_reported


def test_npm_run_build_checks_types_and_creates_the_files_to_upload(tmp_path: Path) -> None:
    result = subprocess.run(
        ["npm", "run", "build", "--", "--outDir", str(tmp_path / "dist")],
        cwd=SPA,
        env={**os.environ, **VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "> npm run generate && tsc" in result.stdout
    names = {path.name for path in (tmp_path / "dist").iterdir()}
    assert names == {"index.html", "assets", "headers.json", *os.listdir(SPA / "public")}
    scripts = "".join(path.read_text() for path in (tmp_path / "dist/assets").glob("*.js"))
    assert all(value in scripts for name, value in VARIABLES.items() if "MEDIA" not in name)
    assert "localhost:3000" not in scripts


def test_the_lock_file_names_no_registry() -> None:
    packages = json.loads((SPA / "package-lock.json").read_text())["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
