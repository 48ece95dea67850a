"""The caller's identity, which the authorizer puts into the request context for handlers.

This module imports neither jwt nor cryptography, so handlers do not load them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from blog_auth import refusals
from blog_auth.errors import NotAuthenticated

LEEWAY = 10  # seconds that clocks may differ, in the authorizer and in handlers


@dataclass(frozen=True)
class Identity:
    """The user or machine of a verified access token.

    `sub` is Auth0's identifier (`auth0|…`, `google-oauth2|…`, `…@clients`). It shows which provider
    a user logs in with, so it never leaves the back end.
    """

    sub: str
    client_id: str
    scopes: frozenset[str]
    permissions: frozenset[str]
    expires_at: int
    is_machine: bool  # an application acts for itself (client credentials), not for a user

    @classmethod
    def from_event(
        cls, event: Mapping[str, Any], clock: Callable[[], float] = time.time
    ) -> "Identity":
        """Read the identity from a REST API's proxy event.

        Raises NotAuthenticated if the context has no identity or the token has expired. A token can
        expire while API Gateway still caches its Allow, which it does for up to 300 s.
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
            # API Gateway may still hold a context without `machine`, from before an update.
            is_machine=context.get("machine") == "true" or sub.endswith("@clients"),
        )

    def may(self, permission: str) -> bool:
        """Return whether the token has this permission."""
        return permission in self.permissions
