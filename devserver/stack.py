"""The parts of the local stack. They start and end together."""

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import uvicorn
from botocore.exceptions import BotoCoreError

from devserver.apigateway.gateway import INTEGRATION_TIMEOUT, Gateway
from devserver.aws.dynamodb import dynamodb_client, make_table
from devserver.aws.s3 import Cors, Storage
from devserver.issuer.app import create_issuer
from devserver.issuer.tenant import Tenant
from devserver.lambda_.environments import EnvironmentPool, running_pools
from devserver.lambda_.eventbridge import running_events
from devserver.samples import write_samples
from devserver.settings import StartupError, bound_socket
from devserver.template.deployment import Deployment
from devserver.wsgi import serving


def treat_sigterm_as_interrupt() -> None:
    """Let SIGTERM and SIGINT raise KeyboardInterrupt, so that all parts end in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)  # a shell's background job ignores it by default


@contextmanager
def running_issuer(url: str, port: int, *hosts: str) -> Iterator[Tenant]:
    """Run the issuer in threads of this process. It listens on loopback by default."""
    tenant = Tenant(url)
    application = create_issuer(tenant)
    with ExitStack() as servers:
        sockets = [
            servers.enter_context(bound_socket("ISSUER_PORT", port, host))
            for host in hosts or ("127.0.0.1",)
        ]
        servers.enter_context(serving(application, *sockets))
        yield tenant


def create_tables(endpoint: str, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Create the template's tables, and write samples into new ones.

    Raises StartupError if no engine responds.
    """
    try:
        client = dynamodb_client(endpoint)
        new = [name for name, one in tables.items() if make_table(client, name, dict(one))]
    except (BotoCoreError, ValueError) as e:  # ValueError: the address is malformed
        raise StartupError(f"DYNAMODB_ENDPOINT: no engine responds at {endpoint}.") from e
    for name in new:
        write_samples(client, name)


def running_storage(port: int, deployment: Deployment) -> Storage:
    """Start S3 on loopback with the template's buckets, while other parts start."""
    # Check the port here, because the process itself has no clear message for it.
    bound_socket("S3_PORT", port).close()
    (cors,) = {(bucket.origin, bucket.methods) for bucket in deployment.buckets}
    names = [bucket.name for bucket in deployment.buckets]
    return Storage("127.0.0.1", port, Cors(*cors), deployment.rights, names)


class ApiServer:
    """The HTTP server of a deployment's API, with its execution environments."""

    def __init__(
        self,
        deployment: Deployment,
        extra_variables: Mapping[str, str],
        *,
        environments: int,
        tick: float | None = None,
        storage: Storage | None = None,
        greeting: str = "",
        integration_timeout: float = INTEGRATION_TIMEOUT,
    ) -> None:
        """Prepare the server.

        `extra_variables` are added to the environment of every function. A function has at most
        `environments` execution environments. Scheduled functions run every `tick` seconds, or as
        the template says. Uploads to `storage` trigger events. The greeting is printed when the API
        is ready.
        """
        self._deployment = deployment
        self._extra_variables = extra_variables
        self._environments = environments
        self._tick = tick
        self._storage = storage
        self._greeting = greeting
        self._integration_timeout = integration_timeout
        self._server: uvicorn.Server | None = None

    def run(self, sock: socket.socket) -> None:
        """Serve on a bound socket until Ctrl-C, SIGTERM or `stop`."""
        with suppress(KeyboardInterrupt):
            asyncio.run(self._serve(sock))

    def stop(self) -> None:
        """End `run` from another thread."""
        if self._server is not None:
            self._server.should_exit = True

    async def _serve(self, sock: socket.socket) -> None:
        async with (
            running_pools(
                self._deployment.functions, self._extra_variables, self._environments
            ) as pools,
            running_events(self._deployment, pools, self._storage, self._tick),
        ):
            self._server = self._build_server(pools)
            await self._server.serve(sockets=[sock])

    def _build_server(self, pools: Mapping[str, EnvironmentPool]) -> uvicorn.Server:
        config = uvicorn.Config(
            Gateway(self._deployment, pools, self._integration_timeout),
            http="h11",
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
        return _GreetingServer(config, self._greeting)


class _GreetingServer(uvicorn.Server):
    """A server that prints a greeting once it is listening."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then print the greeting."""
        await super().startup(sockets)
        print(self._greeting, file=sys.stderr, flush=True)
