"""Fetches an issuer's key set: one GET with limits on time and size, and without redirects."""

import http.client
import socket
import ssl
import time
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import SplitResult, urlsplit

FETCH_SECONDS = 3.0  # in total: name look-up, TLS, headers, body and the retry
MAX_BYTES = 65_536


class KeySetUnusable(Exception):
    """The key set could not be fetched or is invalid. `outcome` is a code for metrics."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class _WorthARetry(KeySetUnusable):
    """The error may be temporary."""


class PendingKeySet:
    """A fetch in progress: no proxy, no redirect, one retry.

    It runs in its own thread, so that a cold start can continue, and so that the total time is
    bounded. Socket timeouts bound neither a name look-up nor a server that sends a byte a second.
    """

    def __init__(self, uri: str) -> None:
        self._address = urlsplit(uri)
        self._deadline = time.monotonic() + FETCH_SECONDS
        self._results: SimpleQueue[bytes | KeySetUnusable] = SimpleQueue()
        self._socket: socket.socket | None = None
        try:
            Thread(target=self._fetch, daemon=True).start()
        except RuntimeError:  # the process cannot start another thread
            self._results.put(KeySetUnusable("no_thread"))

    def document(self) -> bytes:
        """Return the fetched document; call this once. Raises KeySetUnusable."""
        try:
            result = self._results.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except Empty:
            self._hang_up()
            raise KeySetUnusable("timeout") from None
        if isinstance(result, KeySetUnusable):
            raise result
        return result

    def _hang_up(self) -> None:
        """End the thread by closing its connection."""
        if self._socket is not None:
            with suppress(OSError):  # the connection has already ended
                self._socket.shutdown(socket.SHUT_RDWR)

    def _fetch(self) -> None:
        try:
            try:
                document = self._get()
            except _WorthARetry:
                document = self._get()
            self._results.put(document)
        except KeySetUnusable as e:
            self._results.put(e)

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
        except (OSError, http.client.HTTPException, ValueError) as e:  # ValueError: bad host names
            raise _WorthARetry("connection") from e


def fetch_key_set(uri: str) -> bytes:
    """Return the document at an address of the settings. Raises KeySetUnusable."""
    return PendingKeySet(uri).document()


def _connection(address: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = address.hostname or ""
    if address.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, address.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, address.port, timeout=timeout)


def _body(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        is_temporary = response.status >= 500 or response.status == 429
        raise (_WorthARetry if is_temporary else KeySetUnusable)(f"status_{response.status}")
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise KeySetUnusable("too_large")
    return body
