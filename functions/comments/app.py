"""Comments: create, edit, delete and approve them; report posts, comments and authors."""

import blog.cold_start

import os
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from blog.comments.queries import CommentQueries
from blog.comments.schemas import CommentChanges, CommentDetail, NewComment, PendingPage
from blog.comments.service import Comments
from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.http.handler import (
    identity,
    lambda_handler,
    person,
    request_path,
    require_writer,
    resolver,
)
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, IdempotencyKeyField, IfMatchField, Limit
from blog.http.responses import TextResponse, entity_response, json_response, no_content
from blog.identifiers import parse_id
from blog.moderation.reports import Reports
from blog.moderation.schemas import Reasoned
from blog.people.permissions import MODERATE_CONTENT
from blog.people.rate_limits import RateLimits
from blog.settings import AuthorSettings

settings = AuthorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
limits = RateLimits.from_environment(os.environ)
comments = Comments(table, limits)
comment_queries = CommentQueries(table)
reports = Reports(table, limits)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/posts/<post_id>/comments",
    summary="Comment on a published post",
    description="A user's first comment has the status `pending` if the post's author approves "
    "first comments.",
    operation_id="createComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(201, CommentDetail, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def create_comment(
    post_id: Annotated[str, Path()],
    new: Annotated[NewComment, Body()],
    key: IdempotencyKeyField = None,
) -> TextResponse:
    """Create a comment on a published post."""
    writer = require_writer(app, settings)
    idempotency = Idempotency.of(writer.sub, key, new, f"comment on {post_id}") if key else None
    comment = comments.create(parse_id(post_id), new, writer=writer, idempotency=idempotency)
    headers = {"Location": f"{request_path(app)}/{comment.id}"}
    return entity_response(comment, status=201, cache_control=PRIVATE, headers=headers)


@app.patch(
    "/posts/<post_id>/comments/<comment_id>",
    summary="Edit the caller's own comment",
    description="A JSON merge patch (RFC 7396). If-Match names the version that the client read.",
    operation_id="editComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(
        200, CommentDetail, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429
    ),
)
def edit_comment(
    post_id: Annotated[str, Path()],
    comment_id: Annotated[str, Path()],
    changes: Annotated[CommentChanges, Body()],
    if_match: IfMatchField = None,
) -> TextResponse:
    """Edit the caller's comment."""
    comment = comments.edit(
        parse_id(post_id),
        parse_id(comment_id),
        changes,
        writer=require_writer(app, settings),
        if_match=IfMatch.parse(if_match),
    )
    return entity_response(comment, cache_control=PRIVATE)


@app.delete(
    "/posts/<post_id>/comments/<comment_id>",
    summary="Delete a comment: as its writer, as the post's author, or as a moderator",
    operation_id="deleteComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 412),
)
def delete_comment(
    post_id: Annotated[str, Path()],
    comment_id: Annotated[str, Path()],
    if_match: IfMatchField = None,
) -> Response[None]:
    """Delete a comment of the caller, on the caller's post, or as a moderator."""
    precondition = IfMatch.parse(if_match)
    caller = require_writer(app, settings)
    comments.delete(
        parse_id(post_id),
        parse_id(comment_id),
        person=caller,
        is_moderator=identity(app).may(MODERATE_CONTENT),
        if_match=precondition,
    )
    return no_content()


@app.get(
    "/me/comments",
    summary="The comments that wait for the caller's approval, oldest first",
    operation_id="listPendingComments",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, PendingPage, 400, 401),
)
def list_pending_comments(
    status: Annotated[Literal["pending"], Query(description="Only pending comments")],  # noqa: ARG001 - pydantic checks it; no other value exists
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TextResponse:
    """Return a page of the comments that wait for the caller's approval."""
    page = comment_queries.pending_for(person(app, settings).author_id, limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.put(
    "/posts/<post_id>/comments/<comment_id>/approval",
    summary="Publish a pending comment, and let its writer comment without approval from now on",
    operation_id="approveComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def approve_comment(
    post_id: Annotated[str, Path()], comment_id: Annotated[str, Path()]
) -> Response[None]:
    """Publish a pending comment on the caller's post."""
    comments.approve(parse_id(post_id), parse_id(comment_id), author=require_writer(app, settings))
    return no_content()


@app.delete(
    "/posts/<post_id>/comments/<comment_id>/approval",
    summary="Remove a pending comment",
    operation_id="declineComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def decline_comment(
    post_id: Annotated[str, Path()], comment_id: Annotated[str, Path()]
) -> Response[None]:
    """Remove a pending comment on the caller's post."""
    comments.decline(parse_id(post_id), parse_id(comment_id), author=require_writer(app, settings))
    return no_content()


@app.post(
    "/posts/<post_id>/report",
    summary="Report a post to the moderators",
    operation_id="reportPost",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def report_post(
    post_id: Annotated[str, Path()], report: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Report a post to the moderators."""
    reports.report(parse_id(post_id), None, report.reason, reporter=require_writer(app, settings))
    return no_content()


@app.post(
    "/posts/<post_id>/comments/<comment_id>/report",
    summary="Report a comment to the moderators",
    operation_id="reportComment",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def report_comment(
    post_id: Annotated[str, Path()],
    comment_id: Annotated[str, Path()],
    report: Annotated[Reasoned, Body()],
) -> Response[None]:
    """Report a comment to the moderators."""
    reports.report(
        parse_id(post_id),
        parse_id(comment_id),
        report.reason,
        reporter=require_writer(app, settings),
    )
    return no_content()


@app.post(
    "/authors/<author_id>/report",
    summary="Report an author to the moderators",
    operation_id="reportAuthor",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def report_author(
    author_id: Annotated[str, Path()], report: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Report an author to the moderators."""
    reports.report_author(author_id, report.reason, reporter=require_writer(app, settings))
    return no_content()


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
