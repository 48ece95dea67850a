"""The local issuer follows OpenID Connect in logins, profiles, refreshes and logouts."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from devserver.issuer import tenant as tenant_module
from devserver.issuer.tenant import SPA_CLIENT, Newest, Tenant
from devserver.settings import AUDIENCE
from tests.support.issuer import (
    CALLBACK,
    MACHINE_GRANT,
    URL,
    Login,
    refresh,
    tokens,
    verified,
)
from tests.support.samples import ALICE

OFFLINE = {"scope": "openid offline_access", "audience": AUDIENCE}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that moves the clock on."""
    passed = [0.0]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + passed[0])

    def move(seconds: float) -> None:
        passed[0] += seconds

    return move


def shows_login_page(response: TestResponse) -> bool:
    return response.status_code == 200 and "Choose a user" in response.text


def error_of(response: TestResponse) -> str:
    return parse_qs(urlsplit(response.headers["Location"]).query)["error"][0]


# The authorization endpoint


def test_discovery_names_the_endpoints_of_logout_and_revocation(issuer: FlaskClient) -> None:
    found = issuer.get("/.well-known/openid-configuration").json
    assert found is not None
    assert found["end_session_endpoint"] == f"{URL}oidc/logout"
    assert found["revocation_endpoint"] == f"{URL}oauth/revoke"
    assert "none" in found["revocation_endpoint_auth_methods_supported"], "as the app does it"


def test_an_authentication_request_may_be_a_post(issuer: FlaskClient, tenant: Tenant) -> None:
    login = Login()
    assert shows_login_page(issuer.post("/authorize", data=login.parameters))
    login.code(issuer)
    code = login.code_of(issuer.post("/authorize", data=login.parameters))
    response = login.exchange(issuer, code).json
    assert response is not None
    assert verified(tenant, response["access_token"])["sub"] == ALICE


def test_the_login_page_resumes_a_request_that_was_a_post(issuer: FlaskClient) -> None:
    login = Login(login_hint="a&b")
    page = issuer.post("/authorize", data=login.parameters).text
    assert "login_hint=a%26b" in page


def test_the_query_of_a_post_does_not_count(issuer: FlaskClient) -> None:
    Login().code(issuer)
    form = Login().parameters
    query = {"redirect_uri": "http://localhost:1/", "state": "other"}
    response = issuer.post("/authorize", query_string=query, data=form)
    assert Login().code_of(response)
    assert issuer.post(Login().address()).status_code == 400, "no parameter is in the form"


@pytest.mark.parametrize("mode", ["query", "web_message"])
def test_a_silent_login_may_be_a_post(issuer: FlaskClient, mode: str) -> None:
    silent = Login(prompt="none", response_mode=mode)
    refused = issuer.post("/authorize", data=silent.parameters)
    assert "login_required" in refused.headers.get("Location", refused.text)


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token. PyJWT has its own clock, so it verifies nothing here."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_the_id_token_has_the_time_of_the_login_if_max_age_is_requested(
    issuer: FlaskClient, later: Callable[[float], None]
) -> None:
    login = Login(max_age="3600")
    before = int(time.time())
    login.code(issuer)
    later(200)
    response = login.exchange(issuer, login.code_of(issuer.get(login.address()))).json
    assert response is not None
    claims = claims_of(response["id_token"])
    assert before <= claims["auth_time"] <= before + 10
    assert claims["iat"] >= before + 200
    later(600)
    again = refresh(issuer, response["refresh_token"]).json
    assert again is not None
    renewed = claims_of(again["id_token"])
    assert renewed["auth_time"] == claims["auth_time"], "a refresh is no login"


def test_without_max_age_the_id_token_has_no_time_of_the_login(
    issuer: FlaskClient, tenant: Tenant
) -> None:
    login = Login()
    response = login.exchange(issuer, login.code(issuer)).json
    assert response is not None
    assert "auth_time" not in verified(tenant, response["id_token"], SPA_CLIENT)


