"""layers/auth/blog_auth/README.md: its examples run, and its tables match the code."""

import importlib
import inspect
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import flask
import pytest

from blog_auth import errors, settings
from blog_auth.settings import Issuer, Settings
from tests.support.samples import (
    ALICE,
    AUDIENCE,
    ROOT,
    LambdaContext,
    Signer,
    claims,
    key_set_document,
    sample_event,
)

FOLDER = ROOT / "layers" / "auth" / "blog_auth"
PAGE = (FOLDER / "README.md").read_text()
AUTHORIZER, HANDLER, FRAMEWORK = re.findall(r"```python\n(.*?)```", PAGE, re.S)
SIGNER = Signer()


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield an issuer that serves its key set over HTTP, and set the variables that name it."""

    class KeySetHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/.well-known/jwks.json"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(key_set_document(SIGNER.jwk()))

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), KeySetHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        name = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setenv("AUTH0_ISSUER", name)
        monkeypatch.setenv("AUTH0_AUDIENCE", AUDIENCE)
        monkeypatch.setenv("AUTH0_JWKS_URI", "")
        yield name
        server.shutdown()


def executed(example: str) -> dict[str, Any]:
    """Run an example of the page, and return its names."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, str(FOLDER / "README.md"), "exec"), names)
    return names


def token(issuer: str, **changes: Any) -> str:
    now = int(time.time())
    return SIGNER.sign(claims(iss=issuer, iat=now, exp=now + 60, **changes))


def test_the_authorizer_allows_a_good_token_and_the_handler_reads_its_identity(
    issuer: str,
) -> None:
    authorizer, handler = executed(AUTHORIZER)["handler"], executed(HANDLER)["handler"]
    event = sample_event("authorizer-request")
    good = token(issuer, permissions=["moderate:content"])
    event["multiValueHeaders"] = {"authorization": [f"Bearer {good}"]}
    allowed = json.loads(json.dumps(authorizer(event, LambdaContext())))
    assert allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    behind = {"requestContext": {"authorizer": allowed["context"]}}
    assert handler(behind, None) == {"statusCode": 200, "body": f"Hello {ALICE}"}
    event["multiValueHeaders"] = {"authorization": [f"Bearer {token(issuer)}"]}
    without = authorizer(event, LambdaContext())
    behind = {"requestContext": {"authorizer": without["context"]}}
    assert handler(behind, None)["statusCode"] == 403
    assert handler({}, None)["statusCode"] == 401


def test_the_authorizer_denies_a_bad_token_with_its_reason(issuer: str) -> None:
    event = sample_event("authorizer-request")
    event["multiValueHeaders"] = {"Authorization": [f"Bearer {token(issuer, aud='other')}"]}
    denied = executed(AUTHORIZER)["handler"](event, LambdaContext())
    assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert "another audience" in denied["context"]["auth_error_description"]


def test_the_framework_returns_200_401_and_503(
    issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: flask.Flask = executed(FRAMEWORK)["app"]
    client = app.test_client()
    response = client.get("/me", headers={"Authorization": f"Bearer {token(issuer)}"})
    assert (response.status_code, response.get_json()) == (200, {"sub": ALICE, "permissions": []})
    refused = client.get("/me")
    assert refused.status_code == 401
    assert b"No access token came with the request" in refused.data
    monkeypatch.setenv("AUTH0_JWKS_URI", "http://127.0.0.1:9/jwks.json")  # no server listens here
    without_keys: flask.Flask = executed(FRAMEWORK)["app"]
    undecided = without_keys.test_client().get(
        "/me", headers={"Authorization": f"Bearer {token(issuer)}"}
    )
    assert undecided.status_code == 503


def column(heading: str, after: str = "") -> list[str]:
    """Return the names in the first column of a table below a heading, or below a text there."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition(after)[2].lstrip().partition("\n\n")[0] if after else section
    return [
        name
        for cell in re.findall(r"^\| (`.*?`) \|", table, re.M)
        for name in re.findall(r"`([\w.]+)`", cell)
    ]


def test_every_variable_and_field_of_the_settings_is_listed() -> None:
    variables = set(re.findall(r'"(AUTH0_\w+)"', inspect.getsource(settings)))
    listed = re.findall(r"^\| `(AUTH0_\w+)` \|", PAGE, re.M)
    assert sorted(listed) == sorted(variables)
    assert column("Settings", "make `Settings` yourself:\n") == [
        field.name for field in fields(Settings)
    ]
    assert f"Issuer({', '.join(field.name for field in fields(Issuer))})" in PAGE
    assert PAGE.count(f"{settings.DEFAULT_KEYS_MAX_AGE} by default") == 2


def test_the_constants_have_the_values_on_the_page() -> None:
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (\d+) ", PAGE, re.M)
    assert len(rows) == 7
    for module, name, value in rows:
        assert getattr(importlib.import_module(f"blog_auth.{module}"), name) == int(value)


def test_every_module_and_exception_is_listed() -> None:
    modules = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", PAGE.partition("\n## ")[0])) == modules
    raised = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.AuthError)
    }
    assert {*column("What it raises"), "AuthError", "NoAllow"} == raised


def test_every_link_has_a_target() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (FOLDER / target).exists(), target
