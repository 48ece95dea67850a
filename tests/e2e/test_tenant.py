"""How a run against a deployed stack gets its users' tokens; the desk's issuer is the tenant."""

import pytest

from devserver.issuer.tenant import SPA_CLIENT
from devserver.settings import AUDIENCE
from tests.support.stack import Client, Stack
from tests.support.tenant import tokens_of_two_users


@pytest.fixture
def environment(stack: Stack, full_gateway: None) -> dict[str, str]:
    if stack.issuer_url is None:
        pytest.skip("needs the desk's issuer")
    return {
        "TENANT": stack.issuer_url,
        "TENANT_AUDIENCE": AUDIENCE,
        "TENANT_CLIENT_ID": SPA_CLIENT,
        "ALICE": "alice@example.com",
        "ALICE_PASSWORD": "password",
        "BOB": "bob@example.com",
        "BOB_PASSWORD": "password",
    }


def test_two_users_are_logged_in(stack: Stack, environment: dict[str, str]) -> None:
    tokens = tokens_of_two_users(environment)
    ids = {Client(stack, token).get("/me").json()["author_id"] for token in tokens.values()}
    assert tokens.keys() == {"alice", "bob"}
    assert len(ids) == 2


def test_a_token_that_is_given_is_used(environment: dict[str, str]) -> None:
    tokens = tokens_of_two_users({**environment, "ALICE_TOKEN": "hers"})
    assert tokens["alice"] == "hers"
    assert tokens["bob"] not in ("", "hers")


def test_what_is_missing_or_refused_is_told_without_a_password(
    environment: dict[str, str],
) -> None:
    with pytest.raises(ValueError, match="BOB_PASSWORD"):
        tokens_of_two_users({**environment, "BOB_PASSWORD": ""})
    with pytest.raises(ValueError, match="gives ALICE no token: 40") as refused:
        tokens_of_two_users({**environment, "ALICE_PASSWORD": "another-one"})
    assert "another-one" not in str(refused.value)


def test_without_a_tenant_there_are_none() -> None:
    assert tokens_of_two_users({}) == {}