@pytest.mark.parametrize(("age", "max_age"), [(11, "10"), (3601, "3600"), (1, "0"), (0, "0")])
def test_a_session_older_than_max_age_needs_a_new_login(
    issuer: FlaskClient, later: Callable[[float], None], age: float, max_age: str
) -> None:
    Login().code(issuer)
    later(age)
    assert shows_login_page(issuer.get(Login(max_age=max_age).address()))
    silent = Login(max_age=max_age, prompt="none").address()
    assert error_of(issuer.get(silent)) == "login_required"


def test_a_session_within_max_age_is_enough(
    issuer: FlaskClient, later: Callable[[float], None]
) -> None:
    Login().code(issuer)
    later(8)
    assert Login().code_of(issuer.get(Login(max_age="10").address()))


@pytest.mark.parametrize("changes", [{"max_age": "0"}, {"prompt": "login"}])
def test_a_new_login_counts_for_its_request_and_no_other(
    issuer: FlaskClient, later: Callable[[float], None], changes: dict[str, str]
) -> None:
    login = Login(**changes)
    assert login.code(issuer)
    assert shows_login_page(issuer.get(login.address())), "the request is sent a second time"
    form = {"email": "alice@example.com", "query": login.address().partition("?")[2]}
    issuer.post("/login", data=form)
    later(5)
    assert shows_login_page(issuer.get(Login(**changes).address())), "another request"


@pytest.mark.parametrize("max_age", ["-1", "soon", "1.5", "²", "٣", "9" * 5_000, " 1"])
def test_an_invalid_max_age_is_an_error(issuer: FlaskClient, max_age: str) -> None:
    assert error_of(issuer.get(Login(max_age=max_age).address())) == "invalid_request"


def test_an_empty_max_age_counts_as_none(issuer: FlaskClient) -> None:
    assert Login(max_age="").code(issuer)


def test_prompt_none_with_another_value_is_an_error(issuer: FlaskClient) -> None:
    assert error_of(issuer.get(Login(prompt="none login").address())) == "invalid_request"


# The userinfo endpoint


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("audience", ["", AUDIENCE])
def test_userinfo_is_read_by_get_and_by_post(issuer: FlaskClient, audience: str) -> None:
    token = tokens(issuer, scope="openid email", audience=audience)["access_token"]
    expected = {"sub": ALICE, "email": "alice@example.com", "email_verified": True}
    assert issuer.get("/userinfo", headers=bearer(token)).json == expected
    assert issuer.post("/userinfo", headers=bearer(token)).json == expected
    assert issuer.post("/userinfo", data={"access_token": token}).json == expected
    lower = {"Authorization": f"bearer {token}"}
    assert issuer.get("/userinfo", headers=lower).json == expected


@pytest.mark.parametrize("audience", ["", AUDIENCE])
def test_userinfo_refuses_a_token_that_has_expired(
    issuer: FlaskClient, later: Callable[[float], None], audience: str
) -> None:
    expired = tokens(issuer, scope="openid", audience=audience, expires_in="-1")["access_token"]
    short = tokens(issuer, scope="openid", audience=audience, expires_in="60")["access_token"]
    assert issuer.get("/userinfo", headers=bearer(short)).status_code == 200
    later(60)
    for token in (expired, short):
        response = issuer.get("/userinfo", headers=bearer(token))
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["invented", "", "a b", "e30.e30.e30"])
def test_userinfo_refuses_an_unknown_token_without_an_echo(issuer: FlaskClient, token: str) -> None:
    response = issuer.get("/userinfo", headers=bearer(token))
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert not token or token not in response.text + response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scope", ["", "profile email", "openidx", "offline_access"])
@pytest.mark.parametrize("audience", ["", AUDIENCE])
def test_userinfo_needs_the_scope_openid(issuer: FlaskClient, scope: str, audience: str) -> None:
    token = tokens(issuer, scope=scope, audience=audience)["access_token"]
    response = issuer.get("/userinfo", headers=bearer(token))
    assert response.status_code == 403
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="openid"' in challenge


