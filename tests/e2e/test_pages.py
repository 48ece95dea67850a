"""The site's pages, as the API renders them."""

from tests.support.stack import Client


def test_each_public_thing_has_a_page(visitor: Client, alice: Client) -> None:
    post = alice.create(title="Has <a> page", tags=["paged"], status="published")
    author = f"/pages/authors/{post['author']['id']}"
    for path in ("/pages", f"/pages/posts/{post['slug']}", "/pages/tags/paged", author):
        response = visitor.get(path)
        assert response.status_code == 200, path
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Has &lt;a&gt; page" in response.text
        tag = {"If-None-Match": response.headers["ETag"]}
        assert visitor.get(path, headers=tag).status_code == 304


def test_what_does_not_exist_has_a_page_that_says_so(visitor: Client) -> None:
    response = visitor.get("/pages/posts/no-such-post")
    assert response.status_code == 404
    assert "<h1" in response.text
