"""The authorizer's settings: a cold start succeeds, or names the invalid variable."""

import pytest

from blog_auth.errors import SettingsError
from blog_auth.settings import Issuer, Settings

AUDIENCE = {"AUTH0_AUDIENCE": "https://blog.example.com/api"}


def test_a_domain_determines_the_issuer_and_its_key_set() -> None:
    settings = Settings.from_environment(AUDIENCE | {"AUTH0_DOMAIN": "Tenant.eu.auth0.com"})
    assert settings.issuers == (
        Issuer("https://tenant.eu.auth0.com/", "https://tenant.eu.auth0.com/.well-known/jwks.json"),
    )


def test_a_tenant_may_have_several_issuers_with_their_own_keys() -> None:
    environment = AUDIENCE | {
        "AUTH0_ISSUER": "https://login.example.com/, https://tenant.eu.auth0.com/",
        "AUTH0_JWKS_URI": "http://host.docker.internal:9400/keys",
    }
    first, second = Settings.from_environment(environment).issuers
    assert first == Issuer("https://login.example.com/", "http://host.docker.internal:9400/keys")
    assert second.jwks_uri == "https://tenant.eu.auth0.com/.well-known/jwks.json"


def test_client_ids_and_the_keys_maximum_age_are_optional() -> None:
    optional = {"AUTH0_CLIENT_IDS": "spa, cli", "AUTH0_KEYS_MAX_AGE": "3600"}
    settings = Settings.from_environment(AUDIENCE | {"AUTH0_DOMAIN": "a.example"} | optional)
    assert settings.client_ids == {"spa", "cli"}
    assert settings.keys_max_age == 3600
    defaults = Settings.from_environment(AUDIENCE | {"AUTH0_DOMAIN": "a.example"})
    assert (defaults.client_ids, defaults.keys_max_age) == (frozenset(), 86_400)


def test_plain_http_is_allowed_on_this_machine_only() -> None:
    settings = Settings.from_environment(AUDIENCE | {"AUTH0_ISSUER": "http://localhost:9400/"})
    assert settings.issuers[0].name == "http://localhost:9400/"


def test_an_empty_variable_counts_as_absent() -> None:
    empty = {"AUTH0_DOMAIN": "", "AUTH0_JWKS_URI": "", "AUTH0_ISSUER": "https://a.example/"}
    assert len(Settings.from_environment(AUDIENCE | empty).issuers) == 1


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({}, "AUTH0_DOMAIN"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_ISSUER": "https://a.example/"}, "AUTH0_DOMAIN"),
        ({"AUTH0_DOMAIN": "https://a.example"}, "AUTH0_DOMAIN"),
        ({"AUTH0_DOMAIN": "a.example/"}, "AUTH0_DOMAIN"),
        ({"AUTH0_DOMAIN": "a.example\n"}, "AUTH0_DOMAIN"),
        ({"AUTH0_DOMAIN": "localhost"}, "AUTH0_DOMAIN"),
        ({"AUTH0_ISSUER": "https://a.example"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "http://a.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "a.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a.example/,"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a.example/,https://a.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://user@a.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a.example:port/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a.exa mple/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a.example/?x/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://a..b/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": "https://é.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_ISSUER": f"https://{'a' * 64}.example/"}, "AUTH0_ISSUER"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_JWKS_URI": "https://b/ü"}, "AUTH0_JWKS_URI"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_CLIENT_IDS": "spa,,cli"}, "AUTH0_CLIENT_IDS"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_KEYS_MAX_AGE": "1 day"}, "AUTH0_KEYS_MAX_AGE"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_KEYS_MAX_AGE": "599"}, "AUTH0_KEYS_MAX_AGE"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_KEYS_MAX_AGE": "604801"}, "AUTH0_KEYS_MAX_AGE"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_AUDIENCE": ""}, "AUTH0_AUDIENCE"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_AUDIENCE": " x"}, "AUTH0_AUDIENCE"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_JWKS_URI": "file:///etc/passwd"}, "AUTH0_JWKS_URI"),
        ({"AUTH0_DOMAIN": "a.example", "AUTH0_JWKS_URI": "http://keys.example"}, "AUTH0_JWKS_URI"),
    ],
)
def test_a_missing_or_invalid_variable_is_named(changes: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(AUDIENCE | changes)
    assert refused.value.variable == variable
    assert str(refused.value).startswith(variable)
