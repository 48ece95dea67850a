"""The authorization endpoint and the login page."""

import hashlib
import re
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from flask import Flask, Response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from devserver.issuer.grants import require_known_audience
from devserver.issuer.parameters import query_of_parameters, read_parameters_once
from devserver.issuer.tenant import Tenant, is_local_address


def add_login(app: Flask, tenant: Tenant, server: AuthorizationServer) -> None:
    """Add the authorization endpoint, and the target of the login page's form."""

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> AnyResponse | str | tuple[str, int]:
        read_parameters_once()
        if not is_local_address(request.values.get("redirect_uri", "")):
            return "redirect_uri must be an address of this machine.", 400
        user = tenant.user(session.get("sub"))
        try:
            grant = server.get_consent_grant(end_user=user)
            require_known_audience(tenant, request.values.get("audience"))
            prompts, max_age = _prompts(), _max_age()
        except OAuth2Error as e:
            return _error_response(e)
        if user is None or _must_log_in_again(prompts, max_age):
            if "none" in prompts:
                return _to_application(
                    {"error": "login_required", "error_description": "Log in first"}
                )
            return render_template(
                "login.html", users=tenant.users.values(), query=query_of_parameters()
            )
        with tenant.lock:
            response: AnyResponse = server.create_authorization_response(
                grant_user=user, grant=grant
            )
        if request.values.get("response_mode") == "web_message":
            return _web_message(dict(_query_of(response.headers["Location"])))
        return response

    @app.post("/login")
    def login() -> AnyResponse | tuple[str, int]:
        user = tenant.users.get(request.form.get("email", ""))
        if user is None:
            return "There is no such user.", 400
        query = urlencode(_query_of(f"?{request.form['query']}"))
        session["sub"] = user.sub
        session["auth_time"] = int(time.time())
        session["resumed"] = _digest(query)
        return redirect(f"/authorize?{query}", 303)


def _prompts() -> set[str]:
    """Return the values of `prompt` (OpenID Connect Core §3.1.2.1). Raises InvalidRequestError."""
    prompts = set(request.values.get("prompt", "").split())
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt has none together with another value.")
    return prompts


def _max_age() -> int | None:
    """Return `max_age` in seconds, or None without one. Raises InvalidRequestError."""
    text = request.values.get("max_age", "")
    if not re.fullmatch(r"[0-9]{0,9}", text):
        raise InvalidRequestError("max_age must be a number of seconds.")
    return int(text) if text else None


def _must_log_in_again(prompts: set[str], max_age: int | None) -> bool:
    """Return whether this request asks for a newer login than that of the session.

    A login for this very request is new enough, even if the request has `max_age=0`.
    """
    if session.pop("resumed", None) == _digest(query_of_parameters()):
        return False
    if prompts & {"login", "select_account"}:
        return True
    if max_age is None:
        return False
    return max_age == 0 or time.time() - session["auth_time"] > max_age


def _digest(query: str) -> str:
    """Return a digest of a request. The whole request may be too long for a cookie."""
    return hashlib.sha256(query.encode()).hexdigest()


def _error_response(error: OAuth2Error) -> AnyResponse | tuple[str, int]:
    """Send an error to the application, or to a page if the application is unknown (RFC 6749
    §4.1.2.1)."""
    if error.error not in ("invalid_client", "unauthorized_client"):
        return _to_application({"error": error.error, "error_description": error.description or ""})
    return f"{error.error}: {error.description}", 400


def _to_application(members: dict[str, str]) -> AnyResponse:
    if "state" in request.values:
        members["state"] = request.values["state"]
    if request.values.get("response_mode") == "web_message":
        return _web_message(members)
    return redirect(add_params_to_uri(request.values["redirect_uri"], list(members.items())))


def _web_message(members: dict[str, str]) -> AnyResponse:
    """Return the page that posts the result of a silent login to the page around its frame."""
    parts = urlsplit(request.values["redirect_uri"])
    page = render_template(
        "web_message.html",
        message={"type": "authorization_response", "response": members},
        origin=f"{parts.scheme}://{parts.netloc}",
    )
    return Response(page)


def _query_of(uri: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(uri).query, keep_blank_values=True)
