"""Serve the local stack: site, API, issuer, DynamoDB and S3."""

from contextlib import ExitStack
from functools import partial

from devserver.api_server import ApiServer
from devserver.apigateway.gateway import INTEGRATION_TIMEOUT
from devserver.issuer.tenant import SPA_CLIENT
from devserver.lambda_.environments import LONGEST_WAIT
from devserver.settings import LocalStackSettings, bound_socket
from devserver.site import running_site
from devserver.spa import missing_node
from devserver.startup import Backends, publish_index, running_backends
from devserver.template.deployment import without_timeouts

ONE_DAY = 24 * 3600.0
GREETING = """
  Site    {site}
  API     {api}
  Issuer  {issuer}
  Data    {data}
  Media   {media} (moto, in memory)

Try it in another terminal. Ctrl-C here ends everything.

  curl {api}/posts
  TOKEN={token}
  curl -i {api}/posts -H "Authorization: Bearer $TOKEN" \\
    -H "Content-Type: application/json" -d '{{"title": "Hello"}}'
"""


def serve(settings: LocalStackSettings) -> None:
    """Start all parts and serve until Ctrl-C. Raises StartupError if a part cannot start."""
    with ExitStack() as parts:
        sock = parts.enter_context(bound_socket("API_PORT", settings.api_port))
        site = _start_site(settings, parts)
        backends = parts.enter_context(running_backends(settings))
        _api_server(settings, backends, _greeting(settings, backends, site)).run(sock)


def _api_server(settings: LocalStackSettings, backends: Backends, greeting: str) -> ApiServer:
    """Return the server of the API, with the template's timeouts or without any."""
    deployment, timeout, wait = backends.deployment, INTEGRATION_TIMEOUT, LONGEST_WAIT
    if not settings.has_timeouts:
        deployment, timeout, wait = without_timeouts(deployment, ONE_DAY), ONE_DAY, ONE_DAY
    return ApiServer(
        deployment,
        backends.variables,
        environments=settings.environments,
        longest_wait=wait,
        tick=settings.tick,
        storage=backends.storage,
        integration_timeout=timeout,
        greeting=greeting,
        names=settings.allowed_hosts,
    )


def _start_site(settings: LocalStackSettings, parts: ExitStack) -> str:
    """Start the site, with the app if that is possible. Return its address, and what is missing."""
    missing = _missing_for_app(settings)
    parts.enter_context(
        running_site(
            settings.spa_port,
            settings.api_url,
            settings.spa_variables(SPA_CLIENT),
            settings.allowed_hosts,
            has_app=missing is None,
            publish=partial(publish_index, settings.s3_url),
        )
    )
    if missing is not None:
        return f"{settings.spa_url} (to read only, without the app: {missing})"
    hint = "" if settings.uses_real_tenant else ": log in as alice or bob"
    return f"{settings.spa_url} (the app is being built{hint})"


def _missing_for_app(settings: LocalStackSettings) -> str | None:
    """Return why the site has no app, or None."""
    if not settings.serves_spa:
        return "SPA=off"
    if settings.uses_real_tenant and settings.auth0_client_id is None:
        return "set AUTH0_CLIENT_ID to the client id of your tenant's application"
    return missing_node()


def _greeting(settings: LocalStackSettings, backends: Backends, site: str) -> str:
    ports = "" if settings.issuer_port == 9400 else f" ISSUER_PORT={settings.issuer_port}"
    return GREETING.format(
        site=site,
        api=settings.api_url,
        issuer=settings.auth0_domain or settings.auth0_issuer or settings.issuer_url,
        data=f"{backends.dynamodb_url} ({settings.engine})",
        media=settings.s3_url,
        token="...  # an access token of your tenant: docs/auth0.md says where to get one"
        if settings.uses_real_tenant
        else f"$(make -s token USER=alice{ports})",
    )
