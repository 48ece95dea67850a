"""A client that behaves like a browser logs in on the issuer's page and edits a post."""

import base64
import hashlib
import html
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from devserver.issuer.tenant import SPA_CLIENT
from devserver.settings import AUDIENCE
from tests.support.stack import Client, Stack

CALLBACK = "http://localhost:5173/"


def test_login_with_code_and_pkce_then_an_edit_of_an_own_post(stack: Stack) -> None:
    if stack.issuer_url is None:
        pytest.skip("needs the local stack's issuer: set ISSUER_URL, or test the devserver")
    configuration = requests.get(
        f"{stack.issuer_url}.well-known/openid-configuration", timeout=10
    ).json()
    browser = requests.Session()
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    request = {
        "response_type": "code",
        "client_id": SPA_CLIENT,
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "audience": AUDIENCE,
        "state": "opaque to the issuer",
        "nonce": "n",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    page = browser.get(configuration["authorization_endpoint"], params=request, timeout=10).text
    query = re.search(r'name="query" value="([^"]*)"', page)
    assert query is not None
    chosen = {"query": html.unescape(query[1]), "email": "alice@example.com"}
    back = browser.post(f"{stack.issuer_url}login", data=chosen, timeout=10, allow_redirects=False)
    back = browser.get(
        f"{stack.issuer_url}{back.headers['Location'].lstrip('/')}",
        timeout=10,
        allow_redirects=False,
    )
    assert back.headers["Location"].startswith(CALLBACK)
    members = parse_qs(urlsplit(back.headers["Location"]).query)
    assert members["state"] == ["opaque to the issuer"]
    tokens = browser.post(
        configuration["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "client_id": SPA_CLIENT,
            "code": members["code"][0],
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        },
        timeout=10,
    ).json()

    me = Client(stack, tokens["access_token"])
    post = me.create(title="Written after logging in")
    edited = me.edit(post["id"], f'"{post["version"]}"', body="and edited")
    assert edited.status_code == 200
    assert edited.json()["body"] == "and edited"
