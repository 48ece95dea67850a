"""An author's own posts: write, edit, delete, and find again."""

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from blog.api import identity, lambda_handler, resolver
from blog.entity_tags import IfMatch
from blog.idempotency import Idempotency
from blog.identifiers import author_id, checked_id
from blog.models import NewPost, PostChanges, PostDetail, PostPage, Status
from blog.openapi import (
    ACCESS_TOKEN,
    SECURITY,
    Cursor,
    IdempotencyKeyField,
    IfMatchField,
    Limit,
    answers,
)
from blog.permissions import writer
from blog.posts import Posts
from blog.responses import JSON, PRIVATE, post_response
from blog.settings import AuthorSettings
from blog.table import Table

settings = AuthorSettings.from_environment(os.environ)
posts = Posts(Table.connect(settings.table_name), settings.feed_shards)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/posts",
    summary="Write a post",
    operation_id="createPost",
    tags=["Posts"],
    security=SECURITY,
    responses=answers(201, PostDetail, 400, 401, 403, 409, 413, 415, 422),
)
def create_post(
    new: Annotated[NewPost, Body()], key: IdempotencyKeyField = None
) -> Response[PostDetail | None]:
    owner = writer(identity(app)).sub
    post = posts.create(
        new,
        owner=owner,
        author_id=author_id(owner, settings.author_id_key),
        idempotency=Idempotency.of(owner, key, new) if key else None,
    )
    path = app.current_event.request_context.path.rstrip("/")
    return post_response(
        post, status=201, cache_control=PRIVATE, headers={"Location": f"{path}/{post.id}"}
    )


@app.patch(
    "/posts/<post_id>",
    summary="Edit a post of one's own",
    description="A JSON merge patch (RFC 7396). If-Match names the version that was read.",
    operation_id="editPost",
    tags=["Posts"],
    security=SECURITY,
    responses=answers(200, PostDetail, 400, 401, 403, 404, 409, 412, 413, 415, 422),
)
def edit_post(
    post_id: Annotated[str, Path()],
    changes: Annotated[PostChanges, Body()],
    if_match: IfMatchField = None,
) -> Response[PostDetail | None]:
    precondition = IfMatch.parse(if_match)
    owner = writer(identity(app)).sub
    post = posts.edit(checked_id(post_id), changes, sub=owner, if_match=precondition)
    return post_response(post, cache_control=PRIVATE)


@app.delete(
    "/posts/<post_id>",
    summary="Delete a post of one's own",
    operation_id="deletePost",
    tags=["Posts"],
    security=SECURITY,
    responses=answers(204, None, 400, 401, 403, 404, 412),
)
def delete_post(post_id: Annotated[str, Path()], if_match: IfMatchField = None) -> Response[None]:
    precondition = IfMatch.parse(if_match)
    owner = writer(identity(app)).sub
    posts.delete(checked_id(post_id), sub=owner, if_match=precondition)
    return Response(204, headers={"Cache-Control": PRIVATE})


@app.get(
    "/me/posts",
    summary="One's own posts, newest created first",
    operation_id="listMyPosts",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, PostPage, 400, 401),
)
def list_my_posts(
    status: Annotated[Status | None, Query(description="Only those of this status")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response[PostPage]:
    page = posts.list_owned_by(identity(app).sub, status=status, limit=limit, cursor=cursor)
    return Response(200, JSON, page, {"Cache-Control": PRIVATE})


@app.get(
    "/me/posts/<post_id>",
    summary="A post of one's own, whatever its status",
    operation_id="getMyPost",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, PostDetail, 401, 404),
)
def get_my_post(post_id: Annotated[str, Path()]) -> Response[PostDetail | None]:
    post = posts.owned_by(identity(app).sub, checked_id(post_id))
    return post_response(post, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
