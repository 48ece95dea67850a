"""The tenant: its users, applications, APIs and signing keys, and the tokens it issues."""

import json
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import jwt
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from cryptography.hazmat.primitives.asymmetric import rsa

from devserver.settings import AUDIENCE, SPA_PORT

OTHER_AUDIENCE = "https://other.example.com/api"
SPA_CLIENT = "blog-spa"
PASSWORD = "password"
TOKEN_LIFETIME = 86_400  # seconds, Auth0's default
CODE_LIFETIME = 300
ID_TOKEN_LIFETIME = 36_000
APP_ORIGIN = f"http://localhost:{SPA_PORT}"
MAX_ENTRIES = 100_000  # of each kind that a tenant remembers
MAX_KEYS = 20

Value = TypeVar("Value")


class Newest(dict[str, Value]):
    """The newest entries. At the limit, a new entry removes the oldest."""

    def __setitem__(self, key: str, value: Value) -> None:
        if key not in self and len(self) >= MAX_ENTRIES:
            del self[next(iter(self))]
        super().__setitem__(key, value)


@dataclass(frozen=True)
class User:
    """A user who can log in. All users have the same password."""

    sub: str
    email: str
    name: str
    permissions: tuple[str, ...] = ()

    def profile(self, scope: str) -> dict[str, Any]:
        """Return the claims that the scopes allow (OpenID Connect Core §5.4)."""
        scopes = scope.split()
        claims: dict[str, Any] = {"sub": self.sub}
        if "profile" in scopes:
            claims |= {"name": self.name, "nickname": self.email.partition("@")[0]}
        if "email" in scopes:
            claims |= {"email": self.email, "email_verified": True}
        return claims


@dataclass(frozen=True)
class Application(ClientMixin):
    """An application as Auth0 knows it: the single-page app, or a machine with a secret."""

    client_id: str
    grant_types: tuple[str, ...]
    secret: str | None = None
    permissions: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        """Return the client id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Return None: the request must name the address."""

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return the requested scope."""
        return scope or ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Allow every address of this machine, because the app may run on any port."""
        return is_local_address(redirect_uri)

    def check_logout_uri(self, uri: str) -> bool:
        """Return whether a logout may lead there: from an app, to every address of this machine."""
        return "authorization_code" in self.grant_types and is_local_address(uri)

    def check_client_secret(self, client_secret: str) -> bool:
        """Return whether the secret is right."""
        return self.secret is not None and secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Return whether the application authenticates itself with this method."""
        return (method == "none") is (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        """Return whether the application may use this response type."""
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Return whether the application may use this grant."""
        return grant_type in self.grant_types


@dataclass(frozen=True)
class Grant(AuthorizationCodeMixin):
    """A user's grant to an application, behind an authorization code or a refresh token.

    `auth_time` is set if the request had a `max_age`. All refresh tokens of a grant are one family.
    """

    client_id: str
    user: User
    scope: str
    audience: str | None
    redirect_uri: str = ""
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None
    auth_time: int | None = None
    created_at: float = field(default_factory=time.time)
    family: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def get_redirect_uri(self) -> str:
        """Return the redirect address of the request."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return the granted scope."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return the request's nonce, if it had one."""
        return self.nonce

    def check_client(self, client: Application) -> bool:
        """Return whether this application received the grant."""
        return self.client_id == client.client_id


@dataclass(frozen=True)
class AccessToken:
    """An access token as the issuer remembers it. A machine's token has no user."""

    user: User | None
    scope: str
    expires_at: float


