"""An author's own posts: write, edit, delete, and find again."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.http.handler import identity, lambda_handler, require_writer, resolver
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, IdempotencyKeyField, IfMatchField, IfNoneMatchField, Limit
from blog.http.responses import PRIVATE, TextResponse, entity_response, json_response, no_content
from blog.identifiers import parse_id, parse_version
from blog.posts.model import Status
from blog.posts.queries import PostQueries
from blog.posts.rendering import rendered
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
from blog.settings import AuthorSettings

settings = AuthorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
posts = Posts(table, settings.feed_shards)
post_queries = PostQueries(table, settings.feed_shards)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/posts",
    summary="Write a post",
    operation_id="createPost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(201, OwnPost, 400, 401, 403, 409, 413, 415, 422),
)
def create_post(new: Annotated[NewPost, Body()], key: IdempotencyKeyField = None) -> TextResponse:
    owner = require_writer(app, settings)
    idempotency = Idempotency.of(owner.sub, key, new) if key else None
    post = posts.create(new, owner=owner, idempotency=idempotency).shown_to_owner()
    path = app.current_event.request_context.path.rstrip("/")
    return entity_response(
        post, status=201, cache_control=PRIVATE, headers={"Location": f"{path}/{post.id}"}
    )


@app.patch(
    "/posts/<post_id>",
    summary="Edit a post of one's own",
    description="A JSON merge patch (RFC 7396). If-Match names the version that was read.",
    operation_id="editPost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 400, 401, 403, 404, 409, 412, 413, 415, 422),
)
def edit_post(
    post_id: Annotated[str, Path()],
    changes: Annotated[PostChanges, Body()],
    if_match: IfMatchField = None,
) -> TextResponse:
    precondition = IfMatch.parse(if_match)
    owner = require_writer(app, settings)
    post = posts.edit(parse_id(post_id), changes, owner=owner, if_match=precondition)
    return entity_response(post.shown_to_owner(), cache_control=PRIVATE)


@app.delete(
    "/posts/<post_id>",
    summary="Delete a post of one's own",
    operation_id="deletePost",
    tags=["Posts"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 412),
)
def delete_post(post_id: Annotated[str, Path()], if_match: IfMatchField = None) -> Response[None]:
    precondition = IfMatch.parse(if_match)
    posts.delete(parse_id(post_id), sub=require_writer(app, settings).sub, if_match=precondition)
    return no_content()


@app.get(
    "/me/posts",
    summary="One's own posts, newest created first",
    operation_id="listMyPosts",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPostPage, 400, 401),
)
def list_my_posts(
    status: Annotated[Status | None, Query(description="Only those of this status")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> TextResponse:
    page = post_queries.list_owned_by(identity(app).sub, status=status, limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/posts/<post_id>",
    summary="A post of one's own, whatever its status",
    operation_id="getMyPost",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 401, 404, not_modified=True),
)
def get_my_post(
    post_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    post = post_queries.owned_by(identity(app).sub, parse_id(post_id)).shown_to_owner()
    return entity_response(post, cache_control=PRIVATE, if_none_match=if_none_match)


@app.get(
    "/me/posts/<post_id>/revisions",
    summary="The former texts of a post of one's own, newest first",
    description="What was public under its title before an edit; the 50 newest are kept.",
    operation_id="listRevisions",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, RevisionPage, 400, 401, 404),
)
def list_revisions(
    post_id: Annotated[str, Path()], limit: Limit = 20, cursor: Cursor = None
) -> TextResponse:
    page = post_queries.revisions(identity(app).sub, parse_id(post_id), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/posts/<post_id>/revisions/<version>",
    summary="A former text of a post of one's own",
    operation_id="getRevision",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Revision, 401, 404),
)
def get_revision(post_id: Annotated[str, Path()], version: Annotated[str, Path()]) -> TextResponse:
    sub = identity(app).sub
    revision = post_queries.revision(sub, parse_id(post_id), parse_version(version))
    return json_response(revision, cache_control=PRIVATE)


@app.post(
    "/me/posts/<post_id>/revisions/<version>/restore",
    summary="Give a post of one's own a former text again",
    description="An edit like any other: the text that it replaces is kept in turn.",
    operation_id="restoreRevision",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, OwnPost, 400, 401, 403, 404, 409, 412, 413, 415, 422),
)
def restore_revision(
    post_id: Annotated[str, Path()],
    version: Annotated[str, Path()],
    if_match: IfMatchField = None,
) -> TextResponse:
    precondition = IfMatch.parse(if_match)
    post = posts.restore(
        parse_id(post_id),
        parse_version(version),
        owner=require_writer(app, settings),
        if_match=precondition,
    )
    return entity_response(post.shown_to_owner(), cache_control=PRIVATE)


@app.post(
    "/me/preview",
    summary="A body rendered as publishing would; nothing is stored",
    operation_id="previewBody",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Preview, 400, 401, 413, 415, 422),
)
def preview_body(draft: Annotated[PreviewRequest, Body()]) -> TextResponse:
    html, excerpt, reading_minutes = rendered(draft.body)
    preview = Preview(body_html=html, excerpt=excerpt, reading_minutes=reading_minutes)
    return json_response(preview, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
