"""The addresses in a text that become links without markup."""

import pytest

from blog.posts.links import MAX_ADDRESS, find_links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("see https://example.com/a.", ["https://example.com/a"]),
        ("\uff08https://example.com/a\uff09\u3092\u898b\u308b", ["https://example.com/a"]),
        ("https://example.com/a\u3001https://example.com/b", ["https://example.com/a", "https://example.com/b"]),
        ("\u898b\u3066https://example.com/a\u3002", ["https://example.com/a"]),
        ("https://ja.example.com/\u30b8\u30e7\u30f3\u30fb\u30ec\u30ce\u30f3", ["https://ja.example.com/\u30b8\u30e7\u30f3\u30fb\u30ec\u30ce\u30f3"]),
        ("\u201chttps://example.com/a\u201d", ["https://example.com/a"]),
        ("https://example.com/pkg/__init__.py", ["https://example.com/pkg/__init__.py"]),
        ("(https://example.com/a_(b))", ["https://example.com/a_(b)"]),
        ("https://example.com/a?b=c&d=e;", ["https://example.com/a?b=c&d=e"]),
        ("https://example.com/&copy;", ["https://example.com/"]),
        ("HTTPS://EXAMPLE.COM/A", ["HTTPS://EXAMPLE.COM/A"]),
        ("http://localhost:3000/a", ["http://localhost:3000/a"]),
        ("https://m\u00fcnchen.example/a", ["https://m\u00fcnchen.example/a"]),
        ("https://a.example/b<c", ["https://a.example/b"]),
        ("xhttps://example.com", []),
        ("ftp://example.com and javascript://example.com/%0aalert(1)", []),
        ("http:// https://. http://a_b.c", []),
        ("http://" + "a" * MAX_ADDRESS, []),
        ("posts.py is no address, and 10:30 is a time", []),
    ],
)  # fmt: skip
def test_addresses_are_found(text: str, links: list[str]) -> None:
    assert [link.href for link in find_links(text)] == links
    assert [text[link.start : link.end] for link in find_links(text)] == links


@pytest.mark.parametrize(
    ("text", "found", "href"),
    [
        ("www.example.com/a, and", "www.example.com/a", "http://www.example.com/a"),
        ("ask a.b+c@example.com.", "a.b+c@example.com", "mailto:a.b+c@example.com"),
        ("mailto:a@example.com?", "mailto:a@example.com", "mailto:a@example.com"),
    ],
)
def test_an_address_without_a_scheme_gets_one(text: str, found: str, href: str) -> None:
    (link,) = find_links(text)
    assert (text[link.start : link.end], link.href) == (found, href)


@pytest.mark.parametrize(
    "text", ["a@b", "a@b.c-", "a@-.example_", "www.", "www. a", "@example.com"]
)
def test_no_address_is_invented(text: str) -> None:
    assert list(find_links(text)) == []