def test_userinfo_refuses_a_machine(issuer: FlaskClient) -> None:
    response = issuer.post("/oauth/token", data=MACHINE_GRANT | {"scope": "openid"}).json
    assert response is not None
    refused = issuer.get("/userinfo", headers=bearer(response["access_token"]))
    assert refused.status_code == 403


@pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Token x"])
def test_userinfo_without_a_token_asks_for_one(
    issuer: FlaskClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for response in (issuer.get("/userinfo", headers=headers), issuer.post("/userinfo")):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="userinfo"'


def test_userinfo_refuses_two_tokens(issuer: FlaskClient) -> None:
    token = tokens(issuer, scope="openid")["access_token"]
    twice = issuer.post("/userinfo", headers=bearer(token), data={"access_token": token})
    assert twice.status_code == 400
    assert 'error="invalid_request"' in twice.headers["WWW-Authenticate"]


def test_userinfo_takes_no_token_from_an_address_or_another_body(issuer: FlaskClient) -> None:
    token = tokens(issuer, scope="openid")["access_token"]
    assert issuer.get("/userinfo", query_string={"access_token": token}).status_code == 401
    multipart = issuer.post(
        "/userinfo", data={"access_token": token}, content_type="multipart/form-data"
    )
    assert multipart.status_code == 401


# Refresh tokens


def is_valid(issuer: FlaskClient, refresh_token: str) -> bool:
    """Return whether a token can be exchanged. The exchange uses it up."""
    return refresh(issuer, refresh_token).status_code == 200


def test_reuse_of_a_refresh_token_revokes_its_family(issuer: FlaskClient) -> None:
    first = tokens(issuer, **OFFLINE)["refresh_token"]
    other_login = tokens(issuer, **OFFLINE)["refresh_token"]
    second = refresh(issuer, first).json
    assert second is not None
    third = refresh(issuer, second["refresh_token"]).json
    assert third is not None
    reused = refresh(issuer, first)
    assert (reused.status_code, reused.json) == (400, {"error": "invalid_grant"})
    assert not is_valid(issuer, third["refresh_token"]), "the newest token of the family"
    assert is_valid(issuer, other_login), "a token of another login"


def test_reuse_at_the_same_time_revokes_the_family(tenant: Tenant, issuer: FlaskClient) -> None:
    first = tokens(issuer, **OFFLINE)["refresh_token"]

    def exchange(_: int) -> TestResponse:
        return refresh(issuer.application.test_client(), first)

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(exchange, range(8)))
    (winner,) = (response for response in responses if response.status_code == 200)
    assert winner.json is not None
    assert not is_valid(issuer, winner.json["refresh_token"])


def test_a_refresh_token_of_a_code_has_a_family_too(issuer: FlaskClient) -> None:
    login = Login()
    first = login.exchange(issuer, login.code(issuer)).json
    assert first is not None
    second = refresh(issuer, first["refresh_token"]).json
    assert second is not None
    assert not is_valid(issuer, first["refresh_token"])
    assert not is_valid(issuer, second["refresh_token"])


def revoke(issuer: FlaskClient, token: str, **form: str) -> TestResponse:
    return issuer.post("/oauth/revoke", data={"client_id": SPA_CLIENT, "token": token} | form)


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "unknown", ""])
def test_a_refresh_token_can_be_revoked(issuer: FlaskClient, hint: str) -> None:
    token = tokens(issuer, **OFFLINE)["refresh_token"]
    response = revoke(issuer, token, token_type_hint=hint)
    assert (response.status_code, response.text) == (200, "")
    assert not is_valid(issuer, token)
    assert revoke(issuer, token).status_code == 200, "it is revoked already"


def test_a_script_may_revoke_with_json(issuer: FlaskClient) -> None:
    token = tokens(issuer, **OFFLINE)["refresh_token"]
    body = {"client_id": SPA_CLIENT, "token": token}
    assert issuer.post("/oauth/revoke", json=body).status_code == 200
    assert not is_valid(issuer, token)


