"""Dynoxide, a DynamoDB engine on SQLite.

`python -m devserver.aws.dynoxide` builds the pinned version. Unlike moto, the engine is atomic,
honours ClientRequestToken, reports consumed capacity and stores its data in a file. It is written
in Rust, so Cargo builds it once, into this user's cache.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from devserver.settings import StartupError, bound_socket, cache_folder

CRATE, VERSION = "dynoxide-rs", "3.2.0"
FEATURES = "native-sqlite,http-server,cli"
SECONDS_TO_START = 10
SECONDS_TO_END = 5
# The engine ignores its standard input. This shell ends it when the input ends, that is, with the
# parent process. The shell ends with the engine.
_UNTIL_INPUT_ENDS = """
exec 3<&0
"$@" & engine=$!
exec 2> /dev/null  # the shell would report the engine's end
{ cat <&3; kill $engine; } > /dev/null &
wait $engine
"""


def binary() -> Path:
    """Return the path of the pinned version. It exists once it is built."""
    return cache_folder() / f"{CRATE}-{VERSION}" / "bin" / "dynoxide"


def install() -> None:
    """Build the engine if it is missing. Raises StartupError if that fails."""
    target = binary()
    if target.exists():
        return
    cargo = shutil.which("cargo")
    if cargo is None:
        raise StartupError("Dynoxide needs Rust's Cargo to be built: https://rustup.rs.")
    print(
        f"Building Dynoxide ({CRATE} {VERSION}), once. This takes some minutes ...", file=sys.stderr
    )
    chosen = ("--version", VERSION, "--locked", "--no-default-features", "--features", FEATURES)
    command = [cargo, "install", CRATE, *chosen, "--quiet", "--root", str(target.parent.parent)]
    if subprocess.run(command, check=False).returncode != 0:
        raise StartupError(f"Dynoxide could not be built: {' '.join(command)} shows why.")


@contextmanager
def running_dynoxide(host: str, port: int = 0, folder: Path | None = None) -> Iterator[str]:
    """Run the engine and yield its address. Its data is in the folder, or in memory without one."""
    install()
    with bound_socket("DYNAMODB_PORT", port, host) as sock:
        port = sock.getsockname()[1]
    engine = [str(binary()), "--host", host, "--port", str(port), "--log", "quiet"]
    with ExitStack() as parts:
        if folder is not None:
            parts.enter_context(_locked(folder))
            engine += ["--db-path", str(folder / "dynoxide.db")]
        shell = parts.enter_context(
            subprocess.Popen(
                ["sh", "-c", _UNTIL_INPUT_ENDS, "sh", *engine],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        )
        try:
            _wait_for_port(host, port, shell)
            yield f"http://{host}:{port}"
        finally:
            assert shell.stdin is not None
            shell.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                shell.wait(SECONDS_TO_END)
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder for this process. Raises StartupError if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            raise StartupError(
                f"DYNAMODB_DATA: another local stack keeps its data in {folder}."
            ) from e
        yield


def _wait_for_port(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.01)
    raise StartupError("Dynoxide does not start: see its message above.")


if __name__ == "__main__":
    try:
        install()
    except StartupError as e:
        sys.exit(f"make dynoxide: {e}")
    print(binary())
