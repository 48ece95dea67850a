"""Dynoxide, a DynamoDB engine on SQLite: `python -m devserver.dynoxide` builds the pinned version.

Unlike moto it is atomic by itself, honours ClientRequestToken, reports consumed capacity and keeps
its data in a file. It is Rust's, so that Cargo builds it once, into this user's cache.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devserver.settings import Unusable

CRATE, VERSION = "dynoxide-rs", "3.2.0"
FEATURES = "native-sqlite,http-server,cli"
SECONDS_TO_START = 10
# The engine reads no standard input; this way it ends with whoever started it, however they end.
_UNTIL_INPUT_ENDS = '"$@" & engine=$!; cat > /dev/null; kill $engine; wait $engine'


def binary() -> Path:
    """Where the pinned version lies, once it is built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "serverless-blog" / f"{CRATE}-{VERSION}" / "bin" / "dynoxide"


def install() -> None:
    """Build it, if it is not there; Unusable without Cargo, or where that fails."""
    target = binary()
    if target.exists():
        return
    cargo = shutil.which("cargo")
    if cargo is None:
        raise Unusable("Dynoxide is built by Rust's Cargo, which is missing: https://rustup.rs.")
    print(f"Building Dynoxide ({CRATE} {VERSION}), once, for some minutes ...", file=sys.stderr)
    chosen = ("--version", VERSION, "--locked", "--no-default-features", "--features", FEATURES)
    command = [cargo, "install", CRATE, *chosen, "--quiet", "--root", str(target.parent.parent)]
    if subprocess.run(command, check=False).returncode != 0:
        raise Unusable(f"Dynoxide could not be built: {' '.join(command)} says why.")


@contextmanager
def running_dynoxide(host: str, port: int = 0, folder: Path | None = None) -> Iterator[str]:
    """Gives the address of an engine that keeps its data in the folder, or else in memory."""
    install()
    port = port or _free_port(host)
    where = []
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        where = ["--db-path", str(folder / "dynoxide.db")]
    engine = [str(binary()), "--host", host, "--port", str(port), "--log", "quiet", *where]
    with subprocess.Popen(
        ["sh", "-c", _UNTIL_INPUT_ENDS, "sh", *engine],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ) as shell:
        try:
            _await(host, port, shell)
            yield f"http://{host}:{port}"
        finally:
            assert shell.stdin is not None
            shell.stdin.close()


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _await(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.01)
    raise Unusable("Dynoxide does not start: what it says stands above.")


if __name__ == "__main__":
    try:
        install()
    except Unusable as e:
        sys.exit(f"make dynoxide: {e}")
    print(binary())
