"""The issuer's routes, as the Auth0 SDKs call them."""

import os
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, jsonify, redirect, render_template, request, session
from flask_cors import CORS
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response as AnyResponse

from devserver.issuer.grants import register_grants, require_known_audience
from devserver.issuer.tenant import Tenant, is_local_address

# Auth0 sends this header. Verifiers must not rely on it.
KEY_SET_CACHE_CONTROL = "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400"


def create_issuer(tenant: Tenant) -> Flask:
    """Return the WSGI application of a tenant."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP on this machine
    app = Flask(__name__)
    app.secret_key = secrets.token_hex(32)
    app.config["SESSION_COOKIE_NAME"] = "issuer_session"
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    _refuse_other_pages(app, tenant)
    server = AuthorizationServer(app, tenant.applications.get, lambda _token, _request: None)
    register_grants(server, tenant)
    _add_metadata(app, tenant)
    _add_key_management(app, tenant)
    _add_authorization(app, tenant, server)
    _add_login(app, tenant)
    _add_tokens(app, tenant, server)
    return app


def _refuse_other_pages(app: Flask, tenant: Tenant) -> None:
    """Refuse requests that a browser sends for pages of other origins.

    Everyone knows the passwords of this issuer, so any page could get tokens and rotate keys. The
    issuer's own login page sends its form. Clients that are not browsers send no `Origin`.
    """
    origins = {tenant.app_origin, tenant.issuer.rstrip("/")}

    @app.before_request
    def check_origin() -> Response | None:
        is_other = request.headers.get("Origin", tenant.app_origin) not in origins
        # A link or an image of another site sends no Origin, but this (Fetch Metadata §2.4).
        if is_other or request.headers.get("Sec-Fetch-Site") == "cross-site":
            return Response("The issuer accepts requests only from the app's pages.", 403)
        return None

    CORS(
        app,
        resources=["/oauth/*", "/userinfo", "/.well-known/*"],
        origins=[tenant.app_origin],
        always_send=False,  # only to the app
    )


def _discovery_document(issuer: str) -> dict[str, Any]:
    """Return the issuer's metadata (OpenID Connect Discovery §3)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}authorize",
        "token_endpoint": f"{issuer}oauth/token",
        "userinfo_endpoint": f"{issuer}userinfo",
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
        tenant.rotate_keys()
        return jsonify(tenant.key_set())

    @app.post("/keys/revoke")
    def revoke_keys() -> Response:
        """Withdraw all keys but the one that signs."""
        tenant.revoke_former_keys()
        return jsonify(tenant.key_set())


def _add_authorization(app: Flask, tenant: Tenant, server: AuthorizationServer) -> None:
    @app.get("/authorize")
    def authorize() -> AnyResponse | str | tuple[str, int]:
        if not is_local_address(request.args.get("redirect_uri", "")):
            return "redirect_uri must be an address of this machine.", 400
        user = tenant.user(session.get("sub"))
        prompt = request.args.get("prompt", "")
        try:
            grant = server.get_consent_grant(end_user=user)
            require_known_audience(tenant, request.args.get("audience"))
        except OAuth2Error as e:
            return _error_response(e)
        if user is None and prompt == "none":
            return _to_application({"error": "login_required", "error_description": "Log in first"})
        if user is None or prompt in ("login", "select_account"):
            return render_template(
                "login.html", users=tenant.users.values(), query=request.query_string.decode()
            )
        response: AnyResponse = server.create_authorization_response(grant_user=user, grant=grant)
        if request.args.get("response_mode") == "web_message":
            return _web_message(dict(_query_of(response.headers["Location"])))
        return response


def _add_login(app: Flask, tenant: Tenant) -> None:
    @app.post("/login")
    def login() -> AnyResponse | tuple[str, int]:
        user = tenant.users.get(request.form.get("email", ""))
        if user is None:
            return "There is no such user.", 400
        session["sub"] = user.sub
        query = _query_of(f"?{request.form['query']}")
        without_prompt = [(name, value) for name, value in query if name != "prompt"]
        return redirect(f"/authorize?{urlencode(without_prompt)}", 303)

    @app.get("/v2/logout")
    def logout() -> AnyResponse | tuple[str, int]:
        session.clear()
        target = request.args.get("returnTo", "")
        if target and not is_local_address(target):
            return "returnTo must be an address of this machine.", 400
        return redirect(target) if target else ("You are logged out.", 200)


def _add_tokens(app: Flask, tenant: Tenant, server: AuthorizationServer) -> None:
    @app.post("/oauth/token")
    def token() -> AnyResponse:
        if request.is_json:  # the SDKs send forms, many scripts JSON; Auth0 accepts both
            members = request.get_json()
            if not isinstance(members, dict):
                return Response("The body must be a form or a JSON object.", 400)
            request.form = ImmutableMultiDict({name: str(members[name]) for name in members})
        response: AnyResponse = server.create_token_response()
        return response

    @app.get("/userinfo")
    def user_info() -> AnyResponse | tuple[str, int]:
        _, _, access_token = request.headers.get("Authorization", "").partition(" ")
        if access_token not in tenant.people_by_token:
            return "Unauthorized", 401
        user, scope = tenant.people_by_token[access_token]
        return jsonify(user.profile(scope))


def _error_response(error: OAuth2Error) -> AnyResponse | tuple[str, int]:
    """Send an error to the application, or to a page if the application is unknown (RFC 6749
    §4.1.2.1)."""
    if error.error not in ("invalid_client", "unauthorized_client"):
        return _to_application({"error": error.error, "error_description": error.description or ""})
    return f"{error.error}: {error.description}", 400


def _to_application(members: dict[str, str]) -> AnyResponse:
    if "state" in request.args:
        members["state"] = request.args["state"]
    if request.args.get("response_mode") == "web_message":
        return _web_message(members)
    return redirect(add_params_to_uri(request.args["redirect_uri"], list(members.items())))


def _web_message(members: dict[str, str]) -> AnyResponse:
    """Return the page that posts the result of a silent login to the page around its frame."""
    parts = urlsplit(request.args["redirect_uri"])
    page = render_template(
        "web_message.html",
        message={"type": "authorization_response", "response": members},
        origin=f"{parts.scheme}://{parts.netloc}",
    )
    return Response(page)


def _query_of(uri: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(uri).query, keep_blank_values=True)
