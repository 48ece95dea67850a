"""The caller's own posts: create, edit, delete, list and restore them."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.http.handler import identity, lambda_handler, request_path, require_writer, resolver
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, IdempotencyKeyField, IfMatchField, IfNoneMatchField, Limit
from blog.http.responses import TextResponse, entity_response, json_response, no_content
from blog.identifiers import parse_id, parse_version
from blog.people.rate_limits import RateLimits
from blog.posts.model import Status
from blog.posts.queries import PostQueries
from blog.posts.schemas import (
    NewPost,
    OwnPost,
    OwnPostPage,
    PostChanges,
    Preview,
    PreviewRequest,
    Revision,
    RevisionPage,
)
from blog.posts.service import Posts
from blog.settings import PostSettings

settings = PostSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
limits = RateLimits.from_environment(os.environ)
posts = Posts(table, settings.feed_shards, limits, settings.text_form)
post_queries = PostQueries(table, settings.feed_shards)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/posts",
    summary="Create a post",
    operation_id="createPost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(201, OwnPost, 400, 401, 403, 409, 413, 415, 422, 429),
)
def create_post(new: Annotated[NewPost, Body()], key: IdempotencyKeyField = None) -> TextResponse:
    """Create a post of the caller."""
    owner = require_writer(app, settings)
    idempotency = Idempotency.of(owner.sub, key, new) if key else None
    post = posts.create(new, owner=owner, idempotency=idempotency).as_owner_response()
    headers = {"Location": f"{request_path(app)}/{post.id}"}
    return entity_response(post, status=201, cache_control=PRIVATE, headers=headers)


@app.patch(
    "/posts/<post_id>",
    summary="Edit the caller's own post",
    description="A JSON merge patch (RFC 7396). If-Match names the version that the client read.",
    operation_id="editPost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429),
)
def edit_post(
    post_id: Annotated[str, Path()],
    changes: Annotated[PostChanges, Body()],
    if_match: IfMatchField = None,
) -> TextResponse:
    """Edit the caller's post."""
    precondition = IfMatch.parse(if_match)
    owner = require_writer(app, settings)
    post = posts.edit(parse_id(post_id), changes, owner=owner, if_match=precondition)
    return entity_response(post.as_owner_response(), cache_control=PRIVATE)


@app.delete(
    "/posts/<post_id>",
    summary="Delete the caller's own post",
    operation_id="deletePost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 412),
)
def delete_post(post_id: Annotated[str, Path()], if_match: IfMatchField = None) -> Response[None]:
    """Delete the caller's post."""
    precondition = IfMatch.parse(if_match)
    posts.delete(parse_id(post_id), sub=require_writer(app, settings).sub, if_match=precondition)
    return no_content()


@app.get(
    "/me/posts",
    summary="The caller's own posts, most recently created first",
    operation_id="listMyPosts",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPostPage, 400, 401),
)
def list_my_posts(
    status: Annotated[Status | None, Query(description="Only posts with this status")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TextResponse:
    """Return a page of the caller's posts."""
    page = post_queries.list_owned_by(identity(app).sub, status=status, limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/posts/<post_id>",
    summary="The caller's own post, with any status",
    operation_id="getMyPost",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 401, 404, not_modified=True),
)
def get_my_post(
    post_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return the caller's post."""
    post = post_queries.owned_by(identity(app).sub, parse_id(post_id)).as_owner_response()
    return entity_response(post, cache_control=PRIVATE, if_none_match=if_none_match)


@app.get(
    "/me/posts/<post_id>/revisions",
    summary="The revisions of the caller's own post, newest first",
    description="A revision holds the title and the body that were public before an edit. The 50 "
    "newest revisions are kept.",
    operation_id="listRevisions",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, RevisionPage, 400, 401, 404),
)
def list_revisions(
    post_id: Annotated[str, Path()], limit: Limit = 20, cursor: Cursor = None
) -> TextResponse:
    """Return a page of the revisions of the caller's post."""
    page = post_queries.revisions(identity(app).sub, parse_id(post_id), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/posts/<post_id>/revisions/<version>",
    summary="A revision of the caller's own post",
    operation_id="getRevision",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Revision, 401, 404),
)
def get_revision(post_id: Annotated[str, Path()], version: Annotated[str, Path()]) -> TextResponse:
    """Return a revision of the caller's post."""
    sub = identity(app).sub
    revision = post_queries.revision(sub, parse_id(post_id), parse_version(version))
    return json_response(revision, cache_control=PRIVATE)


@app.post(
    "/me/posts/<post_id>/revisions/<version>/restore",
    summary="Restore a revision of the caller's own post",
    description="Restoring is an edit: the replaced title and body become a revision in turn.",
    operation_id="restoreRevision",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 400, 401, 403, 404, 409, 412, 413, 415, 422, 429),
)
def restore_revision(
    post_id: Annotated[str, Path()],
    version: Annotated[str, Path()],
    if_match: IfMatchField = None,
) -> TextResponse:
    """Give the caller's post the title and body of a revision."""
    precondition = IfMatch.parse(if_match)
    post = posts.restore(
        parse_id(post_id),
        parse_version(version),
        owner=require_writer(app, settings),
        if_match=precondition,
    )
    return entity_response(post.as_owner_response(), cache_control=PRIVATE)


@app.post(
    "/me/preview",
    summary="Render a body as it would be published, without storing it",
    operation_id="previewBody",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Preview, 400, 401, 413, 415, 422),
)
def preview_body(request: Annotated[PreviewRequest, Body()]) -> TextResponse:
    """Render a body without storing it."""
    html, excerpt, reading_minutes = posts.preview(request.body)
    preview = Preview(body_html=html, excerpt=excerpt, reading_minutes=reading_minutes)
    return json_response(preview, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
