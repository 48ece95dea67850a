"""Comments: write, edit and delete them, approve those that wait, and report."""

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
from blog.http.handler import identity, lambda_handler, person, require_writer, resolver
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, IdempotencyKeyField, IfMatchField, Limit
from blog.http.responses import PRIVATE, TextResponse, entity_response, json_response, no_content
from blog.identifiers import parse_id
from blog.moderation.reports import Reports
from blog.moderation.schemas import Reasoned
from blog.people.permissions import MODERATE_CONTENT
from blog.settings import CommentSettings

settings = CommentSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
comments = Comments(table, settings.comments_per_hour)
comment_queries = CommentQueries(table)
reports = Reports(table)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/posts/<post_id>/comments",
    summary="Comment on a published post",
    description="Where its author approves first comments, those of newcomers wait: see status.",
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
    person = require_writer(app, settings)
    idempotency = Idempotency.of(person.sub, key, new, f"comment on {post_id}") if key else None
    comment = comments.create(parse_id(post_id), new, writer=person, idempotency=idempotency)
    path = app.current_event.request_context.path.rstrip("/")
    return entity_response(
        comment, status=201, cache_control=PRIVATE, headers={"Location": f"{path}/{comment.id}"}
    )


@app.patch(
    "/posts/<post_id>/comments/<comment_id>",
    summary="Edit a comment of one's own",
    description="A JSON merge patch (RFC 7396). If-Match names the version that was read.",
    operation_id="editComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(200, CommentDetail, 400, 401, 403, 404, 409, 412, 413, 415, 422),
)
def edit_comment(
    post_id: Annotated[str, Path()],
    comment_id: Annotated[str, Path()],
    changes: Annotated[CommentChanges, Body()],
    if_match: IfMatchField = None,
) -> TextResponse:
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
    summary="Delete a comment of one's own, or under a post of one's own, or as a moderator",
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
    precondition = IfMatch.parse(if_match)
    person = require_writer(app, settings)
    comments.delete(
        parse_id(post_id),
        parse_id(comment_id),
        person=person,
        is_moderator=identity(app).may(MODERATE_CONTENT),
        if_match=precondition,
    )
    return no_content()


@app.get(
    "/me/comments",
    summary="The comments that wait for one's approval, oldest first",
    operation_id="listWaitingComments",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, PendingPage, 400, 401),
)
def list_waiting_comments(
    status: Annotated[Literal["pending"], Query(description="Those that wait")],  # noqa: ARG001 - the one value that it may have
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TextResponse:
    page = comment_queries.pending_for(person(app, settings).author_id, limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.put(
    "/posts/<post_id>/comments/<comment_id>/approval",
    summary="Publish a comment that waits; its writer need not wait again",
    operation_id="approveComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def approve_comment(
    post_id: Annotated[str, Path()], comment_id: Annotated[str, Path()]
) -> Response[None]:
    comments.approve(parse_id(post_id), parse_id(comment_id), author=require_writer(app, settings))
    return no_content()


@app.delete(
    "/posts/<post_id>/comments/<comment_id>/approval",
    summary="Remove a comment that waits",
    operation_id="declineComment",
    tags=["Comments"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def decline_comment(
    post_id: Annotated[str, Path()], comment_id: Annotated[str, Path()]
) -> Response[None]:
    comments.decline(parse_id(post_id), parse_id(comment_id), author=require_writer(app, settings))
    return no_content()


@app.post(
    "/posts/<post_id>/report",
    summary="Tell moderators of a post",
    operation_id="reportPost",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def report_post(
    post_id: Annotated[str, Path()], given: Annotated[Reasoned, Body()]
) -> Response[None]:
    reports.report(parse_id(post_id), None, given.reason, reporter=require_writer(app, settings))
    return no_content()


@app.post(
    "/posts/<post_id>/comments/<comment_id>/report",
    summary="Tell moderators of a comment",
    operation_id="reportComment",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422, 429),
)
def report_comment(
    post_id: Annotated[str, Path()],
    comment_id: Annotated[str, Path()],
    given: Annotated[Reasoned, Body()],
) -> Response[None]:
    reports.report(
        parse_id(post_id),
        parse_id(comment_id),
        given.reason,
        reporter=require_writer(app, settings),
    )
    return no_content()


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
