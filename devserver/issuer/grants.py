"""The grants of the token endpoint, and revocation: Authlib's protocol with the tenant's data."""

import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidRequestError,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import session

from devserver.issuer.tenant import CODE_LIFETIME, TOKEN_LIFETIME, Application, Grant, Tenant, User

AUTHENTICATION_METHODS = ("none", "client_secret_basic", "client_secret_post")


class ServiceNotFound(OAuth2Error):
    """No API of the tenant has this audience; the text is Auth0's."""

    error = "access_denied"
    status_code = 403


class WrongPassword(OAuth2Error):
    """The password is wrong; the text is Auth0's."""

    error = "invalid_grant"
    status_code = 403
    description = "Wrong email or password."


class NotRevocable(OAuth2Error):
    """The token is an access token, which stays valid until it expires (RFC 7009 §2.2.1)."""

    error = "unsupported_token_type"
    description = "Only refresh tokens can be revoked."


class _S256(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


def require_known_audience(tenant: Tenant, audience: str | None) -> str | None:
    """Return the audience. Raises ServiceNotFound if no API of the tenant has it."""
    if audience and audience not in tenant.audiences:
        raise ServiceNotFound(description=f"Service not found: {audience}")
    return audience


class _TenantGrant:
    """A grant that reads and writes the tenant's data; `register_grants` sets the tenant."""

    tenant: Tenant


class _CodeGrant(_TenantGrant, grants.AuthorizationCodeGrant):
    """The authorization code grant with PKCE."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Remember what the user granted."""
        data = request.payload.data
        self.tenant.codes[code] = Grant(
            client_id=request.payload.client_id,
            user=request.user,
            scope=request.payload.scope or "",
            audience=require_known_audience(self.tenant, data.get("audience")),
            redirect_uri=request.payload.redirect_uri or "",
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            auth_time=session["auth_time"] if data.get("max_age") else None,
        )

    def query_authorization_code(self, code: str, client: Application) -> Grant | None:
        """Return the grant of a code, and forget it: a code is good for one attempt."""
        grant = self.tenant.codes.pop(code, None)
        if grant is None or not grant.check_client(client):
            return None
        return grant if time.time() - grant.created_at < CODE_LIFETIME else None

    def delete_authorization_code(self, authorization_code: Grant) -> None:
        """Do nothing: `query_authorization_code` has removed the code."""

    def authenticate_user(self, authorization_code: Grant) -> User:
        """Return the user."""
        return authorization_code.user

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """Return the response with the tokens."""
        grant = self.request.authorization_code
        return self.tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))


class _RefreshGrant(_TenantGrant, grants.RefreshTokenGrant):
    """The refresh token grant, with rotation."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def authenticate_refresh_token(self, refresh_token: str) -> Grant | None:
        """Return the grant of a refresh token."""
        return self.tenant.grant_of_refresh_token(refresh_token)

    def authenticate_user(self, refresh_token: Grant) -> User:
        """Return the user."""
        return refresh_token.user

    def revoke_old_credential(self, _: Grant) -> None:
        """Do nothing: a new token of the family has replaced it (rotation)."""

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """Return the response with the tokens."""
        grant = self.request.refresh_token
        return self.tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))


class _PasswordGrant(_TenantGrant, grants.ResourceOwnerPasswordCredentialsGrant):
    """The password grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def authenticate_user(self, username: str, password: str) -> User:
        """Return the user."""
        user = self.tenant.user_with_password(username, password)
        if user is None:
            raise WrongPassword
        return user

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """Return the response with the tokens."""
        payload = self.request.payload
        grant = Grant(
            client_id=payload.client_id,
            user=self.request.user,
            scope=payload.scope or "",
            audience=require_known_audience(self.tenant, payload.data.get("audience")),
        )
        return self.tenant.tokens_for_user(grant, self.GRANT_TYPE, _lifetime(self.request))


class _MachineGrant(_TenantGrant, grants.ClientCredentialsGrant):
    """The client credentials grant."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def generate_token(self, **_: Any) -> dict[str, Any]:
        """Return the response with the tokens."""
        audience = require_known_audience(self.tenant, self.request.payload.data.get("audience"))
        return self.tenant.token_for_machine(self.client, audience, _lifetime(self.request))


class _Revocation(RevocationEndpoint):
    """Revocation of refresh tokens (RFC 7009), with the responses that Auth0 documents.

    A token that is unknown or of another application gets a 200 and stays as it is.
    """

    CLIENT_AUTH_METHODS = AUTHENTICATION_METHODS
    tenant: Tenant

    def create_endpoint_response(self, request: Any) -> tuple[int, str, list[Any]]:
        """Revoke the token of the form. Return status, body and headers."""
        try:
            application = self.authenticate_endpoint_client(request)
        except InvalidClientError as e:  # Authlib has two statuses for it
            raise InvalidClientError("The application is unknown.", status_code=401) from e
        token = request.form.get("token")
        if not token:
            raise InvalidRequestError("The parameter token is missing.")
        if token in self.tenant.access_tokens:
            raise NotRevocable
        self.tenant.revoke_refresh_token(token, application)
        return 200, "", []


def register_grants(server: AuthorizationServer, tenant: Tenant) -> None:
    """Register the tenant's grants and its revocation endpoint at the server."""
    server.register_endpoint(type("Revocation", (_Revocation,), {"tenant": tenant}))
    for grant in (_CodeGrant, _RefreshGrant, _PasswordGrant, _MachineGrant):
        extensions = [_S256(required=True)] if grant is _CodeGrant else None
        of_tenant = type(grant.__name__, (grant,), {"tenant": tenant})
        server.register_grant(of_tenant, extensions)


def _lifetime(request: Any) -> int:
    """Return the token's lifetime in seconds.

    `expires_in` is a parameter of this issuer alone; Auth0 has none. A token with a negative
    lifetime has expired when it is issued.
    """
    requested = request.form.get("expires_in", "")
    is_number = requested.removeprefix("-").isdecimal() and len(requested) < 10
    return min(int(requested), TOKEN_LIFETIME) if is_number else TOKEN_LIFETIME