def test_revoking_an_exchanged_token_revokes_its_successors(issuer: FlaskClient) -> None:
    first = tokens(issuer, **OFFLINE)["refresh_token"]
    second = refresh(issuer, first).json
    assert second is not None
    assert revoke(issuer, first).status_code == 200
    assert not is_valid(issuer, second["refresh_token"])


def test_an_unknown_token_counts_as_revoked(issuer: FlaskClient) -> None:
    assert revoke(issuer, "invented").status_code == 200


def test_an_application_cannot_revoke_the_tokens_of_another(issuer: FlaskClient) -> None:
    token = tokens(issuer, **OFFLINE)["refresh_token"]
    machine = {"client_id": "blog-importer", "client_secret": "secret"}
    assert revoke(issuer, token, **machine).status_code == 200
    assert is_valid(issuer, token)


@pytest.mark.parametrize(
    "credentials",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"client_id": "blog-importer"},
        {"client_id": "blog-importer", "client_secret": "guess"},
        {"client_secret": "secret"},
    ],
)
def test_revocation_needs_an_application(issuer: FlaskClient, credentials: dict[str, str]) -> None:
    token = tokens(issuer, **OFFLINE)["refresh_token"]
    response = revoke(issuer, token, **credentials)
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["error"] == "invalid_client"
    assert is_valid(issuer, token)


def test_revocation_needs_a_token(issuer: FlaskClient) -> None:
    response = revoke(issuer, "")
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["error"] == "invalid_request"


@pytest.mark.parametrize("audience", ["", AUDIENCE])
def test_access_tokens_cannot_be_revoked(issuer: FlaskClient, audience: str) -> None:
    response = revoke(issuer, tokens(issuer, scope="openid", audience=audience)["access_token"])
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["error"] == "unsupported_token_type"


def test_the_issuer_remembers_a_limited_number(
    monkeypatch: pytest.MonkeyPatch, tenant: Tenant
) -> None:
    monkeypatch.setattr(tenant_module, "MAX_ENTRIES", 3)
    kept: Newest[int] = Newest()
    for number in range(5):
        kept[str(number)] = number
    kept["4"] = 40
    assert kept == {"2": 2, "3": 3, "4": 40}
    monkeypatch.setattr(tenant_module, "MAX_KEYS", 2)
    for _ in range(3):
        tenant.rotate_keys()
    assert len(tenant.key_set()["keys"]) == 2


# The end-session endpoint


def logged_in(issuer: FlaskClient) -> bool:
    return not shows_login_page(issuer.get(Login().address()))


def id_token(issuer: FlaskClient, **form: str) -> str:
    return str(tokens(issuer, scope="openid", audience=AUDIENCE, **form)["id_token"])


def end_session(issuer: FlaskClient, method: str, **parameters: str) -> TestResponse:
    if method == "POST":
        return issuer.post("/oidc/logout", data=parameters)
    return issuer.get("/oidc/logout", query_string=parameters)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "names", [("client_id",), ("id_token_hint",), ("client_id", "id_token_hint")]
)
def test_logout_leads_back_with_the_state(
    issuer: FlaskClient, method: str, names: tuple[str, ...]
) -> None:
    Login().code(issuer)
    named = {"client_id": SPA_CLIENT, "id_token_hint": id_token(issuer)}
    response = end_session(
        issuer,
        method,
        **{name: named[name] for name in names},
        post_logout_redirect_uri=f"{CALLBACK}?a=b",
        state="st=ate&",
    )
    assert response.status_code == 302
    location = response.headers["Location"]
    assert location.startswith(CALLBACK)
    assert parse_qs(urlsplit(location).query) == {"a": ["b"], "state": ["st=ate&"]}
    assert not logged_in(issuer)


def test_logout_without_a_state_adds_none(issuer: FlaskClient) -> None:
    parameters = {"client_id": SPA_CLIENT, "post_logout_redirect_uri": CALLBACK}
    assert end_session(issuer, "GET", **parameters).headers["Location"] == CALLBACK


