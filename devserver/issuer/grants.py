"""The four grants of the token endpoint: Authlib's protocol over the tenant's memory."""

import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge

from devserver.issuer.tenant import CODE_LIFETIME, TOKEN_LIFETIME, Application, Grant, Tenant, User


class ServiceNotFound(OAuth2Error):
    """An audience that no API of the tenant has, in Auth0's words."""

    error = "access_denied"
    status_code = 403


class WrongPassword(OAuth2Error):
    """In Auth0's words."""

    error = "invalid_grant"
    status_code = 403
    description = "Wrong email or password."


class _S256(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


def require_known_audience(tenant: Tenant, audience: str | None) -> str | None:
    """The audience, if the tenant has such an API or none was asked for."""
    if audience and audience not in tenant.audiences:
        raise ServiceNotFound(description=f"Service not found: {audience}")
    return audience


def register_grants(server: AuthorizationServer, tenant: Tenant) -> None:
    """Teach the server the tenant's grants."""

    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            data = request.payload.data
            tenant.codes[code] = Grant(
                client_id=request.payload.client_id,
                user=request.user,
                scope=request.payload.scope or "",
                audience=require_known_audience(tenant, data.get("audience")),
                redirect_uri=request.payload.redirect_uri or "",
                nonce=data.get("nonce"),
                code_challenge=data.get("code_challenge"),
                code_challenge_method=data.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, client: Application) -> Grant | None:
            grant = tenant.codes.pop(code, None)  # a code is good for one attempt
            if grant is None or not grant.check_client(client):
                return None
            return grant if time.time() - grant.made_at < CODE_LIFETIME else None

        def delete_authorization_code(self, authorization_code: Grant) -> None:
            """It is gone since it was asked for."""

        def authenticate_user(self, authorization_code: Grant) -> User:
            return authorization_code.user

        def generate_token(self, **_: Any) -> dict[str, Any]:
            grant = self.request.authorization_code
            return tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))

    class RefreshGrant(grants.RefreshTokenGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def authenticate_refresh_token(self, refresh_token: str) -> Grant | None:
            return tenant.refresh_tokens.get(refresh_token)

        def authenticate_user(self, refresh_token: Grant) -> User:
            return refresh_token.user

        def revoke_old_credential(self, _: Grant) -> None:
            """Rotation: what was exchanged is good no more."""
            tenant.refresh_tokens.pop(self.request.form["refresh_token"], None)

        def generate_token(self, **_: Any) -> dict[str, Any]:
            grant = self.request.refresh_token
            return tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))

    class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

        def authenticate_user(self, username: str, password: str) -> User:
            user = tenant.user_with_password(username, password)
            if user is None:
                raise WrongPassword
            return user

        def generate_token(self, **_: Any) -> dict[str, Any]:
            payload = self.request.payload
            grant = Grant(
                client_id=payload.client_id,
                user=self.request.user,
                scope=payload.scope or "",
                audience=require_known_audience(tenant, payload.data.get("audience")),
            )
            return tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))

    class MachineGrant(grants.ClientCredentialsGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

        def generate_token(self, **_: Any) -> dict[str, Any]:
            audience = require_known_audience(tenant, self.request.payload.data.get("audience"))
            return tenant.token_for_machine(self.client, audience, _lifetime(self.request))

    server.register_grant(CodeGrant, [_S256(required=True)])
    server.register_grant(RefreshGrant)
    server.register_grant(PasswordGrant)
    server.register_grant(MachineGrant)


def _lifetime(request: Any) -> int:
    """The token's seconds: this issuer's own parameter `expires_in`, which Auth0 does not have.

    Below zero the token has expired when it is made.
    """
    asked = request.form.get("expires_in", "")
    is_number = asked.removeprefix("-").isdecimal() and len(asked) < 10
    return min(int(asked), TOKEN_LIFETIME) if is_number else TOKEN_LIFETIME
