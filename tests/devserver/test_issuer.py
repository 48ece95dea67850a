"""The local issuer responds like an Auth0 tenant in the flows that the SDKs use."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient

from devserver.issuer.tenant import OTHER_AUDIENCE, SPA_CLIENT, Tenant
from devserver.settings import AUDIENCE
from tests.support.issuer import CALLBACK, MACHINE_GRANT, PASSWORD_GRANT, URL, Login, verified
from tests.support.samples import ALICE


def test_discovery_names_the_issuer_and_its_addresses(issuer: FlaskClient) -> None:
    found = issuer.get("/.well-known/openid-configuration").json
    assert found is not None
    assert found["issuer"] == URL
    assert found["jwks_uri"] == f"{URL}.well-known/jwks.json"


def test_login_with_code_and_pkce(issuer: FlaskClient, tenant: Tenant) -> None:
    login = Login()
    response = login.exchange(issuer, login.code(issuer)).json
    assert response is not None
    access = verified(tenant, response["access_token"])
    assert access["sub"] == ALICE
    assert access["aud"] == [AUDIENCE, f"{URL}userinfo"]
    assert access["azp"] == SPA_CLIENT
    assert "name" not in access, "access tokens contain no profile"
    profile = verified(tenant, response["id_token"], SPA_CLIENT)
    assert (profile["nonce"], profile["email"]) == ("the nonce", "alice@example.com")
    assert response["refresh_token"]


def test_a_code_is_valid_once_and_only_with_its_verifier(issuer: FlaskClient) -> None:
    login = Login()
    code = login.code(issuer)
    assert login.exchange(issuer, code, code_verifier="x" * 43).status_code == 400
    assert login.exchange(issuer, code).status_code == 400, "the first attempt has used the code"
    code = login.code_of(issuer.get(login.address()))
    assert login.exchange(issuer, code, redirect_uri="http://localhost:1/").status_code == 400
    code = login.code_of(issuer.get(login.address()))
    assert login.exchange(issuer, code).status_code == 200
    assert login.exchange(issuer, code).status_code == 400


def test_silent_login_with_prompt_none(issuer: FlaskClient) -> None:
    silent = Login(prompt="none")
    refused = urlsplit(issuer.get(silent.address()).headers["Location"])
    assert parse_qs(refused.query)["error"] == ["login_required"]
    Login().code(issuer)
    assert silent.code_of(issuer.get(silent.address()))


def test_silent_login_in_a_frame_posts_a_message_only_to_its_origin(issuer: FlaskClient) -> None:
    framed = Login(prompt="none", response_mode="web_message")
    assert '"error": "login_required"' in issuer.get(framed.address()).text
    Login().code(issuer)
    page = issuer.get(framed.address()).text
    assert '"type": "authorization_response"' in page
    assert '"http://localhost:5173"' in page
    assert '"code": ' in page


def test_logging_out_ends_the_session(issuer: FlaskClient) -> None:
    Login().code(issuer)
    away = issuer.get("/v2/logout", query_string={"returnTo": CALLBACK})
    assert away.headers["Location"] == CALLBACK
    assert "Choose a user" in issuer.get(Login().address()).text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/",
        "//evil.example.com/",
        "http://evil.example.com\\@localhost/",
        "http://evil.example.com@localhost/",
        "http://evil.example.com\r\nX:@localhost/",
        "javascript:alert(1)//localhost",
        "http://[::1",
        "http://localhost:99999/",
        "http://localhost:x/",
    ],
)
def test_redirects_to_other_machines_are_refused(issuer: FlaskClient, target: str) -> None:
    assert issuer.get("/v2/logout", query_string={"returnTo": target}).status_code == 400
    assert issuer.get(Login(redirect_uri=target).address()).status_code == 400
    logout = {"client_id": SPA_CLIENT, "post_logout_redirect_uri": target}
    assert issuer.get("/oidc/logout", query_string=logout).status_code == 400


def test_an_unknown_application_gets_an_error_page_without_a_redirect(issuer: FlaskClient) -> None:
    assert issuer.get(Login(client_id="nobody").address()).status_code == 400


def test_refresh_tokens_rotate(issuer: FlaskClient, tenant: Tenant) -> None:
    scope = {"scope": "openid offline_access", "audience": AUDIENCE}
    first = issuer.post("/oauth/token", data=PASSWORD_GRANT | scope).json
    assert first is not None
    form = {
        "grant_type": "refresh_token",
        "client_id": SPA_CLIENT,
        "refresh_token": first["refresh_token"],
    }
    second = issuer.post("/oauth/token", data=form).json
    assert second is not None
    assert verified(tenant, second["access_token"])["sub"] == ALICE
    assert second["refresh_token"] != first["refresh_token"]
    assert issuer.post("/oauth/token", data=form).status_code == 400


def test_without_an_audience_the_token_is_opaque(issuer: FlaskClient) -> None:
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"scope": "openid profile"}).json
    assert response is not None
    assert "." not in response["access_token"]
    authorization = {"Authorization": f"Bearer {response['access_token']}"}
    profile = issuer.get("/userinfo", headers=authorization).json
    assert profile == {"sub": ALICE, "name": "Alice Example", "nickname": "alice"}
    assert issuer.get("/userinfo").status_code == 401


def test_an_unknown_audience_is_refused(issuer: FlaskClient) -> None:
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"audience": "https://x"})
    assert response.status_code == 403
    assert response.json == {
        "error": "access_denied",
        "error_description": "Service not found: https://x",
    }
    location = issuer.get(Login(audience="https://x").address()).headers["Location"]
    assert "error=access_denied" in location


def test_another_api_of_the_tenant_has_its_own_audience(
    issuer: FlaskClient, tenant: Tenant
) -> None:
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"audience": OTHER_AUDIENCE}).json
    assert response is not None
    assert verified(tenant, response["access_token"], OTHER_AUDIENCE)["aud"] == OTHER_AUDIENCE


@pytest.mark.parametrize("body", ["text", [], 5, None])
def test_a_token_request_without_a_json_object_is_refused(issuer: FlaskClient, body: Any) -> None:
    assert issuer.post("/oauth/token", json=body).status_code == 400


@pytest.mark.parametrize("lifetime", ["soon", "-", "9" * 5_000, "-" + "9" * 5_000, "²"])
def test_an_invalid_lifetime_becomes_the_default(issuer: FlaskClient, lifetime: str) -> None:
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"expires_in": lifetime}).json
    assert response is not None
    assert response["expires_in"] == 86_400


def test_a_wrong_password_is_refused(issuer: FlaskClient) -> None:
    response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"password": "guess"})
    assert response.status_code == 403
    assert response.json is not None
    assert response.json["error"] == "invalid_grant"


def test_a_machine_gets_a_token_for_itself(issuer: FlaskClient, tenant: Tenant) -> None:
    response = issuer.post("/oauth/token", json=MACHINE_GRANT).json
    assert response is not None
    found = verified(tenant, response["access_token"])
    assert found["sub"] == "blog-importer@clients"
    assert found["permissions"] == ["author:posts"]
    wrong = issuer.post("/oauth/token", json=MACHINE_GRANT | {"client_secret": "guess"})
    assert wrong.status_code == 401


def test_a_moderators_token_has_permissions(issuer: FlaskClient, tenant: Tenant) -> None:
    form = PASSWORD_GRANT | {"username": "moderator@example.com", "audience": AUDIENCE}
    response = issuer.post("/oauth/token", data=form).json
    assert response is not None
    permissions = verified(tenant, response["access_token"])["permissions"]
    assert permissions == ["moderate:content", "moderate:people"]


def test_keys_rotate_and_former_ones_stay_until_revoked(
    issuer: FlaskClient, tenant: Tenant
) -> None:
    def token() -> str:
        response = issuer.post("/oauth/token", data=PASSWORD_GRANT | {"audience": AUDIENCE}).json
        assert response is not None
        return str(response["access_token"])

    old = token()
    issuer.post("/keys/rotate")
    new = token()
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]
    assert verified(tenant, old)
    assert verified(tenant, new)
    issuer.post("/keys/revoke")
    key_set = issuer.get("/.well-known/jwks.json").json
    assert key_set is not None
    assert [key["kid"] for key in key_set["keys"]] == [jwt.get_unverified_header(new)["kid"]]
    assert not {"d", "p", "q"} & key_set["keys"][0].keys(), "only public keys"
