"""The issuer's key server misbehaves: known users continue, and no client causes many fetches."""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from blog_auth import key_fetch, refusals
from blog_auth.access_token import AccessTokenVerifier
from blog_auth.errors import TokenRefused, Undecided
from blog_auth.key_fetch import KeySetUnusable, fetch_key_set
from blog_auth.key_set import COOL_DOWN, SOFT_TTL, KeySet
from blog_auth.settings import DEFAULT_KEYS_MAX_AGE, Issuer, Settings
from devserver.apigateway.gateway import Gateway
from devserver.lambda_.environments import Result
from devserver.template.deployment import read_deployment
from functions.authorizer import app
from tests.support.samples import (
    AUDIENCE,
    ISSUER,
    NOW,
    ROOT,
    Clock,
    LambdaContext,
    Signer,
    claims,
    key_set_document,
    self_signed_certificate,
)

OLD, NEW = Signer("old"), Signer("new")
Response = Callable[[BaseHTTPRequestHandler], None]


def document(body: bytes, status: int = 200, **headers: str) -> Response:
    """Return a function that responds with this body."""

    def response(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return response


GOOD = key_set_document(OLD.jwk())


def byte_by_byte(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for byte in GOOD:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.02)


def slow_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    for _ in range(100):
        handler.wfile.write(b"X-Slow: 1\r\n")
        time.sleep(0.02)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


FAULTS: dict[str, tuple[Response, str, int]] = {
    # the server's behaviour, the outcome, and the number of requests of one fetch
    "500": (document(b"", 500), "status_500", 2),
    "503": (document(b"", 503), "status_503", 2),
    "429": (document(b"", 429), "status_429", 2),
    "404": (document(b"", 404), "status_404", 1),
    "403": (document(b"", 403), "status_403", 1),
    "redirect": (document(b"", 302, Location="/elsewhere"), "status_302", 1),
    "permanent redirect": (document(b"", 308, Location="http://127.0.0.1:9/"), "status_308", 1),
    "hangs up": (hang_up, "connection", 2),
    "says less than it promised": (
        document(b"{", 200, **{"Content-Length": "9"}),
        "not_a_key_set",
        1,
    ),
    "is silent": (lambda _: time.sleep(0.7), "timeout", 1),
    "a byte now and then": (byte_by_byte, "timeout", 1),
    "a header now and then": (slow_headers, "timeout", 1),
    "endless": (document(b" " * 1_000_000), "too_large", 1),
    "HTML": (document(b"<!doctype html><title>Down</title>"), "not_a_key_set", 1),
    "nothing": (document(b""), "not_a_key_set", 1),
    "half of it": (document(GOOD[:-9]), "not_a_key_set", 1),
    "a list": (document(b"[]"), "not_a_key_set", 1),
    "duplicate ids": (
        document(key_set_document(OLD.jwk(), NEW.jwk(kid=OLD.key_id))),
        "duplicate_key_ids",
        1,
    ),
    "weak keys": (document(key_set_document(Signer("weak", 1024).jwk())), "no_usable_key", 1),
}


class KeyServer(ThreadingHTTPServer):
    """A key server that responds as set, and counts requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.response: Response = document(GOOD)
        self.requests_received = 0

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/.well-known/jwks.json"

    def publish(self, *signers: Signer) -> None:
        self.response = document(key_set_document(*(signer.jwk() for signer in signers)))

    def handle_error(self, *_: object) -> None:
        """Ignore errors: the tests include clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.requests_received += 1
        self.server.response(self)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    # Tests of other faults must not time out on a busy machine.
    monkeypatch.setattr(key_fetch, "FETCH_SECONDS", 30.0)
    with KeyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def limit_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_fetch, "FETCH_SECONDS", 0.4)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def verifier(server: KeyServer, clock: Clock, outcomes: list[str]) -> AccessTokenVerifier:
    keys = KeySet(server.uri, on_fetch=lambda outcome, _: outcomes.append(outcome), clock=clock)
    keys.preload()
    settings = Settings((Issuer(ISSUER, server.uri),), AUDIENCE)
    return AccessTokenVerifier(settings, {ISSUER: keys}, clock)


