"""The debug settings of VS Code: a breakpoint stops a request inside its handler."""

import json
import threading
import time
from typing import Any

import requests

from devserver.settings import LocalStackSettings
from tests.support.debug_client import DebugClient
from tests.support.samples import ROOT
from tests.support.stack import LEFT_OUT, free_ports

HANDLER = ROOT / "functions" / "public" / "app.py"
SECONDS_TO_BEGIN = 60


def test_a_breakpoint_stops_inside_the_handler() -> None:
    ports = free_ports()
    lines = enumerate(HANDLER.read_text().splitlines(), 1)
    line = 2 + next(
        n for n, text in lines if text.startswith("def get_health(")
    )  # not its docstring
    responses: list[requests.Response] = []

    def ask() -> None:
        until = time.monotonic() + SECONDS_TO_BEGIN
        while time.monotonic() < until and not responses:
            try:
                responses.append(requests.get(f"http://127.0.0.1:{ports['API_PORT']}/health"))
            except requests.ConnectionError:
                time.sleep(0.1)

    asking = threading.Thread(target=ask, daemon=True)
    with DebugClient(
        "Local stack, with breakpoints in functions", (HANDLER, line), {**LEFT_OUT, **ports}
    ) as editor:
        asking.start()
        session, stopped = editor.stopped.get(timeout=SECONDS_TO_BEGIN)
        assert stopped["reason"] == "breakpoint"
        session.send("stackTrace", threadId=stopped["threadId"])
        frame, *_ = session.next("stackTrace")["stackFrames"]
        assert (frame["name"], frame["line"]) == ("get_health", line)
        assert not responses
        session.send("continue", threadId=stopped["threadId"])
        asking.join(SECONDS_TO_BEGIN)
    assert responses[0].json() == {"status": "ok"}


def test_the_container_forwards_the_ports_of_the_local_stack() -> None:
    container: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    local_stack = LocalStackSettings.from_environment({})
    ports = [
        local_stack.spa_port,
        local_stack.api_port,
        local_stack.issuer_port,
        local_stack.s3_port,
    ]
    assert container["forwardPorts"] == ports
    assert list(map(int, container["portsAttributes"])) == ports
