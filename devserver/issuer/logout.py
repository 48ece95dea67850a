"""The two logout endpoints: Auth0's own, and that of OpenID Connect.

The local issuer never asks the user whether to log out, like a tenant whose logout prompt is off.
"""

from authlib.common.urls import add_params_to_uri
from flask import Flask, redirect, request, session
from werkzeug.wrappers import Response as AnyResponse

from devserver.issuer.parameters import read_parameters_once
from devserver.issuer.tenant import Application, Tenant, is_local_address

LOGGED_OUT = "You are logged out."


class InvalidLogout(Exception):
    """A logout request is invalid, so that no redirect may follow (RP-Initiated Logout §4)."""


def add_logout(app: Flask, tenant: Tenant) -> None:
    """Add the logout endpoints."""

    @app.get("/v2/logout")
    def logout() -> AnyResponse | tuple[str, int]:
        session.clear()
        target = request.args.get("returnTo", "")
        if target and not is_local_address(target):
            return "returnTo must be an address of this machine.", 400
        return redirect(target) if target else (LOGGED_OUT, 200)

    @app.route("/oidc/logout", methods=["GET", "POST"])
    def end_session() -> AnyResponse | tuple[str, int]:
        """Log out (OpenID Connect RP-Initiated Logout §2 and §3)."""
        read_parameters_once()
        target, state = (request.values.get(k) for k in ("post_logout_redirect_uri", "state"))
        try:
            application = _requesting_application(tenant)
        except InvalidLogout as e:
            return str(e), 400
        if target and not (application and application.check_logout_uri(target)):
            return "The application does not allow this post_logout_redirect_uri.", 400
        session.clear()
        if not target:
            return LOGGED_OUT, 200
        return redirect(add_params_to_uri(target, [("state", state)] if state else []))


def _requesting_application(tenant: Tenant) -> Application | None:
    """Return the application that `id_token_hint` or `client_id` names; None without both.

    Raises InvalidLogout.
    """
    client_id, hint = (request.values.get(name) for name in ("client_id", "id_token_hint"))
    if client_id and client_id not in tenant.applications:
        raise InvalidLogout("There is no application with this client_id.")
    if hint:
        claims = tenant.id_token_claims(hint)
        if claims is None:
            raise InvalidLogout("id_token_hint is not an ID token of this issuer.")
        if client_id and claims["aud"] != client_id:
            raise InvalidLogout("id_token_hint is a token of another application.")
        if session.get("sub", claims["sub"]) != claims["sub"]:
            raise InvalidLogout("id_token_hint is a token of another user.")
        client_id = claims["aud"]
    return tenant.applications[client_id] if client_id else None
