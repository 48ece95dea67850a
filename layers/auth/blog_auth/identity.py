"""Who makes a request, as the handlers see it: what the authorizer put into the request context.

Imports neither jwt nor cryptography, so that a handler never pays for them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from blog_auth import refusals
from blog_auth.errors import NotAuthenticated

LEEWAY = 10  # seconds by which clocks may differ, when a token is verified and afterwards


@dataclass(frozen=True)
class Identity:
    """The person or machine behind a verified access token.

    `sub` is Auth0's own name for them (`auth0|…`, `google-oauth2|…`, `…@clients`). It shows which
    provider someone logs in with, so it never leaves the back end.
    """

    sub: str
    client_id: str
    scopes: frozenset[str]
    permissions: frozenset[str]
    expires_at: int

    @classmethod
    def from_event(
        cls, event: Mapping[str, Any], clock: Callable[[], float] = time.time
    ) -> "Identity":
        """From a REST API's proxy event.

        Raises NotAuthenticated if the authorizer named nobody, and if the token has expired:
        API Gateway caches an Allow for up to 300 s, and a token may end within them.
        """
        context = (event.get("requestContext") or {}).get("authorizer") or {}
        sub, exp = context.get("sub", ""), str(context.get("exp", ""))
        if not sub or not exp.isdecimal():
            raise NotAuthenticated(refusals.NO_TOKEN)
        if clock() >= int(exp) + LEEWAY:
            raise NotAuthenticated(refusals.EXPIRED)
        return cls(
            sub=sub,
            client_id=context.get("client_id", ""),
            scopes=frozenset(context.get("scope", "").split()),
            permissions=frozenset(context.get("permissions", "").split()),
            expires_at=int(exp),
        )

    @property
    def is_machine(self) -> bool:
        """Whether an application acts for itself (client credentials), and no person."""
        return self.sub.endswith("@clients")

    def may(self, permission: str) -> bool:
        """Whether the token's permissions hold this one."""
        return permission in self.permissions
