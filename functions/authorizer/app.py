"""Lambda authorizer: an access token in, a policy and an identity out.

It returns Deny for a bad token, and raises only when it cannot decide. API Gateway caches a Deny
like an Allow, and a temporary error must not become a cached Deny.
"""

import gc
import os
import time
from collections.abc import Mapping
from typing import Any

from blog_auth.key_fetch import PendingKeySet
from blog_auth.settings import Settings

settings = Settings.from_environment(os.environ)
gc.disable()  # imports create many objects but no garbage, so collections would be wasted time
fetches = [PendingKeySet(issuer.jwks_uri) for issuer in settings.issuers]  # during the imports

from blog_auth import emf
from blog_auth.access_token import AccessToken, AccessTokenVerifier, bearer_token
from blog_auth.errors import TokenRefused, Undecided
from blog_auth.key_set import KeySet
from blog_auth.refusals import Refusal


def _count_fetch(outcome: str, age: float | None) -> None:
    emf.count("KeySetFetches", {"outcome": outcome}, {}, {} if age is None else {"KeySetAge": age})


key_sets = {
    issuer.name: KeySet(issuer.jwks_uri, max_age=settings.keys_max_age, on_fetch=_count_fetch)
    for issuer in settings.issuers
}
for key_set, fetch in zip(key_sets.values(), fetches, strict=True):
    key_set.preload(fetch)
verifier = AccessTokenVerifier(settings, key_sets, time.time)

gc.freeze()
gc.enable()


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Return a policy for a REQUEST event of a REST API.

    Raises Undecided if the issuer's keys are not available.
    """
    try:
        token = verifier.verify(bearer_token(_authorization_headers(event)))
    except TokenRefused as e:
        _log(event, context, "deny", e.refusal.code, key_id=e.key_id, client_id=e.client_id)
        return _deny(event["methodArn"], e.refusal)
    except Undecided as e:
        _log(event, context, "undecided", e.reason, key_id=e.key_id, client_id=e.client_id)
        raise
    _log(event, context, "allow", "verified", key_id=token.key_id, client_id=token.client_id)
    return _allow(event["methodArn"], token)


def _authorization_headers(event: Mapping[str, Any]) -> list[str]:
    headers = event.get("multiValueHeaders") or {}
    return [value for name in headers if name.lower() == "authorization" for value in headers[name]]


def _allow(method_arn: str, token: AccessToken) -> dict[str, Any]:
    context = {
        "sub": token.sub,
        "scope": token.scope,
        "permissions": " ".join(token.permissions),
        "client_id": token.client_id,
        "exp": str(token.expires_at),
        "machine": "true" if token.is_machine else "false",
    }
    return _policy(token.sub, "Allow", method_arn, context)


def _deny(method_arn: str, refusal: Refusal) -> dict[str, Any]:
    context = {"auth_error": "invalid_token", "auth_error_description": refusal.description}
    return _policy("unverified", "Deny", method_arn, context)


def _policy(
    principal_id: str, effect: str, method_arn: str, context: dict[str, str]
) -> dict[str, Any]:
    """Build a policy for the whole stage: API Gateway caches it by token for every route."""
    api, stage, _ = method_arn.split("/", 2)
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": effect,
        "Resource": f"{api}/{stage}/*",
    }
    return {
        "principalId": principal_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def _log(
    event: Mapping[str, Any],
    context: object,
    decision: str,
    reason: str,
    *,
    key_id: str = "",
    client_id: str = "",
) -> None:
    """Log one line for a decision; of the token, it holds only the key id and the client id."""
    emf.count(
        "Decisions",
        {"decision": decision, "reason": reason},
        {
            "level": "INFO",
            "message": "authorization",
            "correlation_id": (event.get("requestContext") or {}).get("requestId"),
            "function_request_id": getattr(context, "aws_request_id", None),
            "kid": emf.loggable(key_id),
            "client_id": emf.loggable(client_id),
        },
    )
