"""An ASGI application that handles requests as API Gateway does for a REST API.

A request with the header `X-Gateway-Response: THROTTLED`, or another type, gets the gateway's own
response of that type, so that you can try how an app reacts.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from devserver.apigateway.authorization import Authorization, MalformedPolicy, ResultCache
from devserver.apigateway.gateway_responses import DEFAULTS, gateway_response
from devserver.apigateway.http import ClientGone, Receive, Request, Response, Send, read_body
from devserver.apigateway.proxy import (
    MalformedResponse,
    authorizer_event,
    method_arn,
    proxy_event,
    proxy_response,
    request_context,
)
from devserver.lambda_.environments import (
    EnvironmentPool,
    FunctionFailed,
    PayloadTooLarge,
    Result,
    Throttled,
)
from devserver.template.deployment import Authorizer, Deployment, Route

INTEGRATION_TIMEOUT = 29.0  # seconds
OVERRIDE_HEADER = "x-gateway-response"
MAX_REQUEST_BYTES = 10 * 1024 * 1024


class Rejected(Exception):
    """The gateway sends one of its own responses, of this type and with this context."""

    def __init__(self, kind: str, authorizer_context: Mapping[str, str] | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.authorizer_context = authorizer_context or {}


class Gateway:
    """The API of a deployment."""

    def __init__(
        self,
        deployment: Deployment,
        pools: Mapping[str, EnvironmentPool],
        integration_timeout: float = INTEGRATION_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the API.

        `pools` holds the execution environments of every function by its name. The clock is used
        for cached results.
        """
        self._deployment = deployment
        self._pools = pools
        self._integration_timeout = integration_timeout
        self._routes = [(path_pattern(route.resource), route) for route in deployment.routes]
        self._caches = {
            route.authorizer.name: ResultCache(route.authorizer.result_ttl, clock)
            for route in deployment.routes
            if route.authorizer is not None
        }
        self._running: set[asyncio.Task[Result]] = set()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Handle one HTTP request (ASGI)."""
        started = time.perf_counter()
        try:
            body = await read_body(receive, MAX_REQUEST_BYTES)
        except ClientGone:
            return
        request = Request.from_scope(scope, body or b"")
        route, path_parameters = self._match(request)
        context = request_context(self._deployment.stage, request, route)
        try:
            for kind in request.headers.get(OVERRIDE_HEADER, []):
                if kind in DEFAULTS:
                    raise Rejected(kind)
            if body is None:
                raise Rejected("REQUEST_TOO_LARGE")
            if route is None:
                raise Rejected("MISSING_AUTHENTICATION_TOKEN")
            response = await self._respond(request, route, path_parameters, context)
        except Rejected as e:
            variables = {**context, "authorizer": e.authorizer_context}
            response = gateway_response(e.kind, self._deployment.gateway_responses, variables)
        response.headers.append(("x-amzn-RequestId", context["requestId"]))
        await response.send(send)
        milliseconds = (time.perf_counter() - started) * 1000
        print(
            f"{request.method} {request.path!r} {response.status} {milliseconds:.1f} ms",
            file=sys.stderr,
        )

    def _match(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        """Return the route of a path and method.

        A fixed part of a path comes before a variable one.
        """
        path = request.path.rstrip("/") or "/"
        matches = [
            (route, match.groupdict())
            for pattern, route in self._routes
            if route.method == request.method and (match := pattern.fullmatch(path))
        ]
        return min(matches, key=lambda found: len(found[1]), default=(None, {}))

    async def _respond(
        self,
        request: Request,
        route: Route,
        path_parameters: dict[str, str],
        context: dict[str, Any],
    ) -> Response:
        authorization = None
        if route.authorizer is not None:
            authorization = await self._authorize(request, route, path_parameters, context)
        if route.function is None:
            headers = [("Content-Type", "application/json"), *route.mock_headers.items()]
            return Response(200, headers, b"{}")
        event = proxy_event(request, route, path_parameters, context, authorization)
        result = await self._call_function(self._pools[route.function], event)
        try:
            response = proxy_response(result.payload)
        except MalformedResponse as e:
            raise Rejected("BAD_GATEWAY") from e
        response.headers.append(("Server-Timing", f"function;dur={result.seconds * 1000:.2f}"))
        return response

    async def _authorize(
        self,
        request: Request,
        route: Route,
        path_parameters: dict[str, str],
        context: dict[str, Any],
    ) -> Authorization:
        """Return the authorizer's Allow for this request. Raises Rejected without one."""
        authorizer = route.authorizer
        assert authorizer is not None
        identity = ", ".join(request.headers.get(authorizer.header, []))
        if not identity.strip():
            raise Rejected("UNAUTHORIZED")
        arn = method_arn(self._deployment.stage, request)
        cache = self._caches[authorizer.name]
        authorization = cache.get(identity)
        if authorization is None:
            event = authorizer_event(arn, request, route, path_parameters, context)
            authorization = await self._call_authorizer(authorizer, event)
            cache.put(identity, authorization)
        if not authorization.allows(arn):
            raise Rejected("ACCESS_DENIED", authorization.context)
        return authorization

    async def _call_authorizer(
        self, authorizer: Authorizer, event: dict[str, Any]
    ) -> Authorization:
        try:
            result = await self._pools[authorizer.function].invoke(event)
            return Authorization.parse(json.loads(result.payload))
        except FunctionFailed as e:
            raise Rejected("AUTHORIZER_FAILURE") from e
        except MalformedPolicy as e:
            raise Rejected("AUTHORIZER_CONFIGURATION_ERROR") from e

    async def _call_function(self, pool: EnvironmentPool, event: dict[str, Any]) -> Result:
        """Return the function's result. After the gateway's timeout the function runs on alone."""
        running = asyncio.create_task(pool.invoke(event))
        self._running.add(running)
        running.add_done_callback(self._finished)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._integration_timeout)
        except TimeoutError as e:
            raise Rejected("INTEGRATION_TIMEOUT") from e
        except PayloadTooLarge as e:
            raise Rejected("REQUEST_TOO_LARGE") from e
        except Throttled as e:
            print(f"{pool.function.name}: {e}", file=sys.stderr)
            raise Rejected("API_CONFIGURATION_ERROR") from e
        except FunctionFailed as e:
            print(f"{pool.function.name}: {e}", file=sys.stderr)
            raise Rejected("BAD_GATEWAY") from e
        except OSError as e:
            print(f"{pool.function.name} cannot be started: {e}", file=sys.stderr)
            raise Rejected("INTEGRATION_FAILURE") from e

    def _finished(self, running: asyncio.Task[Result]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # a waiting task has received it already


def path_pattern(resource: str) -> re.Pattern[str]:
    """Return `/posts/{post_id}` as a pattern. `{proxy+}` matches the rest of a path."""
    parts = re.split(r"\{([A-Za-z0-9_]+)(\+?)\}", resource)
    pattern = "".join(
        re.escape(fixed) + (f"(?P<{name}>{'.+' if greedy else '[^/]+'})" if name else "")
        for fixed, name, greedy in zip(
            parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True
        )
    )
    return re.compile(pattern, re.S)
