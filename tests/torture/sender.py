"""A client that sends one request after another and records how long each takes."""

import http.client
import json
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from tests.torture.verdict import Sent

SECONDS_TO_ANSWER = 40


class Sender:
    """One connection to the API, and all that was sent over it."""

    def __init__(self, api_url: str, token: str) -> None:
        self._origin = api_url, token
        self._connection = http.client.HTTPConnection(
            urlsplit(api_url).netloc, timeout=SECONDS_TO_ANSWER
        )
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.sent: list[Sent] = []

    def another(self) -> "Sender":
        """Return a sender for another thread, with a connection of its own and the same records."""
        other = Sender(*self._origin)
        other.sent = self.sent
        return other

    def close(self) -> None:
        """Close the connection. The records stay."""
        self._connection.close()

    def send(self, kind: str, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """Send a request. Return the status, 0 without a response, and the body from JSON."""
        body = None if content is None else json.dumps(content)
        status, text, started = 0, b"", time.monotonic()
        try:
            self._connection.request(method, path, body, self._headers)
            response = self._connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, http.client.HTTPException):
            status = 0
            self._connection.close()
        seconds = time.monotonic() - started
        found: Any = {}
        with suppress(ValueError):  # feeds and sitemaps are not JSON
            found = json.loads(text) if text else {}
        limit = found.get("limit", "none named") if status == 429 else None
        self.sent.append(Sent(kind, status, seconds, limit))
        return status, found
