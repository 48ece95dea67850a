"""The issuer accepts requests from the app's pages and from clients that are not browsers."""

import pytest
from flask.testing import FlaskClient

from devserver.issuer.app import create_issuer
from devserver.issuer.tenant import APP_ORIGIN, Tenant
from tests.support.issuer import PASSWORD_GRANT, URL, Login

OTHER_ORIGINS = [
    "https://evil.example.com",
    "http://localhost:5174",
    "https://localhost:5173",
    "http://localhost:5173.evil.example.com",
    "http://localhost.evil.example.com:5173",
    "http://127.0.0.1:5173",
    "http://localhost",
    "null",
    "",
]
# Each changes something, or gives tokens.
REQUESTS = [
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("POST", "/keys/rotate"),
    ("POST", "/keys/revoke"),
    ("POST", "/login"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("GET", "/v2/logout"),
    ("GET", "/oidc/logout"),
    ("POST", "/oidc/logout"),
    ("GET", "/userinfo"),
]
READ_BY_THE_APP = [
    ("POST", "/oauth/token"),
    ("POST", "/oauth/revoke"),
    ("GET", "/userinfo"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/openid-configuration"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_request_of_another_page_is_refused(issuer: FlaskClient, method: str, path: str) -> None:
    for origin in OTHER_ORIGINS:
        response = issuer.open(path, method=method, headers={"Origin": origin})
        assert response.status_code == 403, origin
        assert "Access-Control-Allow-Origin" not in response.headers


def test_another_page_gets_no_token_and_rotates_no_key(issuer: FlaskClient, tenant: Tenant) -> None:
    evil = {"Origin": "https://evil.example.com"}
    before = tenant.key_set()
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT, headers=evil)
    assert "access_token" not in response.text
    issuer.post("/keys/rotate", headers=evil)
    assert tenant.key_set() == before


def test_a_preflight_of_another_page_is_refused(issuer: FlaskClient) -> None:
    for method, path in REQUESTS:
        headers = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": method}
        response = issuer.options(path, headers=headers)
        assert response.status_code == 403
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/v2/logout", "/oidc/logout", "/authorize"])
def test_a_link_of_another_site_is_refused(issuer: FlaskClient, path: str) -> None:
    Login().code(issuer)
    assert issuer.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert Login().code_of(issuer.get(Login().address())), "alice is still logged in"


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_the_app_and_the_user_may_open_the_issuer(issuer: FlaskClient, site: str) -> None:
    response = issuer.get(Login().address(), headers={"Sec-Fetch-Site": site})
    assert "Choose a user" in response.text


@pytest.mark.parametrize(("method", "path"), READ_BY_THE_APP)
def test_the_app_reads_responses(issuer: FlaskClient, method: str, path: str) -> None:
    response = issuer.open(path, method=method, headers={"Origin": APP_ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == APP_ORIGIN


def test_the_app_may_send_a_token_to_userinfo(issuer: FlaskClient) -> None:
    preflight = {
        "Origin": APP_ORIGIN,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    response = issuer.options("/userinfo", headers=preflight)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == APP_ORIGIN
    assert response.headers["Access-Control-Allow-Headers"] == "authorization"


def test_the_apps_origin_follows_its_port() -> None:
    issuer = create_issuer(Tenant(URL, "http://localhost:8080")).test_client()
    mine = {"Origin": "http://localhost:8080"}
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT, headers=mine)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == mine["Origin"]
    default = {"Origin": APP_ORIGIN}
    assert issuer.post("/oauth/token", data=PASSWORD_GRANT, headers=default).status_code == 403


def test_the_issuers_own_login_page_sends_its_form(issuer: FlaskClient) -> None:
    form = {"email": "alice@example.com", "query": ""}
    response = issuer.post("/login", data=form, headers={"Origin": "http://localhost:9400"})
    assert response.status_code == 303


def test_a_client_without_an_origin_gets_tokens(issuer: FlaskClient) -> None:
    assert issuer.post("/oauth/token", data=PASSWORD_GRANT).status_code == 200
