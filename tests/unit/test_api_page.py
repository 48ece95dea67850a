"""docs/api.md lists the existing routes, and the limits in the code."""

import re
from typing import Any

import pytest

from blog import fields, tags
from blog.http.request_guard import MAX_DEPTH, MAX_REQUEST_BYTES
from blog.limits import IN_WORDS, PER_HOUR
from blog.media.image_types import MAX_BYTES
from blog.posts.editing import MAX_FORMER_SLUGS, MAX_REVISIONS
from blog.posts.markup import MAX_HTML
from blog.posts.model import MAX_STORED_BYTES
from blog.posts.rendering import MAX_COMMENT_HTML
from blog.posts.service import MAX_SCHEDULED
from blog.reactions.service import MAX_FOLLOWS
from tests.support.openapi_document import DOCUMENT, SCHEMAS
from tests.support.samples import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
KIB, MIB = 1024, 1024 * 1024
RESOURCES = {
    "comment": "CommentDetail",
    "deleted comment with replies": "Tombstone",
    "tag": "TagCount",
    "author": "PublicProfile",
    "account (`GET /me`)": "Account",
    "report": "Report",
    "banned user": "BannedPerson",
    "author with a cleared profile": "ClearedAuthor",
}


def table(heading: str) -> dict[str, str]:
    """Return the first two columns of the first table under a heading, without its head."""
    _, _, section = PAGE.partition(f"\n## {heading}\n")
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", section.partition("\n## ")[0], re.M)
    return {first: second for first, second in rows[1:] if set(first) != {"-"}}


def length(schema: str, member: str) -> str:
    """Return a member's bounds in the words of the page."""
    found = SCHEMAS[schema]["properties"][member]
    bounds = next((one for one in found.get("anyOf", []) if "maxLength" in one), found)
    least, most = bounds.get("minLength"), bounds["maxLength"]
    return f"{most} characters" if least is None else f"{least} to {most} characters"


LIMITS = {
    "`title` of a post": length("NewPost", "title"),
    "`body` of a post": f"{fields.MAX_BODY_BYTES // KIB} KiB of UTF-8, and {MAX_HTML // KIB} KiB"
    f" of rendered HTML in JSON; a post may take {MAX_STORED_BYTES:,} bytes as stored",
    "`excerpt` of a post": length("NewPost", "excerpt"),
    "scheduled posts of an author": f"{MAX_SCHEDULED:,}",
    "`tags` of a post": f"{fields.MAX_TAGS} tags",
    "a tag": f"1 to {tags.MAX_TAG_CHARACTERS} characters",
    "`slug` of a post": "1 to 120 characters",
    "`cover_image`, `canonical_url`, `picture`, `website`": length("NewPost", "cover_image"),
    "`body` of a comment": f"{length('NewComment', 'body')}, and {MAX_COMMENT_HTML // KIB} KiB"
    " of rendered HTML in JSON",
    "`name` in a profile": length("ProfileChanges", "name"),
    "`bio` in a profile": length("ProfileChanges", "bio"),
    "`reason` of a report or of a moderator's decision": length("Reasoned", "reason"),
    "`size` of an upload": f"{MAX_BYTES // MIB} MiB",
    "a request body": f"{MAX_REQUEST_BYTES // MIB} MiB, and {MAX_DEPTH} levels of nesting",
    "former slugs of a post": f"{MAX_FORMER_SLUGS}",
    "revisions of a post": f"{MAX_REVISIONS}",
    "followed authors": f"{MAX_FOLLOWS}",
    **{
        f"{IN_WORDS[kind]} an hour and user": f"{limit} (`{kind}`)"
        for kind, limit in PER_HOUR.items()
    },
}


def test_the_page_lists_exactly_the_existing_routes() -> None:
    _, _, tables = PAGE.partition("\n## Routes\n")
    cells = re.findall(r"^\| (`[A-Z]+ /.*?) \|", tables.partition("\n## A post\n")[0], re.M)
    named = [route for cell in cells for route in re.findall(r"`([A-Z]+ /\S*)`", cell)]
    built = {
        f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert sorted(named) == sorted(built)
    mentioned = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?\s]*)`", PAGE))
    assert mentioned == built


def test_the_limits_are_the_ones_in_the_code() -> None:
    assert table("Limits") == LIMITS
    for schema in ("NewPost", "PostChanges"):
        assert length(schema, "canonical_url") == length("NewPost", "cover_image")
    for member in ("picture", "website"):
        assert length("ProfileChanges", member) == length("NewPost", "cover_image")
    assert fields.is_slug("a" * 120)
    assert not fields.is_slug("a" * 121)
    assert not fields.is_slug("")


def test_a_post_has_the_members_on_the_page() -> None:
    named = {name for cell in table("A post") for name in re.findall(r"`(\w+)`", cell)}
    assert named == SCHEMAS["OwnPost"]["properties"].keys()


@pytest.mark.parametrize("row", RESOURCES)
def test_an_object_has_the_members_on_the_page(row: str) -> None:
    without_values = re.sub(r"\(.*?\)", "", table("Other objects")[row])
    properties: dict[str, Any] = SCHEMAS[RESOURCES[row]]["properties"]
    assert re.findall(r"`(\w+)`", without_values) == list(properties)


def test_revisions_have_the_members_on_the_page() -> None:
    named = re.findall(r"`(\w+)`", table("Other objects")["revision"])
    assert named == list(SCHEMAS["Revision"]["properties"])
    assert named[:-1] == list(SCHEMAS["RevisionSummary"]["properties"])