def token(signer: Signer) -> str:
    return signer.sign(claims(exp=NOW + 10_000_000))


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_its_outcome_ends_in_time_and_is_retried_at_most_once(
    server: KeyServer, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.response, outcome, requests_received = FAULTS[fault]
    if outcome == "timeout":
        limit_time(monkeypatch)
    outcomes: list[str] = []
    started = time.monotonic()
    KeySet(server.uri, on_fetch=lambda outcome, _: outcomes.append(outcome)).preload()
    assert outcomes == [outcome]
    time.sleep(0.2)  # time for a request that must not come
    assert server.requests_received == requests_received
    assert not _fetching(), "no thread is left"
    assert time.monotonic() - started < 5, (
        "not a measurement: without a bound it would hang forever"
    )


def test_https_works_with_a_trusted_certificate_only(
    server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = f"https://localhost:{server.server_port}/jwks.json"
    with pytest.raises(KeySetUnusable) as failed:
        fetch_key_set(address)
    assert failed.value.outcome == "connection"
    assert server.requests_received == 0
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch_key_set(address) == GOOD


def _fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if "(_fetch)" in thread.name]


def test_a_process_without_free_threads_keeps_its_keys(
    server: KeyServer,
    verifier: AccessTokenVerifier,
    clock: Clock,
    outcomes: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    clock.now += SOFT_TTL + 1
    assert verifier.verify(token(OLD))
    assert outcomes == ["ok", "no_thread"]


def test_a_hanging_name_lookup_is_bounded(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object) -> None:
        time.sleep(0.7)
        raise OSError("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    limit_time(monkeypatch)
    with pytest.raises(KeySetUnusable) as failed:
        fetch_key_set(server.uri)
    assert failed.value.outcome == "timeout"
    time.sleep(0.6)
    assert not _fetching(), "it does not retry after the deadline"


def test_the_limits_are_the_documented_numbers() -> None:
    assert (key_fetch.FETCH_SECONDS, key_fetch.MAX_BYTES) == (3.0, 65_536)
    assert (SOFT_TTL, COOL_DOWN, DEFAULT_KEYS_MAX_AGE) == (600, 30, 86_400)


def test_a_closed_port_is_reported_as_an_unusable_key_set() -> None:
    with pytest.raises(KeySetUnusable):
        fetch_key_set("http://127.0.0.1:9/jwks.json")


def test_one_retry_recovers_from_a_short_fault(server: KeyServer) -> None:
    def once(handler: BaseHTTPRequestHandler) -> None:
        server.response = document(GOOD)
        hang_up(handler)

    server.response = once
    assert fetch_key_set(server.uri) == GOOD
    assert server.requests_received == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_known_users_continue_during_any_fault(
    server: KeyServer,
    verifier: AccessTokenVerifier,
    clock: Clock,
    outcomes: list[str],
    fault: str,
) -> None:
    server.response, outcome, _ = FAULTS[fault]
    with pytest.MonkeyPatch.context() as patch:
        if outcome == "timeout":
            limit_time(patch)
        for hours in (1, 5, 23):
            clock.now = NOW + hours * 3600
            assert verifier.verify(token(OLD))
            assert verifier.verify(token(OLD)), "without another fetch during the cool-down"
        assert outcomes == ["ok"] + [outcome] * 3
        clock.now = NOW + DEFAULT_KEYS_MAX_AGE + 1
        with pytest.raises(Undecided):
            verifier.verify(token(OLD))
    server.publish(OLD)
    clock.now += COOL_DOWN
    assert verifier.verify(token(OLD)), "it recovers without help"


def test_after_a_rotation_new_tokens_are_accepted_within_one_cool_down(
    server: KeyServer, verifier: AccessTokenVerifier, clock: Clock
) -> None:
    server.publish(NEW, OLD)
    assert verifier.verify(token(NEW)), "at once, because no key was requested just before"
    assert verifier.verify(token(OLD))


def test_a_rotation_just_after_a_request_for_an_unknown_key(
    server: KeyServer, verifier: AccessTokenVerifier, clock: Clock
) -> None:
    with pytest.raises(TokenRefused) as refused:
        verifier.verify(token(Signer("nobody's")))
    assert refused.value.refusal == refusals.UNKNOWN_KEY
    server.publish(NEW, OLD)
    with pytest.raises(Undecided):
        verifier.verify(token(NEW))
    clock.now += COOL_DOWN
    assert verifier.verify(token(NEW))


def test_a_rotation_during_a_fetch_serves_all_waiting_requests(
    server: KeyServer, verifier: AccessTokenVerifier
) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        document(key_set_document(NEW.jwk(), OLD.jwk()))(handler)

    server.response = slowly
    asked_before = server.requests_received
    passed: list[str] = []

    def use(signer: Signer) -> None:
        passed.append(verifier.verify(token(signer)).key_id)

    threads = [threading.Thread(target=use, args=[signer]) for signer in (NEW, OLD) * 10]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == ["new"] * 10 + ["old"] * 10
    assert server.requests_received == asked_before + 1


class _InProcess:
    """An execution environment with the authorizer's handler, or with a function that always
    succeeds."""

    def __init__(self, handler: Callable[[Any, Any], Any]) -> None:
        self._handler = handler

    async def invoke(self, event: Any) -> Result:
        return Result(json.dumps(self._handler(event, LambdaContext())), 0.0)


def test_a_withdrawn_key_stops_after_the_soft_ttl_and_the_gateways_cache(
    server: KeyServer,
    verifier: AccessTokenVerifier,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The authorizer's handler behind the gateway, on one clock: at most 600 s and 300 s."""
    monkeypatch.setattr(app, "verifier", verifier)
    parameters = {"Auth0Domain": "a.example", "Auth0Audience": AUDIENCE, "AuthorIdKey": "k" * 32}
    deployment = read_deployment(ROOT / "template.yaml", parameters)
    pools: dict[str, Any] = {
        name: _InProcess(lambda *_: {"statusCode": 200}) for name in deployment.functions
    }
    pools["AuthorizerFunction"] = _InProcess(app.handler)
    gateway = Gateway(deployment, pools, clock=clock)
    authorization = f"Bearer {token(OLD)}".encode()

    def status() -> int:
        sent: list[dict[str, Any]] = []
        scope = {
            "method": "GET",
            "raw_path": b"/me/posts",
            "query_string": b"",
            "headers": [(b"authorization", authorization)],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(gateway(scope, receive, send))
        return int(sent[0]["status"])

    clock.now += SOFT_TTL - 1
    assert status() == 200, "the Allow is cached just before the old keys expire"
    server.publish(NEW)
    clock.now += 299
    assert status() == 200, "from the gateway's cache"
    clock.now += 1
    assert status() == 401


def test_a_restored_snapshot_fetches_keys_before_it_accepts_a_token(
    server: KeyServer, verifier: AccessTokenVerifier, clock: Clock
) -> None:
    server.publish(NEW)
    clock.now += 3 * 86_400
    with pytest.raises(TokenRefused):
        verifier.verify(token(OLD))
    assert verifier.verify(token(NEW))
