"""Requests to the local issuer, as the SDKs send them."""

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from devserver.issuer.tenant import SPA_CLIENT, Tenant
from devserver.settings import AUDIENCE

URL = "http://localhost:9400/"
CALLBACK = "http://localhost:5173/"
PASSWORD_GRANT = {
    "grant_type": "password",
    "client_id": SPA_CLIENT,
    "username": "alice@example.com",
    "password": "password",
}
MACHINE_GRANT = {
    "grant_type": "client_credentials",
    "client_id": "blog-importer",
    "client_secret": "secret",
    "audience": AUDIENCE,
}


def verified(tenant: Tenant, token: str, audience: str = AUDIENCE) -> dict[str, Any]:
    """Return the claims of a token, verified with the issuer's key set."""
    keys = {key["kid"]: key for key in tenant.key_set()["keys"]}
    key = jwt.PyJWK(keys[jwt.get_unverified_header(token)["kid"]])
    found: dict[str, Any] = jwt.decode(
        token, key, algorithms=["RS256"], audience=audience, issuer=URL
    )
    return found


class Login:
    """An authorization request with PKCE, as the SPA's SDK makes it."""

    def __init__(self, **changes: str) -> None:
        self.verifier = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.parameters = {
            "response_type": "code",
            "client_id": SPA_CLIENT,
            "redirect_uri": CALLBACK,
            "scope": "openid profile email offline_access",
            "audience": AUDIENCE,
            "state": "st=ate&",
            "nonce": "the nonce",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes

    def address(self) -> str:
        return "/authorize?" + urlencode(self.parameters)

    def code(self, issuer: FlaskClient) -> str:
        """Choose alice on the login page, and return the code that the callback receives."""
        page = issuer.get(self.address()).text
        query = re.search(r'name="query" value="([^"]+)"', page)
        assert query is not None
        chosen = {"email": "alice@example.com", "query": query[1].replace("&amp;", "&")}
        response = issuer.post("/login", data=chosen)
        return self.code_of(issuer.get(response.headers["Location"]))

    def code_of(self, response: TestResponse) -> str:
        location = urlsplit(response.headers["Location"])
        assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
        members = parse_qs(location.query)
        assert members["state"] == ["st=ate&"]
        return members["code"][0]

    def exchange(self, issuer: FlaskClient, code: str, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "client_id": SPA_CLIENT,
            "redirect_uri": CALLBACK,
            "code": code,
            "code_verifier": self.verifier,
        } | changes
        return issuer.post("/oauth/token", data=form)


def tokens(issuer: FlaskClient, **form: str) -> dict[str, Any]:
    """Return the issuer's response to the password grant of alice."""
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | form)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json or {}
    return found


def refresh(issuer: FlaskClient, refresh_token: str) -> TestResponse:
    """Exchange a refresh token."""
    form = {
        "grant_type": "refresh_token",
        "client_id": SPA_CLIENT,
        "refresh_token": refresh_token,
    }
    return issuer.post("/oauth/token", data=form)
