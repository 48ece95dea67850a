"""Fetching an issuer's key set: one GET that nothing can make long, large, or go elsewhere."""

import http.client
import time
import urllib.error
import urllib.request
from queue import Empty, SimpleQueue
from threading import Thread

FETCH_SECONDS = 3.0  # all told: name look-up, TLS, headers, body, and the retry
MAX_BYTES = 65_536


class KeySetUnusable(Exception):
    """The key set could not be fetched, or what came is none. `outcome` is a code for metrics."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


class PendingKeySet:
    """A fetch under way: no proxy, no redirect, one retry.

    In a thread of its own, because socket timeouts bound a single read, and neither a name look-up
    nor a server that sends a byte a second; and so that a cold start can go on beside it.
    """

    def __init__(self, uri: str) -> None:
        self._deadline = time.monotonic() + FETCH_SECONDS
        self._answers: SimpleQueue[bytes | KeySetUnusable] = SimpleQueue()
        Thread(target=_fetch, args=(uri, self._deadline, self._answers), daemon=True).start()

    def document(self) -> bytes:
        """What the address answered, to be asked for once. Raises KeySetUnusable."""
        try:
            answer = self._answers.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except Empty:
            raise KeySetUnusable("timeout") from None
        if isinstance(answer, KeySetUnusable):
            raise answer
        return answer


def fetch_key_set(uri: str) -> bytes:
    """The document at an address of the settings. Raises KeySetUnusable."""
    return PendingKeySet(uri).document()


def _fetch(uri: str, deadline: float, answers: "SimpleQueue[bytes | KeySetUnusable]") -> None:
    try:
        try:
            answers.put(_get(uri, deadline))
        except _WorthARetry:
            answers.put(_get(uri, deadline))
    except KeySetUnusable as e:
        answers.put(e)


class _WorthARetry(KeySetUnusable):
    """It may have been a passing fault."""


def _opener(uri: str) -> urllib.request.OpenerDirector:
    """Nothing but GET over the address's own scheme: what urllib does else is left out."""
    opener = urllib.request.OpenerDirector()
    is_https = uri.startswith("https:")
    opener.add_handler(urllib.request.HTTPSHandler() if is_https else urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPErrorProcessor())
    opener.add_handler(urllib.request.HTTPDefaultErrorHandler())
    return opener


def _get(uri: str, deadline: float) -> bytes:
    request = urllib.request.Request(uri, headers={"Accept": "application/json"})  # noqa: S310 - settings admit http(s) alone
    remaining = max(0.01, deadline - time.monotonic())
    received = bytearray()
    try:
        with _opener(uri).open(request, timeout=remaining) as response:
            while chunk := response.read1(MAX_BYTES):
                received += chunk
                if len(received) > MAX_BYTES:
                    raise KeySetUnusable("too_large")
                if time.monotonic() > deadline:
                    raise KeySetUnusable("timeout")
    except urllib.error.HTTPError as e:
        e.close()
        passing = e.code >= 500 or e.code == 429
        raise (_WorthARetry if passing else KeySetUnusable)(f"status_{e.code}") from e
    except (OSError, http.client.HTTPException, ValueError) as e:  # ValueError: odd host names
        raise _WorthARetry("connection") from e
    return bytes(received)
