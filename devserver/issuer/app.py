"""The issuer's application: discovery, keys, and which pages may send requests."""

import os
import secrets
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Flask, Response, jsonify, request
from flask_cors import CORS

from devserver.issuer.grants import AUTHENTICATION_METHODS, register_grants
from devserver.issuer.login import add_login
from devserver.issuer.logout import add_logout
from devserver.issuer.tenant import Tenant
from devserver.issuer.tokens import add_tokens

MAX_BODY_BYTES = 100_000
# Auth0 sends this header. Verifiers must not rely on it.
KEY_SET_CACHE_CONTROL = "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"


def create_issuer(tenant: Tenant) -> Flask:
    """Return the WSGI application of a tenant."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP on this machine
    app = Flask(__name__)
    app.secret_key = secrets.token_hex(32)
    app.config["SESSION_COOKIE_NAME"] = "issuer_session"
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    _refuse_other_pages(app, tenant)
    server = AuthorizationServer(app, tenant.applications.get, lambda _token, _request: None)
    register_grants(server, tenant)
    _add_metadata(app, tenant)
    _add_key_management(app, tenant)
    add_login(app, tenant, server)
    add_logout(app, tenant)
    add_tokens(app, tenant, server)
    return app


def _refuse_other_pages(app: Flask, tenant: Tenant) -> None:
    """Refuse requests that a browser sends for pages of other origins.

    Everyone knows the passwords of this issuer, so any page could get tokens and rotate keys. The
    issuer's own login page sends its form. Clients that are not browsers send no `Origin`.
    """
    origins = {tenant.app_origin, tenant.issuer.rstrip("/")}
    refusal = f"The issuer accepts requests only from pages of {tenant.app_origin}."

    @app.before_request
    def check_origin() -> Response | None:
        is_other = request.headers.get("Origin", tenant.app_origin) not in origins
        # A link or an image of another site sends no Origin, but this (Fetch Metadata §2.3).
        if is_other or request.headers.get("Sec-Fetch-Site") == "cross-site":
            return Response(refusal, 403, content_type="text/plain")
        return None

    CORS(
        app,
        resources=["/oauth/*", "/userinfo", "/.well-known/*"],
        origins=[tenant.app_origin],
        expose_headers=["WWW-Authenticate"],
        always_send=False,  # only to the app
    )


def _discovery_document(issuer: str) -> dict[str, Any]:
    """Return the issuer's metadata (OpenID Connect Discovery §3, RFC 8414 §2).

    The end-session endpoint is from OpenID Connect RP-Initiated Logout §2.1.
    """
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}authorize",
        "token_endpoint": f"{issuer}oauth/token",
        "revocation_endpoint": f"{issuer}oauth/revoke",
        "userinfo_endpoint": f"{issuer}userinfo",
        "end_session_endpoint": f"{issuer}oidc/logout",
        "jwks_uri": f"{issuer}.well-known/jwks.json",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "web_message"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "password",
            "client_credentials",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _add_metadata(app: Flask, tenant: Tenant) -> None:
    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return jsonify(_discovery_document(tenant.issuer))

    @app.get("/.well-known/jwks.json")
    def key_set() -> Response:
        response = jsonify(tenant.key_set())
        response.headers["Cache-Control"] = KEY_SET_CACHE_CONTROL
        return response


def _add_key_management(app: Flask, tenant: Tenant) -> None:
    """Add two routes for tests. Auth0 has them in its management API, at other addresses."""

    @app.post("/keys/rotate")
    def rotate_keys() -> Response:
        """Sign with a new key from now on."""
        with tenant.lock:
            tenant.rotate_keys()
        return jsonify(tenant.key_set())

    @app.post("/keys/revoke")
    def revoke_keys() -> Response:
        """Withdraw all keys but the one that signs."""
        with tenant.lock:
            tenant.revoke_former_keys()
        return jsonify(tenant.key_set())