class SigningKey:
    """An RSA key with its id."""

    def __init__(self) -> None:
        self.id = secrets.token_urlsafe(16)
        self._private = rsa.generate_private_key(public_exponent=65_537, key_size=2048)

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT with these claims."""
        return jwt.encode(claims, self._private, algorithm="RS256", headers={"kid": self.id})

    def verified(self, token: str, issuer: str) -> dict[str, Any]:
        """Return the claims of a JWT, which may have expired and may have any audience.

        Raises jwt.InvalidTokenError.
        """
        claims: dict[str, Any] = jwt.decode(
            token,
            self._private.public_key(),
            algorithms=["RS256"],
            issuer=issuer,
            options={"verify_exp": False, "verify_aud": False, "require": ["iss", "sub", "aud"]},
        )
        return claims

    def public(self) -> dict[str, Any]:
        """Return the public key as it is in the JWKS."""
        key: dict[str, Any] = json.loads(
            jwt.algorithms.RSAAlgorithm.to_jwk(self._private.public_key())
        )
        key.pop("key_ops", None)
        return {**key, "kid": self.id, "use": "sig", "alg": "RS256"}


USERS = (
    User("auth0|6500000000000000000a11ce", "alice@example.com", "Alice Example"),
    User("auth0|650000000000000000000b0b", "bob@example.com", "Bob Example"),
    User(
        "auth0|65000000000000000000cafe",
        "moderator@example.com",
        "Mo Derator",
        ("moderate:content", "moderate:people"),
    ),
)
APPLICATIONS = (
    Application(SPA_CLIENT, ("authorization_code", "refresh_token", "password")),
    Application("blog-reader", ("client_credentials",), secret="secret"),
    Application("blog-importer", ("client_credentials",), "secret", ("author:posts",)),
)


class Tenant:
    """Everything that the issuer remembers until it ends."""

    def __init__(self, issuer: str, app_origin: str = APP_ORIGIN) -> None:
        """Create a tenant. `issuer` is its address with a final slash, as in the claim `iss`.

        Pages of `app_origin` may send requests to the issuer.
        """
        self.issuer = issuer
        self.app_origin = app_origin
        self.lock = threading.Lock()  # for requests that change what is remembered
        self.audiences = {AUDIENCE, OTHER_AUDIENCE}
        self.users = {user.email: user for user in USERS}
        self.applications = {one.client_id: one for one in APPLICATIONS}
        self.codes: Newest[Grant] = Newest()
        self.access_tokens: Newest[AccessToken] = Newest()
        self._refresh_tokens: Newest[Grant] = Newest()  # also those that were exchanged
        self._valid_by_family: Newest[str] = Newest()
        self._keys = [SigningKey()]

    def key_set(self) -> dict[str, Any]:
        """Return the public keys. The first one signs."""
        return {"keys": [key.public() for key in self._keys]}

    def rotate_keys(self) -> None:
        """Sign with a new key. The former keys stay published, as at Auth0, up to a limit."""
        self._keys = [SigningKey(), *self._keys][:MAX_KEYS]

    def revoke_former_keys(self) -> None:
        """Publish only the signing key."""
        self._keys = self._keys[:1]

    def user_with_password(self, email: str, password: str) -> User | None:
        """Return the user if the password is right, else None."""
        return self.users.get(email) if password == PASSWORD else None

    def user(self, sub: str | None) -> User | None:
        """Return the user with this sub, or None."""
        return next((user for user in self.users.values() if user.sub == sub), None)

    def grant_of_refresh_token(self, token: str) -> Grant | None:
        """Return the grant of a valid refresh token, or None.

        A token that was exchanged before may be stolen. So its reuse revokes its whole family
        (RFC 9700 §4.14.2; Auth0: "automatic reuse detection").
        """
        grant = self._refresh_tokens.get(token)
        if grant is None or self._valid_by_family.get(grant.family) == token:
            return grant
        self._valid_by_family.pop(grant.family, None)
        return None

    def revoke_refresh_token(self, token: str, application: Application) -> None:
        """Revoke a token of this application with its whole family (RFC 7009 §2.1)."""
        grant = self._refresh_tokens.get(token)
        if grant is not None and grant.check_client(application):
            self._valid_by_family.pop(grant.family, None)

    def id_token_claims(self, token: str) -> dict[str, Any] | None:
        """Return the claims of an ID token of this tenant, or None if it is not one.

        It may have expired (OpenID Connect RP-Initiated Logout §2).
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = next(key for key in self._keys if key.id == key_id)
            claims = key.verified(token, self.issuer)
        except (jwt.InvalidTokenError, StopIteration):
            return None
        audience = claims["aud"]  # an access token has the audience of an API
        return claims if isinstance(audience, str) and audience in self.applications else None

    def tokens_for_user(self, grant: Grant, grant_type: str, lifetime: int) -> dict[str, Any]:
        """Return the token endpoint's response for a user."""
        scopes = grant.scope.split()
        claims: dict[str, Any] = {"sub": grant.user.sub, "scope": grant.scope}
        if grant_type == "password":
            claims["gty"] = "password"
        claims["permissions"] = list(grant.user.permissions)
        access_token = self._access_token(claims, grant.client_id, grant.audience, scopes, lifetime)
        self.access_tokens[access_token] = AccessToken(
            grant.user, grant.scope, time.time() + lifetime
        )
        response = _token_response(access_token, grant.scope, lifetime)
        if "openid" in scopes:
            response["id_token"] = self._id_token(grant)
        if "offline_access" in scopes:
            refresh_token = response["refresh_token"] = secrets.token_urlsafe(32)
            self._refresh_tokens[refresh_token] = grant
            self._valid_by_family[grant.family] = refresh_token
        return response

    def token_for_machine(
        self, application: Application, audience: str | None, lifetime: int
    ) -> dict[str, Any]:
        """Return the token endpoint's response for an application that acts for itself."""
        scope = " ".join(application.permissions)
        claims = {
            "sub": f"{application.client_id}@clients",
            "gty": "client-credentials",
            "scope": scope,
            "permissions": list(application.permissions),
        }
        token = self._access_token(claims, application.client_id, audience, [], lifetime)
        self.access_tokens[token] = AccessToken(None, scope, time.time() + lifetime)
        return _token_response(token, scope, lifetime)

    def _access_token(
        self,
        claims: dict[str, Any],
        client_id: str,
        audience: str | None,
        scopes: list[str],
        lifetime: int,
    ) -> str:
        """Return a JWT for an audience; without one an opaque string, as Auth0 does."""
        if not audience:
            return secrets.token_urlsafe(32)
        now = int(time.time())
        audiences = [audience, f"{self.issuer}userinfo"] if "openid" in scopes else audience
        return self._keys[0].sign(
            {
                "iss": self.issuer,
                "aud": audiences,
                "iat": now,
                "exp": now + lifetime,
                "azp": client_id,
                **claims,
            }
        )

    def _id_token(self, grant: Grant) -> str:
        now = int(time.time())
        optional = {"nonce": grant.nonce, "auth_time": grant.auth_time}
        return self._keys[0].sign(
            {
                "iss": self.issuer,
                "aud": grant.client_id,
                "iat": now,
                "exp": now + ID_TOKEN_LIFETIME,
                "sid": secrets.token_urlsafe(16),
                **{name: value for name, value in optional.items() if value is not None},
                **grant.user.profile(grant.scope),
            }
        )


def is_local_address(uri: str) -> bool:
    """Return whether an address is on this machine. The issuer redirects to no other."""
    if not re.fullmatch(r"[\x21-\x5b\x5d-\x7e]+", uri):  # browsers read a backslash as a slash
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port  # raises if it is not a port
    except ValueError:
        return False
    return (
        parts.username is None
        and parts.scheme in ("http", "https")
        and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )


def _token_response(access_token: str, scope: str, lifetime: int) -> dict[str, Any]:
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": scope,
    }
