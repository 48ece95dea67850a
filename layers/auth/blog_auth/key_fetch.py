"""Fetching an issuer's key set: one GET that nothing can make long, large, or go elsewhere."""

import http.client
import socket
import ssl
import time
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

FETCH_SECONDS = 3.0  # all told: name look-up, TLS, headers, body, and the retry
MAX_BYTES = 65_536


class KeySetUnusable(Exception):
    """The key set could not be fetched, or what came is none. `outcome` is a code for metrics."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class _WorthARetry(KeySetUnusable):
    """It may have been a passing fault."""


class PendingKeySet:
    """A fetch under way: no proxy, no redirect, one retry.

    In a thread of its own, because socket timeouts bound a single read, and neither a name look-up
    nor a server that sends a byte a second; and so that a cold start can go on beside it.
    """

    def __init__(self, uri: str) -> None:
        self._address = urlsplit(uri)
        self._deadline = time.monotonic() + FETCH_SECONDS
        self._answers: SimpleQueue[bytes | KeySetUnusable] = SimpleQueue()
        self._socket: socket.socket | None = None
        try:
            Thread(target=self._fetch, daemon=True).start()
        except RuntimeError:  # the process may start no more
            self._answers.put(KeySetUnusable("no_thread"))

    def document(self) -> bytes:
        """What the address answered, to be asked for once. Raises KeySetUnusable."""
        try:
            answer = self._answers.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except Empty:
            self._hang_up()
            raise KeySetUnusable("timeout") from None
        if isinstance(answer, KeySetUnusable):
            raise answer
        return answer

    def _hang_up(self) -> None:
        """End the thread: whatever it reads from ends here."""
        if self._socket is not None:
            with suppress(OSError):  # it has ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)

    def _fetch(self) -> None:
        try:
            try:
                answer = self._get()
            except _WorthARetry:
                answer = self._get()
            self._answers.put(answer)
        except KeySetUnusable as e:
            self._answers.put(e)

    def _get(self) -> bytes:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise KeySetUnusable("timeout")
        try:
            with closing(_connection(self._address, remaining)) as connection:
                connection.connect()
                self._socket = connection.sock
                path = self._address.path or "/"
                connection.request("GET", path, headers={"Accept": "application/json"})
                with connection.getresponse() as response:
                    return _body(response)
        except (OSError, http.client.HTTPException, ValueError) as e:  # ValueError: odd host names
            raise _WorthARetry("connection") from e


def fetch_key_set(uri: str) -> bytes:
    """The document at an address of the settings. Raises KeySetUnusable."""
    return PendingKeySet(uri).document()


def _connection(address: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = address.hostname or ""
    if address.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, address.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, address.port, timeout=timeout)


def _body(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        passing = response.status >= 500 or response.status == 429
        raise (_WorthARetry if passing else KeySetUnusable)(f"status_{response.status}")
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise KeySetUnusable("too_large")
    return body
