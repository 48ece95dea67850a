"""The stack's parameters: each has a description, and is validated before resources are created."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

from blog.settings import SiteSettings
from tests.support.samples import ROOT

PARAMETERS = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("Auth0Domain", ["", "example.eu.auth0.com"], ["https://a.example", "a.example/", "A B"]),
        ("Auth0Issuer", ["", "https://a.example/", "https://a.example/,https://b.example/"],
         ["https://a.example", "a.example/", "https://a.example/ "]),
        ("Auth0Audience", ["https://api.example.com", "blog"], ["", "two words"]),
        ("Auth0ClientIds", ["", "abc,DEF_1-2"], ["a,", "a b", "'"]),
        ("AllowedOrigin", ["*", "https://blog.example.com", "http://localhost:5173"],
         ["", "https://blog.example.com/", "https://*.example.com", "https://a.example'"]),
        ("AuthorIdKey", ["k" * 32], ["k" * 31 + " ", "k\n"]),
        ("SiteUrl", ["https://blog.example.com", "https://a.example/blog"], ["", "https://a.example/"]),
        ("SiteName", ["Serverless blog", "Alice\u2019s blog", "日本語", "A", "a b: c & <d>", "a.b"],
         ["", " a", "a ", 'a"', "a'b", "a\\b", "a\nb", "\t", "a\x00", "a\x7fb", "a\x85b"]),
        ("SiteDescription", ["", "Posts about C# & more.", "éß"],
         ['say "x"', "it's", "a\\", "a\nb", "a\x1b[0m", "a\x9f"]),
        ("SiteLanguage", ["en", "pt-BR", "zh-Hant", "de-CH-1996", "es-419"],
         ["", "e", "en_GB", "en-", "-en", "en ", "deutsch-verylongtag", "en-ü"]),
        ("SiteLogo", ["/icon.svg", "/assets/logo.png", "https://cdn.example.com/a/logo.png?v=1"],
         ["", "/", "icon.svg", "//evil.example/a", "http://a.example/b", "https://a.example",
          "javascript:alert(1)", "/a b", '/a"b', "/a'b", "/a\\b", "data:image/png,a"]),
        ("SiteAccent", ["#0b6b62", "#ABCDEF"], ["", "0b6b62", "#fff", "#0b6b62;", "#0b6b6g"]),
        ("SiteContact", ["", "mailto:security@example.com", "https://example.com/contact?a=b"],
         ["security@example.com", "mailto:", "mailto:a b@c.example", "http://a.example",
          "mailto:a@b.example\nExpires: x", 'https://a.example/"', "https://a.example/\\"]),
        ("MediaUrl", ["", "https://cdn.example.com"], ["http://a.example", "https://a.example/"]),
        ("ArtifactsDigest", ["", "0" * 64], ["0" * 63, "g" * 64]),
        ("AlarmEmail", ["", "a@b.example"], ["a", "a@b c"]),
        ("ApiDomain", ["", "api.example.com"], ["https://api.example.com", "api", "A.example"]),
        ("ApiCertificate", ["", "arn:aws:acm:eu-west-1:123456789012:certificate/a-b"],
         ["a", "arn:aws:iam::123456789012:role/a"]),
    ],
)  # fmt: skip
def test_parameters_are_validated_before_resources_are_created(
    parameter: str, good: list[str], bad: list[str]
) -> None:
    declared = PARAMETERS[parameter]
    assert all(re.fullmatch(declared["AllowedPattern"], value) for value in good)
    assert not [value for value in bad if re.fullmatch(declared["AllowedPattern"], value)]


def test_the_defaults_of_the_site_are_those_of_functions_and_app() -> None:
    environment = {"TABLE_NAME": "Table", "ALLOWED_ORIGIN": "*", "SITE_URL": "https://a.example"}
    site = SiteSettings.from_environment(environment).site
    defaults = [PARAMETERS[f"Site{one}"]["Default"] for one in ("Name", "Description")]
    defaults += [PARAMETERS[f"Site{one}"]["Default"] for one in ("Language", "Logo")]
    assert defaults == [site.name, site.description, site.language, site.logo]
    styles = (ROOT / "layers" / "blog" / "blog" / "pages" / "style.css").read_text()
    accent = re.search(r"--accent: light-dark\((#[0-9a-f]{6}),", styles)
    assert accent is not None
    assert PARAMETERS["SiteAccent"]["Default"] == accent[1]
    assert (ROOT / "spa" / "public" / site.logo[1:]).is_file()


def test_every_default_is_valid() -> None:
    for name, one in PARAMETERS.items():
        if "AllowedPattern" in one and "Default" in one:
            assert re.fullmatch(one["AllowedPattern"], one["Default"]), name
            assert len(one["Default"]) <= one.get("MaxLength", 4096), name


def test_every_parameter_is_validated_and_described() -> None:
    for name, one in PARAMETERS.items():
        assert one["Description"], name
        if one["Type"] == "Number":
            assert "MinValue" in one or "AllowedValues" in one, name
        else:
            assert "AllowedPattern" in one or "AllowedValues" in one, name
