"""Who may do what: a row for each route and situation, a status for each kind of person.

docs/permissions.md is printed from it (`make docs`), and test_permissions.py asks the handlers.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

KINDS = ("nobody", "a stranger", "the owner", "a moderator", "the owner, banned", "a machine")

INTRODUCTION = """\
# Who may do what

Printed from `scripts/docs/permissions_table.py` by `make docs`; the tests ask each of it.

*The owner* is who wrote the post or the comment, or whose things they are; *a stranger* is
somebody else with a good token; *a moderator* has `moderate:content` and `moderate:people` in it;
*a machine* has a client-credentials token without `author:posts`; *nobody* sends no token.

What is not listed is answered alike for everyone: 400, 413, 415, 422 for requests that are at
fault, 404 for what is not there, 409 for what does not fit what is stored, 412 for a precondition,
429 for too many, 503 for a part that is away; 301 for an author whose account was joined to
another.
"""


class Row(NamedTuple):
    """A sample event with changes, and what each of KINDS gets for it."""

    event: str
    situation: str
    statuses: tuple[int, ...]
    more: Mapping[str, Any] = MappingProxyType({})


def every(status: int) -> tuple[int, ...]:
    """Everyone gets the same."""
    return (status,) * len(KINDS)


# What a token alone is for, and what a person's own writes are for.
TOKEN = (401, 200, 200, 200, 200, 200)
WRITE_201 = (401, 201, 201, 201, 403, 403)
WRITE_204 = (401, 204, 204, 204, 403, 403)
TAKE_BACK = (401, 204, 204, 204, 204, 403)
OWN_200 = (401, 404, 200, 404, 200, 404)
CONTENT_204 = PEOPLE_204 = (401, 403, 403, 204, 403, 403)
NO_ONE = (401, 403, 403, 403, 403, 403)
WAITING = (401, 404, 204, 404, 403, 403)
REACTED = (401, 404, 204, 404, 204, 404)
REMOVED = (401, 403, 204, 204, 403, 403)
MODERATED = (401, 403, 403, 200, 403, 403)

# The names of the world in test_permissions.py.
PUBLISHED, DRAFT, HIDDEN, CLOSED = (
    {"post": name} for name in ("published", "draft", "hidden", "closed")
)
OWN_COMMENT = {"post": "published", "comment": "owners"}
ANOTHER = {"author": "another"}
ANOTHERS_COMMENT = {"post": "published", "comment": "anothers"}
WAITING_COMMENT = {"post": "published", "comment": "waiting"}

ROWS = [
    Row("public-health", "", every(200)),
    Row("public-list-posts", "", every(200)),
    Row("public-get-post", "published", every(200), PUBLISHED),
    Row("public-get-post", "a draft", every(404), DRAFT),
    Row("public-get-post", "hidden by a moderator", every(404), HIDDEN),
    Row("public-get-post-by-slug", "published", every(200), {"slug": "published"}),
    Row("public-get-post-by-slug", "a draft", every(404), {"slug": "draft"}),
    Row("public-get-post-by-slug", "a former slug", every(301), {"slug": "former"}),
    Row("public-list-comments", "on a published post", every(200), PUBLISHED),
    Row("public-list-comments", "on a draft", every(404), DRAFT),
    Row("public-list-tags", "", every(200)),
    Row("public-get-author", "", every(200), {"author": "owner"}),
    Row("public-feed-atom", "", every(200)),
    Row("public-feed-json", "", every(200)),
    Row("public-author-feed-atom", "", every(200), {"author": "owner"}),
    Row("public-author-feed-json", "", every(200), {"author": "owner"}),
    Row("public-tag-feed-atom", "", every(200)),
    Row("public-tag-feed-json", "", every(200)),
    Row("public-sitemap", "", every(200)),
    Row("public-openapi", "", every(200)),
    Row("public-docs", "", every(200)),
    Row("public-docs-asset", "", every(200)),
    Row("public-get-media", "looked at", every(302), {"media": "ready"}),
    Row("public-get-media", "not looked at yet", every(404), {"media": "pending"}),
    Row("posts-create", "", WRITE_201),
    Row("posts-edit", "published", (401, 403, 200, 403, 403, 403), PUBLISHED),
    Row("posts-edit", "a draft", (401, 404, 200, 404, 403, 403), DRAFT),
    Row("posts-edit", "hidden by a moderator", (401, 404, 200, 404, 403, 403), HIDDEN),
    Row("posts-delete", "published", (401, 403, 204, 403, 204, 403), PUBLISHED),
    Row("posts-delete", "a draft", (401, 404, 204, 404, 204, 403), DRAFT),
    Row("posts-list-mine", "", TOKEN),
    Row("posts-get-mine", "published", OWN_200, PUBLISHED),
    Row("posts-get-mine", "a draft", OWN_200, DRAFT),
    Row("posts-get-mine", "hidden by a moderator", OWN_200, HIDDEN),
    Row("posts-list-revisions", "", OWN_200, PUBLISHED),
    Row("posts-get-revision", "", OWN_200, PUBLISHED),
    Row("posts-restore-revision", "", (401, 404, 200, 404, 403, 403), PUBLISHED),
    Row("posts-preview", "", TOKEN),
    Row("comments-create", "on a published post", WRITE_201, PUBLISHED),
    Row("comments-create", "on a draft", (401, 404, 404, 404, 404, 403), DRAFT),
    Row("comments-create", "where they are closed", NO_ONE, CLOSED),
    Row("comments-edit", "one's own", (401, 403, 200, 403, 403, 403), OWN_COMMENT),
    Row("comments-edit", "another's, on the owner's post", NO_ONE, ANOTHERS_COMMENT),
    Row("comments-delete", "one's own", (401, 403, 204, 204, 204, 403), OWN_COMMENT),
    Row("comments-delete", "another's, on the owner's post", REMOVED, ANOTHERS_COMMENT),
    Row("comments-approve", "waiting, on the owner's post", WAITING, WAITING_COMMENT),
    Row("comments-decline", "waiting, on the owner's post", WAITING, WAITING_COMMENT),
    Row("comments-list-waiting", "", TOKEN),
    Row("comments-report-post", "published", WRITE_204, PUBLISHED),
    Row("comments-report-post", "a draft", (401, 404, 404, 404, 404, 403), DRAFT),
    Row("comments-report-comment", "", WRITE_204, ANOTHERS_COMMENT),
    Row("reactions-like", "published", WRITE_204, PUBLISHED),
    Row("reactions-like", "a draft", (401, 404, 404, 404, 404, 403), DRAFT),
    Row("reactions-unlike", "", TAKE_BACK, PUBLISHED),
    Row("reactions-follow", "another author", WRITE_204, ANOTHER),
    Row("reactions-unfollow", "", TAKE_BACK, ANOTHER),
    Row("reactions-list-likes", "", TOKEN),
    Row("reactions-get-like", "liked by the owner", REACTED, PUBLISHED),
    Row("reactions-list-follows", "", TOKEN),
    Row("reactions-get-follow", "followed by the owner", REACTED, ANOTHER),
    Row("reactions-feed", "", TOKEN),
    Row("moderation-list-posts", "", MODERATED),
    Row("moderation-hide", "", CONTENT_204, PUBLISHED),
    Row("moderation-unhide", "", CONTENT_204, HIDDEN),
    Row("moderation-list-people", "", MODERATED),
    Row("moderation-ban", "", PEOPLE_204, ANOTHER),
    Row("moderation-unban", "", PEOPLE_204, ANOTHER),
    Row("moderation-list-reports", "", MODERATED),
    Row("media-create", "", WRITE_201),
    Row("account-get-me", "", TOKEN),
    Row("account-edit-me", "", (401, 200, 200, 200, 403, 403)),
    Row("account-delete-me", "", (401, 202, 202, 202, 202, 403)),
    Row("account-get-erasure", "", TOKEN),
    Row("account-create-export", "", (401, 202, 202, 202, 202, 403)),
    Row("account-get-export", "", TOKEN),
]  # fmt: skip


def page(route_of: dict[str, str]) -> str:
    """docs/permissions.md; `route_of` says which route an event is of."""
    lines = [
        f"| {' | '.join(('route', '', *KINDS))} |",
        f"| {' | '.join(['---'] * (len(KINDS) + 2))} |",
    ]
    for row in ROWS:
        cells = (f"`{route_of[row.event]}`", row.situation, *map(str, row.statuses))
        lines.append(f"| {' | '.join(cells)} |")
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n"
