"""The hosts that the servers of the local stack respond to: the defence against DNS rebinding.

The owner of a site can let its name resolve to 127.0.0.1. To a browser, the local stack is then a
part of that site, and CORS protects nothing. But each request still names the site in `Host`.
"""

from collections.abc import Callable, Iterable
from socket import socket
from typing import Any

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
DEFAULT_PORT = 80  # of HTTP: clients leave it out (RFC 9110 §4.2.1)
STATUS = 421  # Misdirected Request (RFC 9110 §15.5.20)
REFUSAL = b"This server responds only to localhost and to the names in ALLOWED_HOSTS.\n"
CONTENT_TYPE = "text/plain; charset=utf-8"

_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
_Asgi = Callable[[dict[str, Any], Any, Any], Any]


def allowed_hosts(names: Iterable[str], *sockets: socket) -> frozenset[str]:
    """Return the values of `Host` that requests to these sockets may have (RFC 9110 §7.2).

    `names` are allowed in addition to this machine's own names. A socket's own address is allowed,
    because no other site can have it as its name.
    """
    hosts = set()
    for sock in sockets:
        address, port = sock.getsockname()[:2]
        for name in (*LOOPBACK_NAMES, address, *names):
            hosts.add(f"{name}:{port}")
            if port == DEFAULT_PORT:
                hosts.add(name)
    return frozenset(hosts)


class HostCheck:
    """A WSGI application that refuses requests to other hosts."""

    def __init__(self, application: _Wsgi, hosts: frozenset[str]) -> None:
        self._application = application
        self._hosts = hosts

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        if environ.get("HTTP_HOST", "").lower() in self._hosts:
            return self._application(environ, start_response)
        headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(REFUSAL)))]
        start_response(f"{STATUS} Misdirected Request", headers)
        return [REFUSAL]


class AsgiHostCheck:
    """An ASGI application that refuses requests to other hosts."""

    def __init__(self, application: _Asgi, hosts: frozenset[str]) -> None:
        self._application = application
        self._hosts = {host.encode() for host in hosts}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one request."""
        named = [value.lower() for name, value in scope["headers"] if name == b"host"]
        if len(named) == 1 and named[0] in self._hosts:
            await self._application(scope, receive, send)
            return
        headers = [
            (b"content-type", CONTENT_TYPE.encode()),
            (b"content-length", str(len(REFUSAL)).encode()),
        ]
        await send({"type": "http.response.start", "status": STATUS, "headers": headers})
        await send({"type": "http.response.body", "body": REFUSAL})
