"""The handlers' settings: a cold start succeeds, or names the invalid variable."""

import pytest

from blog.identifiers import author_id
from blog.settings import AccountSettings, AuthorSettings, BlogSettings, Site, SiteSettings

GOOD = {"TABLE_NAME": "BlogTable", "ALLOWED_ORIGIN": "*", "AUTHOR_ID_KEY": "k" * 32}


def test_settings_come_from_the_environment() -> None:
    settings = AuthorSettings.from_environment(GOOD | {"FEED_SHARDS": "4", "PATH": "/bin"})
    assert settings.table_name == "BlogTable"
    assert settings.feed_shards == 4


def test_the_feed_has_one_shard_by_default() -> None:
    assert BlogSettings.from_environment(GOOD).feed_shards == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [("TABLE_NAME", None), ("TABLE_NAME", ""), ("ALLOWED_ORIGIN", ""), ("FEED_SHARDS", "0"),
     ("FEED_SHARDS", "many"), ("AUTHOR_ID_KEY", None), ("AUTHOR_ID_KEY", "guess")],
)  # fmt: skip
def test_a_missing_or_invalid_variable_is_named_without_its_value(
    variable: str, value: str | None
) -> None:
    environment = {name: text for name, text in GOOD.items() if name != variable}
    if value is not None:
        environment[variable] = value
    with pytest.raises(ValueError, match=variable) as refused:
        AuthorSettings.from_environment(environment)
    assert "guess" not in str(refused.value)


def test_the_account_function_knows_the_site() -> None:
    environment = GOOD | {"MEDIA_BUCKET": "MediaBucket", "SITE_URL": "https://blog.example.com"}
    assert AccountSettings.from_environment(environment).site_url == "https://blog.example.com"
    for address in ("", "blog.example.com", "https://blog.example.com/"):
        with pytest.raises(ValueError, match="SITE_URL"):
            AccountSettings.from_environment(environment | {"SITE_URL": address})


SITE = GOOD | {"SITE_URL": "https://blog.example.com"}
NAMES = ("SITE_NAME", "SITE_DESCRIPTION", "SITE_LANGUAGE", "SITE_LOGO")


@pytest.mark.parametrize("variables", [{}, dict.fromkeys(NAMES, "")])
def test_a_site_without_a_name_has_the_defaults(variables: dict[str, str]) -> None:
    expected = Site("https://blog.example.com", "Serverless blog", "", "en", "/icon.svg")
    assert SiteSettings.from_environment(SITE | variables).site == expected
    account = SITE | variables | {"MEDIA_BUCKET": "MediaBucket"}
    assert AccountSettings.from_environment(account).site_name == "Serverless blog"


def test_a_site_is_described_by_its_variables() -> None:
    values = ("Alice\u2019s blog", "Posts & more", "pt-BR", "https://cdn.example/logo.png")
    site = SiteSettings.from_environment(SITE | dict(zip(NAMES, values, strict=True))).site
    assert site == Site("https://blog.example.com", *values)
    assert site.absolute(site.logo) == "https://cdn.example/logo.png"
    assert site.absolute("/icon.svg") == "https://blog.example.com/icon.svg"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SITE_LANGUAGE", "en_GB"), ("SITE_LANGUAGE", 'en"'), ("SITE_LOGO", "icon.svg"),
     ("SITE_LOGO", "http://a.example/b"), ("SITE_LOGO", "javascript:alert(1)")],
)  # fmt: skip
def test_an_invalid_variable_of_the_site_is_named(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=variable):
        SiteSettings.from_environment(SITE | {variable: value})


def test_an_author_id_depends_on_the_key_and_hides_the_sub() -> None:
    first = author_id("auth0|alice", "k" * 32)
    assert first == author_id("auth0|alice", "k" * 32)
    assert first != author_id("auth0|alice", "l" * 32)
    assert first != author_id("auth0|bob", "k" * 32)
    assert len(first) == 26
    assert "alice" not in first
