"""The HTTP server of the API."""

import asyncio
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress

import uvicorn

from devserver.apigateway.gateway import INTEGRATION_TIMEOUT, Gateway
from devserver.aws.s3 import Storage
from devserver.hosts import AsgiHostCheck, allowed_hosts
from devserver.lambda_.environments import LONGEST_WAIT, EnvironmentPool, running_pools
from devserver.lambda_.eventbridge import running_events
from devserver.template.deployment import Deployment


class ApiServer:
    """The HTTP server of a deployment's API, with its execution environments."""

    def __init__(
        self,
        deployment: Deployment,
        extra_variables: Mapping[str, str],
        *,
        environments: int,
        longest_wait: float = LONGEST_WAIT,
        tick: float | None = None,
        storage: Storage | None = None,
        greeting: str = "",
        integration_timeout: float = INTEGRATION_TIMEOUT,
        names: Iterable[str] = (),
    ) -> None:
        """Prepare the server.

        `extra_variables` are added to the environment of every function. A function has at most
        `environments` execution environments. A request waits at most `longest_wait` seconds for
        one, and then gets the response to a throttled function. Scheduled functions run every
        `tick` seconds, or as the template says. Uploads to `storage` trigger events. The greeting
        is printed when the API is ready. `names` are names of this machine beside localhost.
        """
        self._deployment = deployment
        self._extra_variables = extra_variables
        self._environments = environments
        self._longest_wait = longest_wait
        self._tick = tick
        self._storage = storage
        self._greeting = greeting
        self._integration_timeout = integration_timeout
        self._names = tuple(names)
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
                self._deployment.functions,
                self._extra_variables,
                self._environments,
                self._longest_wait,
            ) as pools,
            running_events(self._deployment, pools, self._storage, self._tick),
        ):
            self._server = self._build_server(pools, allowed_hosts(self._names, sock))
            await self._server.serve(sockets=[sock])

    def _build_server(
        self, pools: Mapping[str, EnvironmentPool], hosts: frozenset[str]
    ) -> uvicorn.Server:
        gateway = Gateway(self._deployment, pools, self._integration_timeout)
        config = uvicorn.Config(
            AsgiHostCheck(gateway, hosts),
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
