"""`make bench`: a warm request through the devserver and through `sam local`, in the same run.

Times are of this machine at this moment; what counts are the ratios. Requests go in turns of
twenty, so that both are warm and see the same weather. Without Docker or SAM CLI the second half
is left out, and the output says so.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from devserver.sam_local import check_tools
from devserver.settings import Unusable
from tests.e2e.stack import Client, DevServer, Stack, free_port
from tests.support import ROOT

TURNS = 15
REQUESTS_A_TURN = 20
RESULTS = ROOT / "bench-results.json"
LIMITS = {
    "devserver: GET /posts/{id}, ms": 20.0,
    "devserver: the gateway's own share, ms": 3.0,
    "GET /posts/{id}: devserver / sam local": 0.5,
}


def main() -> int:
    """Measure, print the table, and keep it as JSON."""
    with ExitStack() as stacks:
        log = Path(stacks.enter_context(tempfile.TemporaryDirectory())) / "log"
        contenders = {"devserver": stacks.enter_context(DevServer(log))}
        try:
            check_tools()
            contenders["sam local"] = stacks.enter_context(_sam_local())
        except Unusable as e:
            sys.stderr.write(f"sam local is left out: {e}\n")
        figures = _measured(contenders)
    for name, value in figures.items():
        limit = f"   (at most {LIMITS[name]:g})" if name in LIMITS else ""
        print(f"{name:<48}{value:>10.2f}{limit}")
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(f"\nkept in {RESULTS.name}")
    return int(any(figures[name] > limit for name, limit in LIMITS.items() if name in figures))


def _measured(contenders: dict[str, Stack]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for route in ("/health", "/posts/{id}"):
        clients = {name: _asking(stack, route) for name, stack in contenders.items()}
        times: dict[str, list[float]] = {name: [] for name in clients}
        shares: list[float] = []
        for turn in range(1 + TURNS):
            for name, ask in clients.items():
                asked = [ask() for _ in range(REQUESTS_A_TURN)]
                if turn > 0:  # the first is for warming up
                    times[name] += [milliseconds for milliseconds, _ in asked]
                    shares += [whole - inside for whole, inside in asked if inside is not None]
        for name, measured in times.items():
            figures[f"{name}: GET {route}, ms"] = statistics.median(measured)
        if route == "/posts/{id}":
            figures["devserver: the gateway's own share, ms"] = statistics.median(shares)
        if "sam local" in times:
            ours, theirs = (statistics.median(times[name]) for name in ("devserver", "sam local"))
            figures[f"GET {route}: devserver / sam local"] = ours / theirs
    return figures


def _asking(stack: Stack, route: str) -> Callable[[], tuple[float, float | None]]:
    """A warm request, which gives its milliseconds, and those within the function if it is told."""
    post = Client(stack, stack.token("alice")).create(title="Bench", status="published")
    path = route.replace("{id}", post["id"])
    # The leanest client there is, so that what is measured is the stack.
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)

    def ask() -> tuple[float, float | None]:
        started = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        milliseconds = (time.perf_counter() - started) * 1000
        assert answer.status == 200, body
        told = re.search(r"dur=([0-9.]+)", answer.headers.get("Server-Timing", ""))
        return milliseconds, float(told[1]) if told else None

    return ask


@contextmanager
def _sam_local() -> Iterator[Stack]:
    """`make sam-local` on free ports."""
    names = ("API_PORT", "ISSUER_PORT", "DYNAMODB_PORT")
    ports = {name: str(free_port()) for name in names}
    stack = Stack(
        f"http://127.0.0.1:{ports['API_PORT']}", f"http://localhost:{ports['ISSUER_PORT']}/"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "devserver.sam_local"],
        cwd=ROOT,
        env={**os.environ, **ports},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                requests.get(f"{stack.api_url}/health", timeout=60)
                break
            except requests.ConnectionError:
                time.sleep(1)
        yield stack
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    sys.exit(main())
