"""The parts of the stack, started and ended together."""

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

from devserver.deployment import Deployment
from devserver.dynamodb import dynamodb_client, make_table
from devserver.environments import EnvironmentPool
from devserver.gateway import Gateway
from devserver.issuer.app import create_issuer
from devserver.issuer.tenant import Tenant
from devserver.samples import fill
from devserver.settings import bound_socket


def interrupted_by_sigterm() -> None:
    """Make SIGTERM end the process as Ctrl-C does: by KeyboardInterrupt, which unwinds it all."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)  # a script's background job would ignore it


class _QuietHandler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: an address may hold a code."""


@contextmanager
def running_issuer(url: str, port: int, *hosts: str) -> Iterator[Tenant]:
    """The issuer in threads of this process, listening on loopback unless told otherwise."""
    tenant = Tenant(url)
    application = create_issuer(tenant)
    with ExitStack() as servers:
        for host in hosts or ("127.0.0.1",):
            sock = servers.enter_context(bound_socket("ISSUER_PORT", port, host))
            sock.listen(128)
            server = make_server(
                host,
                port,
                application,
                threaded=True,
                request_handler=_QuietHandler,
                fd=sock.fileno(),
            )
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.callback(server.shutdown)
        yield tenant


def prepare_tables(endpoint: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the template's tables, and fill the new ones with samples."""
    client = dynamodb_client(endpoint)
    for name, properties in tables.items():
        if make_table(client, name, dict(properties)):
            fill(client, name)


class _Server(uvicorn.Server):
    """Says so when it listens."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then greet."""
        await super().startup(sockets)
        print(self._greeting, file=sys.stderr, flush=True)


def serve_api(
    deployment: Deployment, sock: socket.socket, extra: Mapping[str, str], greeting: str
) -> None:
    """Serve the API until Ctrl-C or SIGTERM. `extra` goes into every function's environment."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(deployment, sock, extra, greeting))


async def _serve(
    deployment: Deployment, sock: socket.socket, extra: Mapping[str, str], greeting: str
) -> None:
    pools = {
        name: EnvironmentPool(function, extra) for name, function in deployment.functions.items()
    }
    config = uvicorn.Config(
        Gateway(deployment, pools),
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    try:
        await _Server(config, greeting).serve(sockets=[sock])
    finally:
        await asyncio.gather(*(pool.close() for pool in pools.values()))
