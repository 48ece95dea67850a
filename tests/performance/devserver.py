"""A warm request through the devserver and through `sam local`, in the same run.

Twenty requests go to one, then twenty to the other, so that both are warm and the machine's load is
the same. Without Docker or SAM CLI the second half is left out, and the output says so.
"""

import http.client
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from devserver.settings import StartupError
from tests.performance.figures import Figures
from tests.support.sam_local import running_sam_local
from tests.support.stack import Client, DevServer, Stack

TURNS = 15
REQUESTS_A_TURN = 20


def measure(figures: Figures) -> None:
    """Measure both stacks alternately."""
    with ExitStack() as stacks:
        log = Path(stacks.enter_context(tempfile.TemporaryDirectory())) / "log"
        contenders = {"devserver": stacks.enter_context(DevServer(log))}
        try:
            contenders["sam local"] = stacks.enter_context(
                running_sam_local(log.with_name("sam-local"))
            )
        except StartupError as e:
            figures.left_out("sam local", str(e))
        for route in ("/health", "/posts/{id}"):
            _compare(figures, route, contenders)


def _compare(figures: Figures, route: str, contenders: dict[str, Stack]) -> None:
    is_promised = route == "/posts/{id}"
    clients = {name: _asking(stack, route) for name, stack in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in clients}
    shares: list[float] = []
    for turn in range(1 + TURNS):
        for name, ask in clients.items():
            asked = [ask() for _ in range(REQUESTS_A_TURN)]
            if turn > 0:  # the first is a warm-up
                times[name] += [milliseconds for milliseconds, _ in asked]
                shares += [whole - inside for whole, inside in asked if inside is not None]
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    figures.add(f"devserver: GET {route}", medians["devserver"], 20 if is_promised else None)
    share = statistics.median(shares)
    figures.add(f"devserver: GET {route}, the gateway's share", share, 3 if is_promised else None)
    if "sam local" in medians:
        figures.add(f"sam local: GET {route}", medians["sam local"])
        ratio = medians["devserver"] / medians["sam local"]
        limit = 0.5 if is_promised else None
        figures.add(f"GET {route}: devserver / sam local", ratio, limit)


def _asking(stack: Stack, route: str) -> Callable[[], tuple[float, float | None]]:
    """Return a function that sends a warm request, and returns its milliseconds and the function's,
    if known."""
    post = Client(stack, stack.token("alice")).create(title="Bench", status="published")
    path = route.replace("{id}", post["id"])
    # The simplest possible client, so that the stack is what is measured.
    connection = http.client.HTTPConnection(urlsplit(stack.api_url).netloc, timeout=60)

    def ask() -> tuple[float, float | None]:
        started = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        milliseconds = (time.perf_counter() - started) * 1000
        assert response.status == 200, body
        timing = re.search(r"dur=([0-9.]+)", response.headers.get("Server-Timing", ""))
        return milliseconds, float(timing[1]) if timing else None

    return ask
