"""The XSS corpus through the site's pages: in each text of a page, its head and its data blocks."""

import re
from typing import Any

import pytest

from tests.support.handlers import Call, json_body
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.pages import APP, PageOf, Reader
from tests.support.people import person_of
from tests.support.xss import CORPUS

ATTACKS = CORPUS if IS_LONG else CORPUS[::4]
SLICES = 4
# Browsers remove spaces before a scheme, and line breaks and tabs everywhere (url.spec.whatwg.org).
SCHEME = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):")
SCRIPTS = {("module", *APP.scripts), ("application/ld+json", None), ("application/json", None)}
# Breaks out of an element, an attribute, JSON or a comment, or is a line break in a script.
OWN = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\u2028alert(1)\u2029",
    '"><img src=x onerror=alert(1)>',
    "\"}}]}</script><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}{{ site.url }}",
    "%3C/script%3E&lt;/script&gt;",
    "]]>--><!DOCTYPE html>",
)  # fmt: skip


@pytest.mark.parametrize("part", range(SLICES))
def test_an_attack_stays_text_in_every_place(reader: Reader, call: Call, part: int) -> None:
    for number, attack in enumerate((*OWN, *ATTACKS)[part::SLICES]):
        sub, slug = f"auth0|attacker{number}", f"attack-{number}"
        values = published(call, sub, slug, attack)
        author_id = person_of(sub).author_id
        page = reader.page(f"/posts/{slug}")
        check_scripts(page, attack)
        assert page.title == f"{values['title']} · Serverless blog"
        assert page.meta("og:title") == values["title"]
        assert page.meta("description") == values["excerpt"]
        posting, crumbs = page.json_ld
        assert posting["headline"] == values["title"][:110]
        assert posting["author"]["name"] == values["author"]["name"]
        assert crumbs["itemListElement"][1]["name"] == values["title"]
        assert page.data["answers"][f"/posts/by-slug/{slug}"]["title"] == values["title"]
        author = reader.page(f"/authors/{author_id}")
        check_scripts(author, attack)
        assert author.one("//h1/text()") == values["author"]["name"]
    for address in {"/", "/tags", *reader.page("/").links} - {"/me"}:
        if not address.endswith(".atom"):
            check_scripts(reader.page(address), address)


def published(call: Call, sub: str, slug: str, attack: str) -> dict[str, Any]:
    """Publish a post with the attack in each of its texts, as far as the API takes it."""
    line = " ".join("".join(c for c in attack if c.isprintable()).split())[:150] or "x"
    call("account-edit-me", sub=sub, body={"name": "Attacker", "bio": line})
    call("account-edit-me", sub=sub, body={"name": line[:50]})
    call("account-edit-me", sub=sub, body={"website": line})
    body: dict[str, Any] = {"title": line, "slug": slug, "excerpt": line, "status": "published"}
    created = call("posts-create", sub=sub, body=body | {"tags": [line[:30]], "body": attack})
    if created["statusCode"] == 422:
        created = call("posts-create", sub=sub, body=body | {"body": attack})
    assert created["statusCode"] == 201, (attack, created)
    values: dict[str, Any] = json_body(created)
    call("comments-create", sub=sub, post_id=values["id"], body={"body": attack})
    return values


def check_scripts(page: PageOf, attack: str) -> None:
    """Check that the page runs the app's script alone, and loads nothing with a script."""
    scripts = {(one.get("type"), one.get("src")) for one in page.all("//script")}
    assert scripts <= SCRIPTS, attack
    handlers = [name for one in page.all("//*") for name in one.attrib if name.startswith("on")]
    assert not handlers, attack
    assert not page.all("//iframe | //object | //embed | //base | //form | //style | //svg"), attack
    links = [re.sub(r"[\t\n\r]", "", str(one)).lower() for one in page.all("//@href | //@src")]
    schemes = {found[1] for found in map(SCHEME.match, links) if found}
    assert schemes <= {"http", "https", "mailto"}, attack
