"""The single-page app: Vite builds it at each change, and a server serves it like its host.

Every path without a file belongs to the app. Feeds, the sitemap and images are redirected to the
API, as the site's host does. The headers are those of the build.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from flask import Flask, Response, redirect, request, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from devserver.settings import ROOT, bound_socket
from devserver.tools import NODE, is_supported_node
from devserver.wsgi import serving

SPA = ROOT / "spa"
SECONDS_TO_BUILD = 120
# Ctrl-C reaches all processes of a terminal at once, so the build may end before it is told to.
ENDED_BY_USER = (-signal.SIGINT, -signal.SIGTERM)
# Paths that the site's host passes on to the API.
API_PATHS = re.compile(r"/media/.*|/sitemap\.xml|(/.*)?/feed\.(atom|json)")


def missing_node() -> str | None:
    """Return what is missing to build the app, or None."""
    if not (shutil.which("node") and shutil.which("npm")):
        return f"it needs {NODE}, with npm: see https://nodejs.org"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if is_supported_node(version.stdout):
        return None
    return f"it needs {NODE}, and this is {version.stdout.strip().removeprefix('v')}"


@contextmanager
def running_spa(
    port: int, api_url: str, variables: Mapping[str, str], names: Iterable[str] = ()
) -> Iterator[None]:
    """Build the app with these variables, and serve it on a port of loopback.

    Requests wait for the build. `names` are names of this machine beside localhost.
    """
    with ExitStack() as parts:
        sock = parts.enter_context(bound_socket("SPA_PORT", port))
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="spa-"))).resolve()
        build = parts.enter_context(_Build(folder, variables))
        parts.enter_context(serving(_create_app(folder, build, api_url), sock, names=names))
        yield


class _Build:
    """`vite build --watch` into a folder. It installs and builds while other parts start."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = variables
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = False
        self._lock = threading.Lock()  # so that no process starts that nothing would end
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Build":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_ended = True
            if self._process is not None:
                self._process.terminate()
        self._thread.join()

    def await_files(self) -> bool:
        """Wait for a running build. Return whether its files exist."""
        deadline = time.monotonic() + SECONDS_TO_BUILD
        while time.monotonic() < deadline and self._is_running():
            if all((self._folder / name).exists() for name in ("index.html", "headers.json")):
                return True
            time.sleep(0.05)
        return False

    def _is_running(self) -> bool:
        return self._thread.is_alive() and not self._is_ended

    def _run(self) -> None:
        """Run all steps. The last one, the watching build, runs until it is ended."""
        vite = ["node", "node_modules/vite/bin/vite.js", "build", "--watch", "--logLevel", "warn"]
        for command in (
            *set_up(),
            ["npm", "run", "generate"],
            [*vite, "--outDir", str(self._folder), "--emptyOutDir"],
        ):
            is_last = command[0] == "node"
            with self._lock:
                if self._is_ended:
                    return
                self._process = subprocess.Popen(
                    command,
                    cwd=SPA,
                    env=dict(self._environment),
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr if is_last else subprocess.PIPE,
                    stderr=sys.stderr if is_last else subprocess.STDOUT,
                )
            output, _ = self._process.communicate()
            if self._process.returncode in ENDED_BY_USER:
                return
            if self._process.returncode and not self._is_ended:
                sys.stderr.write(f"The SPA: `{' '.join(command)}` failed.\n")
                sys.stderr.write((output or b"").decode(errors="replace"))
                return


def set_up(folder: Path = SPA) -> list[list[str]]:
    """Return the commands that install node_modules/ as the folder's lock file says; none if it is
    up to date."""
    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    is_done = installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime
    return [] if is_done else [["npm", "ci"]]


def _create_app(folder: Path, build: _Build, api_url: str) -> Flask:
    app = Flask(__name__, static_folder=None)

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def page(path: str) -> AnyResponse:
        if API_PATHS.fullmatch(request.path):
            query = f"?{request.query_string.decode()}" if request.query_string else ""
            return redirect(f"{api_url}{quote(request.path)}{query}", 307)
        if not build.await_files():
            return Response("The app could not be built: see the output of `make dev`.", 503)
        is_file = (folder / path).is_file()
        if path.startswith("assets/") and not is_file:
            return Response("There is no such file.", 404)
        # Names under assets/ contain a digest of the content. Everything else may change.
        response = send_from_directory(
            folder,
            path if is_file else "index.html",
            max_age=86_400 if path.startswith("assets/") else None,
        )
        response.headers.update(json.loads((folder / "headers.json").read_text()))
        return response

    return app
