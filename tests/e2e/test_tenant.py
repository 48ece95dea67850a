"""A run against a deployed stack gets its users' tokens.

Here the local stack's issuer is the tenant.
"""

import pytest

from devserver.issuer.tenant import SPA_CLIENT
from devserver.settings import AUDIENCE
from tests.support.stack import Client, Stack
from tests.support.tenant import tokens_of_two_users


@pytest.fixture
def environment(stack: Stack, full_gateway: None) -> dict[str, str]:
    if stack.issuer_url is None:
        pytest.skip("needs the local stack's issuer")
    return {
        "TENANT": stack.issuer_url,
        "TENANT_AUDIENCE": AUDIENCE,
        "TENANT_CLIENT_ID": SPA_CLIENT,
        "ALICE": "alice@example.com",
        "ALICE_PASSWORD": "password",
        "BOB": "bob@example.com",
        "BOB_PASSWORD": "password",
    }


def test_two_users_get_tokens(stack: Stack, environment: dict[str, str]) -> None:
    tokens = tokens_of_two_users(environment)
    ids = {Client(stack, token).get("/me").json()["author_id"] for token in tokens.values()}
    assert tokens.keys() == {"alice", "bob"}
    assert len(ids) == 2


def test_a_provided_token_is_used(environment: dict[str, str]) -> None:
    tokens = tokens_of_two_users({**environment, "ALICE_TOKEN": "hers"})
    assert tokens["alice"] == "hers"
    assert tokens["bob"] not in ("", "hers")


def test_missing_settings_and_refusals_are_reported_without_a_password(
    environment: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="BOB_PASSWORD"):
        tokens_of_two_users({**environment, "BOB_PASSWORD": ""})
    with pytest.raises(ValueError, match="gives ALICE no token: 40") as refused:
        tokens_of_two_users({**environment, "ALICE_PASSWORD": "another-one"})
    assert "another-one" not in str(refused.value)


def test_without_a_tenant_there_are_no_tokens() -> None:
    assert tokens_of_two_users({}) == {}
