"""A proxy before a DynamoDB engine that injects production's faults, by plan or at random.

It speaks DynamoDB's protocol (JSON 1.0 over HTTP). So everything between is real: botocore's
time-outs, its retries and its connections.
"""

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from blog.dynamodb.deadline import SECONDS_TO_ANSWER

TOO_LATE = SECONDS_TO_ANSWER + 0.2
_NAMESPACE = "com.amazonaws.dynamodb.v20120810#"


class Fault(StrEnum):
    """The faults that a call can meet."""

    THROTTLED = "throttled"
    ERROR = "500"
    CUT_BEFORE = "cut before the engine acts"
    CUT_AFTER = "cut after the engine acted"
    RESPONDS_LATE = "acts at once, responds after the time-out"
    ACTS_LATE = "acts after the time-out"
    UNPROCESSED = "leaves part of a batch unprocessed"
    CONFLICT = "cancelled by a conflict"


SLOW = frozenset({Fault.RESPONDS_LATE, Fault.ACTS_LATE})
ONLY_FOR = {
    Fault.UNPROCESSED: ("BatchGetItem", "BatchWriteItem"),
    Fault.CONFLICT: ("TransactWriteItems",),
}
Plan = Callable[[str], Fault | None]


def may_meet(operation: str, fault: Fault) -> bool:
    """Return whether a call of this operation can meet this fault."""
    return operation in ONLY_FOR.get(fault, (operation,))


def no_faults(_: str) -> None:
    """Return no fault: the plan without faults."""


def at(position: int, fault: Fault, *, times: int = 1) -> Plan:
    """Return a plan where `times` calls meet a fault, from the call at this position on."""
    remaining = iter([None] * position + [fault] * times)
    return lambda operation: next(remaining, None)


def at_random(seed: int, rate: float, kinds: tuple[Fault, ...] = tuple(Fault)) -> Plan:
    """Return a plan where each call meets a fault with this probability.

    Slow faults are ten times rarer than others.
    """
    draw = random.Random(seed)
    weights = [0.1 if kind in SLOW else 1.0 for kind in kinds]

    def plan(operation: str) -> Fault | None:
        fault = draw.choices(kinds, weights)[0] if draw.random() < rate else None
        return fault if fault is None or may_meet(operation, fault) else None

    return plan


class FaultProxy:
    """The proxy's state: its plan, the operations it received, and the faults it injected."""

    def __init__(self, engine: str) -> None:
        self.engine = urlsplit(engine).netloc
        self.plan: Plan = no_faults
        self.operations: list[str] = []
        self.met: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._delayed: list[threading.Thread] = []

    def next_fault(self, operation: str) -> Fault | None:
        """Record a call, and return the fault that it meets."""
        with self._lock:
            self.operations.append(operation)
            fault = self.plan(operation)
            self.met[str(fault or "no fault")] += 1
            return fault

    def forward_later(self, body: bytes, headers: dict[str, str]) -> None:
        """Let the engine act after the client has stopped waiting."""

        def act() -> None:
            time.sleep(TOO_LATE)
            connection = http.client.HTTPConnection(self.engine, timeout=10)
            connection.request("POST", "/", body, headers)
            connection.getresponse().read()
            connection.close()

        thread = threading.Thread(target=act)
        with self._lock:
            self._delayed.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until the engine has acted on all delayed calls."""
        with self._lock:
            delayed, self._delayed = self._delayed, []
        for thread in delayed:
            thread.join()


@contextmanager
def running_proxy(engine: str) -> Iterator[tuple[FaultProxy, str]]:
    """Run a proxy before that engine; yield its state and its own address."""
    proxy = FaultProxy(engine)

    class Handler(_Handler):
        state = proxy

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        proxy.settle()
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect: the tests make them do so."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: FaultProxy

    def setup(self) -> None:
        super().setup()
        self._engine = http.client.HTTPConnection(self.state.engine, timeout=30)

    def finish(self) -> None:
        self._engine.close()
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        match self.state.next_fault(operation):
            case None:
                self._respond(*self._forwarded(body))
            case Fault.THROTTLED:
                self._refuse(400, "ProvisionedThroughputExceededException")
            case Fault.ERROR:
                self._refuse(500, "InternalServerError")
            case Fault.CUT_BEFORE:
                self._cut()
            case Fault.CUT_AFTER:
                self._forwarded(body)
                self._cut()
            case Fault.RESPONDS_LATE:
                response = self._forwarded(body)
                time.sleep(TOO_LATE)
                self._respond(*response)
            case Fault.ACTS_LATE:
                self.state.forward_later(body, self._headers())
                time.sleep(TOO_LATE)
                self._cut()
            case Fault.UNPROCESSED:
                self._process_half(operation, json.loads(body))
            case Fault.CONFLICT:
                reasons = [{"Code": "None"} for _ in json.loads(body)["TransactItems"]]
                reasons[-1] = {"Code": "TransactionConflict", "Message": "Transaction is ongoing"}
                self._refuse(400, "TransactionCanceledException", CancellationReasons=reasons)

    def _process_half(self, operation: str, request: dict[str, Any]) -> None:
        """Process the first half of a batch, or nothing of a batch of one."""
        ((table, batch),) = request["RequestItems"].items()
        is_get = operation == "BatchGetItem"
        requests = batch["Keys"] if is_get else batch
        first, rest = requests[: len(requests) // 2], requests[len(requests) // 2 :]
        unprocessed = {table: batch | {"Keys": rest} if is_get else rest}
        response: dict[str, Any] = {"Responses": {table: []}} if is_get else {}
        status = 200
        if first:
            part = {table: batch | {"Keys": first} if is_get else first}
            body = json.dumps(request | {"RequestItems": part}).encode()
            status, text = self._forwarded(body)
            response = json.loads(text)
        name = "UnprocessedKeys" if is_get else "UnprocessedItems"
        assert not response.get(name), "the engine itself processes everything"
        self._respond(
            status,
            json.dumps(response | {name: unprocessed} if status == 200 else response).encode(),
        )

    def _forwarded(self, body: bytes) -> tuple[int, bytes]:
        self._engine.request("POST", "/", body, self._headers())
        response = self._engine.getresponse()
        return response.status, response.read()

    def _headers(self) -> dict[str, str]:
        names = ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date")
        return {name: self.headers[name] for name in names if name in self.headers}

    def _refuse(self, status: int, code: str, **more: Any) -> None:
        document = {"__type": _NAMESPACE + code, "message": "by plan", **more}
        # This header would make botocore wait far longer than any client does.
        self._respond(status, json.dumps(document).encode(), {"x-amz-retry-after": "5000"})

    def _respond(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: Any) -> None:
        """Log nothing: `FaultProxy` counts the calls."""
