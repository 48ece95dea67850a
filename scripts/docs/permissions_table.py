"""Who may do what: a row for each route and situation, a status for each kind of user.

`make docs` prints docs/permissions.md from this table, and test_permissions.py compares the
handlers with it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

KINDS = ("nobody", "a stranger", "the owner", "a moderator", "the owner, banned", "a machine")

INTRODUCTION = """\
# Who may do what

`make docs` prints this page from `scripts/docs/permissions_table.py`. The tests check each cell.

| | |
| --- | --- |
| nobody | a request without a token |
| the owner | the author of the post or comment, or the owner of the listed content |
| a stranger | another user with a valid token |
| a moderator | a user whose token has `moderate:content` and `moderate:people` |
| a machine | an application with a client-credentials token without `author:posts` |

Other statuses are the same for everyone, and are not listed:

| status | reason |
| --- | --- |
| 400, 413, 415, 422 | the request is invalid |
| 404 | the item does not exist |
| 409 | the request conflicts with what is stored |
| 412 | a precondition failed |
| 429 | there were too many requests |
| 503 | a service is not available |
| 301 | the author's account was merged into another one |

The permissions are:
"""


class Row(NamedTuple):
    """A sample event with changes, and the expected status for each of KINDS."""

    event: str
    situation: str
    statuses: tuple[int, ...]
    more: Mapping[str, Any] = MappingProxyType({})


def every(status: int) -> tuple[int, ...]:
    """Return the same status for each kind of user."""
    return (status,) * len(KINDS)


# Statuses of routes that need only a token, of writes, and of others.
TOKEN = (401, 200, 200, 200, 200, 200)
WRITE_201 = (401, 201, 201, 201, 403, 403)
WRITE_204 = (401, 204, 204, 204, 403, 403)
TAKE_BACK = (401, 204, 204, 204, 204, 403)
OWN_200 = (401, 404, 200, 404, 200, 404)
CONTENT_204 = PEOPLE_204 = (401, 403, 403, 204, 403, 403)
NO_ONE = (401, 403, 403, 403, 403, 403)
PENDING = (401, 404, 204, 404, 403, 403)
REACTED = (401, 404, 204, 404, 204, 404)
REMOVED = (401, 403, 204, 204, 403, 403)
MODERATED = (401, 403, 403, 200, 403, 403)

# Names that test_permissions.py resolves to items.
PUBLISHED, DRAFT, HIDDEN, CLOSED = (
    {"post": name} for name in ("published", "draft", "hidden", "closed")
)
OWN_COMMENT = {"post": "published", "comment": "owners"}
ANOTHER = {"author": "another"}
ANOTHERS_COMMENT = {"post": "published", "comment": "anothers"}
PENDING_COMMENT = {"post": "published", "comment": "pending"}

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
    Row("public-get-media", "checked", every(302), {"media": "ready"}),
    Row("public-get-media", "not checked yet", every(404), {"media": "pending"}),
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
    Row("comments-create", "on a post with closed comments", NO_ONE, CLOSED),
    Row("comments-edit", "the user's own", (401, 403, 200, 403, 403, 403), OWN_COMMENT),
    Row("comments-edit", "of another user, on the owner's post", NO_ONE, ANOTHERS_COMMENT),
    Row("comments-delete", "the user's own", (401, 403, 204, 204, 204, 403), OWN_COMMENT),
    Row("comments-delete", "of another user, on the owner's post", REMOVED, ANOTHERS_COMMENT),
    Row("comments-approve", "pending, on the owner's post", PENDING, PENDING_COMMENT),
    Row("comments-decline", "pending, on the owner's post", PENDING, PENDING_COMMENT),
    Row("comments-list-pending", "", TOKEN),
    Row("comments-report-post", "published", WRITE_204, PUBLISHED),
    Row("comments-report-post", "a draft", (401, 404, 404, 404, 404, 403), DRAFT),
    Row("comments-report-comment", "", WRITE_204, ANOTHERS_COMMENT),
    Row("comments-report-author", "another author", WRITE_204, ANOTHER),
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
    Row("moderation-remove-media", "", CONTENT_204, {"media": "ready"}),
    Row("moderation-list-people", "", MODERATED),
    Row("moderation-ban", "", PEOPLE_204, ANOTHER),
    Row("moderation-unban", "", PEOPLE_204, ANOTHER),
    Row("moderation-list-authors", "", MODERATED),
    Row("moderation-clear-profile", "", PEOPLE_204, ANOTHER),
    Row("moderation-end-clearing", "", PEOPLE_204, ANOTHER),
    Row("moderation-list-reports", "", MODERATED),
    Row("media-create", "", WRITE_201),
    Row("media-list-mine", "", TOKEN),
    Row("media-get-mine", "the owner's", OWN_200, {"media": "ready"}),
    Row("media-delete", "the owner's", (401, 403, 204, 403, 204, 403), {"media": "ready"}),
    Row("media-delete", "the owner's, not checked yet", (401, 404, 204, 404, 204, 403),
        {"media": "pending"}),
    Row("account-get-me", "", TOKEN),
    Row("account-edit-me", "", (401, 200, 200, 200, 403, 403)),
    Row("account-delete-me", "", (401, 202, 202, 202, 202, 403)),
    Row("account-get-erasure", "", TOKEN),
    Row("account-create-export", "", (401, 202, 202, 202, 202, 403)),
    Row("account-get-export", "", TOKEN),
]  # fmt: skip


def page(route_of: dict[str, str]) -> str:
    """Return docs/permissions.md as Markdown; `route_of` maps events to routes."""
    lines = [
        f"| {' | '.join(('route', '', *KINDS))} |",
        f"| {' | '.join(['---'] * (len(KINDS) + 2))} |",
    ]
    for row in ROWS:
        cells = (f"`{route_of[row.event]}`", row.situation, *map(str, row.statuses))
        lines.append(f"| {' | '.join(cells)} |")
    return INTRODUCTION + "\n" + "\n".join(lines) + "\n"