@pytest.mark.parametrize("parameters", [{}, {"client_id": SPA_CLIENT}, {"state": "x"}])
def test_logout_without_an_address_shows_a_page(
    issuer: FlaskClient, parameters: dict[str, str]
) -> None:
    Login().code(issuer)
    response = end_session(issuer, "GET", **parameters)
    assert (response.status_code, response.text) == (200, "You are logged out.")
    assert not logged_in(issuer)


@pytest.mark.parametrize(
    "parameters",
    [
        {"post_logout_redirect_uri": CALLBACK},
        {"post_logout_redirect_uri": CALLBACK, "client_id": "nobody"},
        {"post_logout_redirect_uri": CALLBACK, "client_id": "blog-importer"},
        {"post_logout_redirect_uri": CALLBACK, "id_token_hint": "invented"},
        {"post_logout_redirect_uri": CALLBACK, "id_token_hint": "e30.e30.e30"},
        {"post_logout_redirect_uri": CALLBACK, "id_token_hint": "x" * 10_000},
        {"post_logout_redirect_uri": "https://evil.example.com/", "client_id": SPA_CLIENT},
        {"post_logout_redirect_uri": "//evil.example.com/", "client_id": SPA_CLIENT},
        {"post_logout_redirect_uri": "javascript:alert(1)//localhost", "client_id": SPA_CLIENT},
        {"post_logout_redirect_uri": "http://a.example\\@localhost/", "client_id": SPA_CLIENT},
        {"client_id": "nobody"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_invalid_logout_leads_nowhere_and_ends_no_session(
    issuer: FlaskClient, method: str, parameters: dict[str, str]
) -> None:
    Login().code(issuer)
    response = end_session(issuer, method, **parameters)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert all(value not in response.text for value in parameters.values())
    assert logged_in(issuer)


def with_changed_signature(token: str) -> str:
    body, _, signature = token.rpartition(".")
    return f"{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


@pytest.mark.parametrize(
    "make_hint",
    [
        lambda issuer: with_changed_signature(id_token(issuer)),
        lambda issuer: tokens(issuer, scope="openid", audience=AUDIENCE)["access_token"],
        lambda issuer: id_token(issuer, username="bob@example.com"),
    ],
    ids=["forged", "an access token", "of another user"],
)
def test_an_id_token_hint_must_be_the_users(
    issuer: FlaskClient, make_hint: Callable[[FlaskClient], Any]
) -> None:
    Login().code(issuer)
    hint = {"id_token_hint": make_hint(issuer), "post_logout_redirect_uri": CALLBACK}
    assert end_session(issuer, "GET", **hint).status_code == 400
    assert logged_in(issuer)


def test_an_id_token_hint_must_be_of_the_application(issuer: FlaskClient) -> None:
    Login().code(issuer)
    parameters = {"id_token_hint": id_token(issuer), "client_id": "blog-reader"}
    assert end_session(issuer, "GET", **parameters).status_code == 400
    assert logged_in(issuer)


def test_an_expired_id_token_and_one_of_a_former_key_are_hints(
    issuer: FlaskClient, later: Callable[[float], None]
) -> None:
    hint = id_token(issuer)
    issuer.post("/keys/rotate")
    later(10 * 24 * 3600)
    Login().code(issuer)
    assert end_session(issuer, "GET", id_token_hint=hint).status_code == 200
    assert not logged_in(issuer)
    assert end_session(issuer, "GET", id_token_hint=hint).status_code == 200, "no session is left"


def test_the_query_of_a_posted_logout_does_not_count(issuer: FlaskClient) -> None:
    address = {"post_logout_redirect_uri": CALLBACK, "client_id": SPA_CLIENT}
    response = issuer.post("/oidc/logout", query_string=address)
    assert (response.status_code, "Location" in response.headers) == (200, False)


# All endpoints


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/authorize", "/oidc/logout"])
def test_a_large_body_is_refused(issuer: FlaskClient, path: str) -> None:
    assert issuer.post(path, data={"state": "x" * 200_000}).status_code == 413
