"""GET /openapi.json and GET /docs, from the handlers."""

import re

import pytest

from tests.support.handlers import Call, header, json_body, problem


def test_the_openapi_document_names_its_stage(call: Call) -> None:
    response = call("public-openapi")
    assert header(response, "Content-Type") == "application/json; charset=utf-8"
    assert json_body(response)["servers"] == [{"url": "/v1"}]
    assert "/me/posts" in json_body(response)["paths"]
    again = call("public-openapi", headers={"If-None-Match": header(response, "ETag")})
    assert (again["statusCode"], again["body"]) == (304, "")


def test_the_docs_page_loads_everything_from_its_own_address(call: Call) -> None:
    response = call("public-docs")
    assert header(response, "Content-Type") == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]*)"', response["body"])
    assert addresses == [
        "data:,",
        "/v1/docs/swagger-ui.css",
        "/v1/docs/swagger-ui.js",
        "/v1/docs/start.js",
    ]
    policy = header(response, "Content-Security-Policy")
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("name", "media_type", "part"),
    [
        ("swagger-ui.css", "text/css; charset=utf-8", ".swagger-ui"),
        ("swagger-ui.js", "text/javascript; charset=utf-8", "SwaggerUIBundle"),
        ("start.js", "text/javascript; charset=utf-8", "../openapi.json"),
    ],
)
def test_the_assets_of_the_docs_page_are_served(
    call: Call, name: str, media_type: str, part: str
) -> None:
    response = call("public-docs-asset", parts={"start.js": name})
    assert header(response, "Content-Type") == media_type
    assert part in response["body"]


def test_only_the_assets_of_the_docs_page_are_served(call: Call) -> None:
    problem(call("public-docs-asset", parts={"start.js": "html.py"}), 404)
