"""Refused tokens: each gets a 401 with fixed words, as problem JSON with CORS headers."""

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from devserver.issuer.tenant import OTHER_AUDIENCE
from tests.support.stack import Client, Json, Stack, problem


def rejected(stack: Stack, response: requests.Response) -> Json:
    """Check a 401 of the gateway, and return its body.

    `sam local` returns a bare 401 or 403 instead.
    """
    if stack.is_sam_local:
        assert response.status_code in (401, 403), response.text
        return {}
    return problem(response, 401)


def test_no_token_is_401(stack: Stack, visitor: Client) -> None:
    for response in (
        visitor.get("/me/posts"),
        visitor.send("POST", "/posts", json={"title": "T"}),
        visitor.edit("01JDC0000000000000000000P0", title="T"),
        visitor.delete("01JDC0000000000000000000P0"),
    ):
        body = rejected(stack, response)
        if body:
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert body["error_description"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("garbage", "opaque"),
        ("three parts", "well-formed"),
        ("expired", "expired"),
        ("ID token", "ID token"),
        ("opaque", "request the token with the audience of this API"),
        ("another audience", "another audience"),
        ("another signature", "signature"),
    ],
)
def test_a_bad_token_is_401_with_its_reason(stack: Stack, kind: str, words: str) -> None:
    tokens: dict[str, Callable[[], str]] = {
        "garbage": lambda: "garbage",
        "three parts": lambda: "not.a.token",
        "expired": lambda: stack.token("alice", expires_in="-60"),
        "ID token": lambda: str(stack.token_response("alice")["id_token"]),
        "opaque": lambda: stack.token("alice", audience=""),
        "another audience": lambda: stack.token("alice", audience=OTHER_AUDIENCE),
        "another signature": lambda: _with_signature_of(stack.token("alice"), stack.token("bob")),
    }
    response = Client(stack, tokens[kind]()).get("/me/posts")
    body = rejected(stack, response)
    if body:
        assert body["error"] == "invalid_token"
        assert words in body["error_description"]
        assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def _with_signature_of(token: str, other: str) -> str:
    return f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}"


@pytest.mark.usefixtures("full_gateway")
def test_two_authorization_headers_are_refused(stack: Stack) -> None:
    token = stack.token("alice")
    parts = urlsplit(stack.api_url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.putrequest("GET", f"{parts.path}/me/posts")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Authorization", f"Bearer {token}x")
    connection.endheaders()
    response = connection.getresponse()
    status, body = response.status, response.read()
    connection.close()
    assert status == 401
    assert b"More than one" in body


@pytest.mark.usefixtures("full_gateway")
def test_a_token_that_expires_while_its_allow_is_cached_is_401_from_the_handler(
    stack: Stack,
) -> None:
    for expires_in in ("-7", "-5", "1"):  # the leeway is 10 s; a busy machine needs more of it
        client = Client(stack, stack.token("alice", expires_in=expires_in))
        if client.get("/me/posts").status_code == 200:
            break
    deadline = time.monotonic() + 30
    while (response := client.get("/me/posts")).status_code == 200:
        assert time.monotonic() < deadline, "the token has expired"
        time.sleep(0.1)
    body = problem(response, 401)
    assert body["error"] == "invalid_token"
    assert "expired" in body["error_description"]
    renamed = response.headers["x-amzn-Remapped-WWW-Authenticate"]
    assert renamed == 'Bearer error="invalid_token"', "API Gateway renames a handler's header"


def test_after_a_key_rotation_new_and_old_tokens_are_accepted(stack: Stack) -> None:
    if stack.issuer_url is None:
        pytest.skip("needs the local stack's issuer: set ISSUER_URL, or test the devserver")
    old = stack.token("alice", scope="openid")
    assert Client(stack, old).get("/me/posts").status_code == 200
    requests.post(f"{stack.issuer_url}keys/rotate", timeout=10)
    new = stack.token("alice", scope="openid email")
    # Any environment of the authorizer may just have requested an unknown key.
    deadline = time.monotonic() + 35
    while (response := Client(stack, new).get("/me/posts")).status_code in (502, 503):
        assert time.monotonic() < deadline, "one cool-down is over"
        time.sleep(1)
    assert response.status_code == 200
    assert Client(stack, old).get("/me/posts").status_code == 200


def test_a_machine_reads_with_its_token_and_writes_with_the_permission(stack: Stack) -> None:
    if stack.issuer_url is None:
        pytest.skip("needs the local stack's issuer: set ISSUER_URL, or test the devserver")

    def machine(client_id: str) -> Client:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": "secret",
            "audience": "https://blog.example.com/api",
        }
        response = requests.post(f"{stack.issuer_url}oauth/token", json=form, timeout=10)
        return Client(stack, response.json()["access_token"])

    reader = machine("blog-reader")
    assert reader.get("/me/posts").status_code == 200
    refused = problem(reader.send("POST", "/posts", json={"title": "T"}), 403)
    assert refused["error"] == "insufficient_scope"
    post = machine("blog-importer").create(title="Imported")
    assert post["version"] == 1
    problem(reader.edit(post["id"], title="T"), 403)
