"""The build of the single-page app: Vite builds it again at each change."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from devserver.settings import ROOT
from devserver.tools import NODE, is_supported_node

SPA = ROOT / "spa"
SECONDS_TO_BUILD = 120
INDEX = "index.html"
HEADERS = "headers.json"
# Ctrl-C reaches all processes of a terminal at once, so the build may end before it is told to.
ENDED_BY_USER = (-signal.SIGINT, -signal.SIGTERM)
_SECONDS_BETWEEN_LOOKS = 0.1


def missing_node() -> str | None:
    """Return what is missing to build the app, or None."""
    if not (shutil.which("node") and shutil.which("npm")):
        return f"it needs {NODE}, with npm: see https://nodejs.org"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if is_supported_node(version.stdout):
        return None
    return f"it needs {NODE}, and this is {version.stdout.strip().removeprefix('v')}"


class AppBuild:
    """`vite build --watch` into a folder. It installs and builds while other parts start.

    `publish` gets the app's index after each build, and gets it again if it raises OSError.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str],
        publish: Callable[[bytes], object] = lambda _: None,
    ) -> None:
        self.folder = folder
        self._environment = {**os.environ, **variables}
        self._publish = publish
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ended = threading.Event()
        self._is_published = threading.Event()
        self._lock = threading.Lock()  # so that no process starts that nothing would end
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._run, self._publish_each_index)
        ]

    def __enter__(self) -> "AppBuild":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_ended.set()
            if self._process is not None:
                self._process.terminate()
        for thread in self._threads:
            thread.join()

    def await_files(self) -> bool:
        """Wait for a running build. Return whether its files exist and its index is published."""
        deadline = time.monotonic() + SECONDS_TO_BUILD
        while time.monotonic() < deadline and self._is_running():
            if self._is_published.is_set() and (self.folder / HEADERS).exists():
                return True
            time.sleep(0.05)
        return False

    def _is_running(self) -> bool:
        return self._threads[0].is_alive() and not self._is_ended.is_set()

    def _publish_each_index(self) -> None:
        published = b""
        while not self._is_ended.wait(_SECONDS_BETWEEN_LOOKS):
            try:
                index = (self.folder / INDEX).read_bytes()
                # Vite may still be writing it.
                if index == published or not index.rstrip().endswith(b"</html>"):
                    continue
                self._publish(index)
            except OSError:  # not built, or the place to publish it is not there yet
                continue
            published = index
            self._is_published.set()

    def _run(self) -> None:
        """Run all steps. The last one, the watching build, runs until it is ended."""
        vite = ["node", "node_modules/vite/bin/vite.js", "build", "--watch", "--logLevel", "warn"]
        for command in (
            *set_up(),
            ["npm", "run", "generate"],
            [*vite, "--outDir", str(self.folder), "--emptyOutDir"],
        ):
            is_last = command[0] == "node"
            with self._lock:
                if self._is_ended.is_set():
                    return
                self._process = subprocess.Popen(
                    command,
                    cwd=SPA,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr if is_last else subprocess.PIPE,
                    stderr=sys.stderr if is_last else subprocess.STDOUT,
                )
            output, _ = self._process.communicate()
            if self._process.returncode in ENDED_BY_USER:
                return
            if self._process.returncode and not self._is_ended.is_set():
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
