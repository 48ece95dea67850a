"""A request and its response, between the HTTP server and the gateway."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection in the middle of its request."""


@dataclass(frozen=True)
class Request:
    """A request: `path` is percent-encoded, as a REST API passes it to functions.

    Header names are in lower case with all their values.
    """

    method: str
    path: str
    headers: dict[str, list[str]]
    query: dict[str, list[str]]
    body: bytes
    source_ip: str

    @classmethod
    def from_scope(cls, scope: dict[str, Any], body: bytes) -> "Request":
        """Build a request from an ASGI scope and the body that followed."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), True):
            query.setdefault(name, []).append(value)
        return cls(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            headers=headers,
            query=query,
            body=body,
            source_ip=(scope.get("client") or ("127.0.0.1", 0))[0],
        )


@dataclass
class Response:
    """A response: status, headers and body."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    async def send(self, send: Send) -> None:
        """Send the response as ASGI messages, with its length, and no body where the status has
        none."""
        body = b"" if self.status in (204, 304) else self.body
        headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers
        ]
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the whole body, or None if it has more bytes than the limit.

    Raises ClientGone if the body ends too early, so that no partial request is handled.
    """
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    return bytes(body)
