"""The stack's parameters: each has a description, and is validated before resources are created."""

import re

import pytest
from samtranslator.yaml_helper import yaml_parse

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


def test_every_parameter_is_validated_and_described() -> None:
    for name, one in PARAMETERS.items():
        assert one["Description"], name
        if one["Type"] == "Number":
            assert "MinValue" in one or "AllowedValues" in one, name
        else:
            assert "AllowedPattern" in one or "AllowedValues" in one, name
