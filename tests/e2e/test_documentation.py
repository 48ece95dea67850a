"""The OpenAPI document and its page over HTTP: the built function contains their files."""

from tests.support.stack import Client, problem


def test_the_openapi_document_is_served(visitor: Client) -> None:
    response = visitor.get("/openapi.json")
    assert response.status_code == 200
    document = response.json()
    assert document["openapi"].startswith("3.1")
    assert "/me/posts/{post_id}" in document["paths"]
    again = visitor.get("/openapi.json", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


def test_the_docs_page_and_its_assets_are_served(visitor: Client) -> None:
    page = visitor.get("/docs")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for name, part in (("swagger-ui.js", "SwaggerUIBundle"), ("swagger-ui.css", ".swagger-ui")):
        asset = visitor.get(f"/docs/{name}")
        assert asset.status_code == 200
        assert part in asset.text
    problem(visitor.get("/docs/other.js"), 404)
