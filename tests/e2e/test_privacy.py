"""A visitor who reads everything public learns no user's login."""

import re

from tests.support.stack import Client

LOGIN = re.compile(r"(auth0|google-oauth2|github)(\||%7C)|[\w.]+@(example\.com|clients)")


def test_no_public_response_contains_a_login(alice: Client, bob: Client, visitor: Client) -> None:
    mine = alice.create(title="Public", status="published", tags=["privacy"])
    bob.send("POST", f"/posts/{mine['id']}/comments", json={"body": "Hello"})
    paths = ["/feed.atom", "/feed.json", "/sitemap.xml", "/tags", "/posts"]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path in seen:
            continue
        seen.add(path)
        response = visitor.get(path)
        assert response.status_code == 200, path
        text = response.text + str(response.headers)
        assert not LOGIN.search(text), path
        posts = re.findall(r'"id":"([0-9A-Z]{26})","slug":"([^"]+)"', response.text)
        for post_id, slug in posts:
            paths += [f"/posts/{post_id}", f"/posts/by-slug/{slug}", f"/posts/{post_id}/comments"]
        for author_id in re.findall(r'"author":\{"id":"(\w{26})"', response.text):
            paths += [f"/authors/{author_id}", f"/authors/{author_id}/feed.atom"]
            paths += [f"/authors/{author_id}/feed.json", f"/posts?author={author_id}"]
        for tag in re.findall(r'"tags":\["([a-z]+)"', response.text):
            paths += [f"/tags/{tag}/feed.atom", f"/posts?tag={tag}"]
    assert len(seen) > 20
    for person, other in ((alice, bob), (bob, alice)):
        account = other.get("/me").json()
        for path in ("/me", "/me/posts", "/me/likes", "/me/follows", "/me/feed", "/me/comments"):
            text = person.get(path).text
            assert account["sub"] not in text, path
    alice.delete(mine["id"])
