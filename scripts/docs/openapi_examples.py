"""Examples for the OpenAPI document. A test validates each with its model."""

import json
from datetime import UTC, datetime
from typing import Any

from blog.errors import (
    BadRequest,
    ContentTooLarge,
    FieldError,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Problem,
    SlugTaken,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)
from blog.http.responses import problem_body
from blog_auth.refusals import WRONG_AUDIENCE

Json = dict[str, Any]
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

_PROBLEMS: tuple[Problem, ...] = (
    BadRequest("The cursor does not belong to this list."),
    Unauthorized(WRONG_AUDIENCE.description, "invalid_token"),
    Forbidden("This post is somebody else's."),
    NotFound("There is no such post."),
    SlugTaken(),
    PreconditionFailed(7),
    ContentTooLarge("The body must have at most 1 MiB."),
    UnsupportedMediaType("The body must be application/json, in UTF-8."),
    Unprocessable([FieldError("tags.3", "Must have 1 to 40 characters")]),
    TooManyRequests(
        "comments",
        "comments",
        60,
        datetime(2026, 1, 31, 9, 40, tzinfo=UTC),
        datetime(2026, 1, 31, 10, tzinfo=UTC),
    ),
    Unavailable(),
)

_AUTHOR: Json = {
    "id": "mfrggzdfmztwq2lknnwg23tpob",
    "name": "Alice Example",
    "picture": None,
}
_POST: Json = {
    "id": "01JDC0000000000000000000P0",
    "slug": "hello-world",
    "title": "Hello, world",
    "excerpt": "The first post.",
    "tags": ["serverless", "c#"],
    "cover_image": "/media/01JDC0000000000000000000M0",
    "canonical_url": None,
    "status": "published",
    "publish_at": None,
    "version": 3,
    "reading_minutes": 1,
    "comments": "open",
    "author": _AUTHOR,
    "like_count": 2,
    "comment_count": 1,
    "created_at": "2026-03-08T18:00:00.000Z",
    "updated_at": "2026-03-09T09:30:00.000Z",
    "published_at": "2026-03-09T09:00:00.000Z",
}
_COMMENT: Json = {
    "id": "01JDC0000000000000000000C0",
    "post_id": "01JDC0000000000000000000P0",
    "parent_id": None,
    "body": "*Well said.*",
    "body_html": "<p><em>Well said.</em></p>\n",
    "author": _AUTHOR,
    "status": "published",
    "version": 1,
    "created_at": "2026-03-09T10:00:00.000Z",
    "updated_at": "2026-03-09T10:00:00.000Z",
}

# By component. Components that only wrap another one have no example.
EXAMPLES: dict[str, Json] = {
    "NewPost": {
        "title": "Hello, world",
        "body": "The *first* post.",
        "tags": ["serverless", "c#"],
        "status": "published",
    },
    "PostChanges": {"title": "Hello again", "excerpt": None},
    "PostSummary": _POST,
    "PostDetail": _POST
    | {"body": "The *first* post.", "body_html": "<p>The <em>first</em> post.</p>\n"},
    "PreviewRequest": {"body": "The *first* post."},
    "Preview": {
        "body_html": "<p>The <em>first</em> post.</p>\n",
        "excerpt": "The first post.",
        "reading_minutes": 1,
    },
    "NewComment": {"body": "*Well said.*"},
    "CommentChanges": {"body": "*Very* well said."},
    "CommentDetail": _COMMENT,
    "PublicProfile": _AUTHOR
    | {"bio": "Writes about Lambda.", "website": None, "post_count": 1, "follower_count": 2},
    "ProfileChanges": {"name": "Alice Example", "bio": "Writes about Lambda."},
    "Reasoned": {"reason": "Advertises watches."},
    "NewMedia": {"content_type": "image/png", "size": 48213},
}


def problem_example(status: int) -> Json:
    """Return a problem of this status, as the handlers render it."""
    (one,) = (problem for problem in _PROBLEMS if problem.status == status)
    body: Json = json.loads(problem_body(one, REQUEST_ID))
    return body
