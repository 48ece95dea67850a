"""The endpoints for tokens: to get them, to revoke them, and to read a user's profile with one."""

import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Flask, Response, abort, jsonify, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.wrappers import Response as AnyResponse

from devserver.issuer.tenant import Tenant

FORM = "application/x-www-form-urlencoded"


def add_tokens(app: Flask, tenant: Tenant, server: AuthorizationServer) -> None:
    """Add the endpoints."""

    @app.post("/oauth/token")
    def token() -> AnyResponse:
        _take_json_as_form()
        with tenant.lock:  # of two requests with one refresh token, the second one is a reuse
            response: AnyResponse = server.create_token_response()
        return response

    @app.post("/oauth/revoke")
    def revoke() -> AnyResponse:
        _take_json_as_form()
        with tenant.lock:
            response: AnyResponse = server.create_endpoint_response("revocation")
        return response

    @app.route("/userinfo", methods=["GET", "POST"])
    def user_info() -> AnyResponse:
        """Return the claims of the user (OpenID Connect Core §5.3)."""
        presented = _bearer_tokens()
        if not presented:
            return _refusal(401)
        if len(presented) > 1:
            return _refusal(400, "invalid_request", "The request has more than one access token.")
        access_token = tenant.access_tokens.get(presented[0])
        if access_token is None or access_token.expires_at <= time.time():
            return _refusal(401, "invalid_token", "The access token is unknown or has expired.")
        if access_token.user is None or "openid" not in access_token.scope.split():
            return _refusal(403, "insufficient_scope", "The scope openid is missing.", "openid")
        response = jsonify(access_token.user.profile(access_token.scope))
        response.headers["Cache-Control"] = "no-store"
        return response


def _take_json_as_form() -> None:
    """Let a JSON object stand for the form. The SDKs send forms, many scripts JSON; Auth0 accepts
    both."""
    if not request.is_json:
        return
    members = request.get_json()
    if not isinstance(members, dict):
        abort(Response("The body must be a form or a JSON object.", 400))
    request.form = ImmutableMultiDict({name: str(members[name]) for name in members})


def _bearer_tokens() -> list[str]:
    """Return the access tokens of a request, from header and form (RFC 6750 §2.1 and §2.2)."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    tokens = [token.strip()] if scheme.lower() == "bearer" else []
    if request.method == "POST" and request.mimetype == FORM:
        tokens += request.form.getlist("access_token")
    return tokens


def _refusal(status: int, error: str = "", description: str = "", scope: str = "") -> AnyResponse:
    """Return the response to a request without the right access token (RFC 6750 §3).

    A request without any token gets no error code (§3.1).
    """
    attributes = {"error": error, "error_description": description, "scope": scope}
    challenge = "".join(f', {name}="{value}"' for name, value in attributes.items() if value)
    response = Response(description or "Unauthorized", status, content_type="text/plain")
    response.headers["WWW-Authenticate"] = f'Bearer realm="userinfo"{challenge}'
    return response
