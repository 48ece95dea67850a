"""Run the local stack: `make dev`. One Ctrl-C ends all of it."""

import os
import sys
from contextlib import ExitStack

from devserver.apigateway.gateway import INTEGRATION_TIMEOUT
from devserver.aws.dynamodb import running_dynamodb
from devserver.issuer.tenant import SPA_CLIENT
from devserver.settings import TEMPLATE, LocalStackSettings, StartupError, bound_socket
from devserver.spa import missing_node, running_spa
from devserver.stack import (
    ApiServer,
    create_tables,
    running_issuer,
    running_storage,
    treat_sigterm_as_interrupt,
)
from devserver.template.deployment import read_deployment, without_timeouts

ONE_DAY = 24 * 3600.0
GREETING = """
  SPA     {spa}
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


def main() -> int:
    """Start the stack and serve until Ctrl-C. Return the exit code."""
    treat_sigterm_as_interrupt()
    try:
        settings = LocalStackSettings.from_environment()
        with ExitStack() as parts:
            sock = parts.enter_context(bound_socket("API_PORT", settings.api_port))
            spa = _start_spa(settings, parts)
            endpoint_of_engine = parts.enter_context(running_dynamodb(settings.engine))
            if not settings.uses_real_tenant:
                parts.enter_context(running_issuer(settings.issuer_url, settings.issuer_port))
            deployment = read_deployment(TEMPLATE, settings.parameters())
            if not settings.has_timeouts:
                deployment = without_timeouts(deployment, ONE_DAY)
            storage = parts.enter_context(running_storage(settings.s3_port, deployment))
            endpoint = endpoint_of_engine(deployment.rights)
            create_tables(endpoint, deployment.tables)
            storage.first_line()
            variables = {
                "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
                "AWS_ENDPOINT_URL_S3": settings.s3_url,
            }
            server = ApiServer(
                deployment,
                variables,
                environments=settings.environments,
                tick=settings.tick,
                storage=storage,
                integration_timeout=INTEGRATION_TIMEOUT if settings.has_timeouts else ONE_DAY,
                greeting=_greeting(settings, endpoint, spa),
            )
            server.run(sock)
    except StartupError as e:
        print(f"make dev: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _start_spa(settings: LocalStackSettings, parts: ExitStack) -> str:
    """Start the app, if that is possible. Return its address, or the reason why it is missing."""
    if not settings.serves_spa:
        return "off (SPA=off)"
    if settings.uses_real_tenant and settings.auth0_client_id is None:
        return "not served: set AUTH0_CLIENT_ID to the client id of your tenant's application"
    if missing := missing_node():
        return f"not served: {missing}"
    variables = {**os.environ, **settings.spa_variables(SPA_CLIENT)}
    parts.enter_context(running_spa(settings.spa_port, settings.api_url, variables))
    hint = "" if settings.uses_real_tenant else ": log in as alice or bob"
    return f"{settings.spa_url} (being built{hint})"


def _greeting(settings: LocalStackSettings, endpoint: str, spa: str) -> str:
    ports = "" if settings.issuer_port == 9400 else f" ISSUER_PORT={settings.issuer_port}"
    return GREETING.format(
        spa=spa,
        api=settings.api_url,
        issuer=settings.auth0_domain or settings.auth0_issuer or settings.issuer_url,
        data=f"{endpoint} ({settings.engine})",
        media=settings.s3_url,
        token="...  # an access token of your tenant: docs/auth0.md says where to get one"
        if settings.uses_real_tenant
        else f"$(make -s token USER=alice{ports})",
    )


if __name__ == "__main__":
    sys.exit(main())
