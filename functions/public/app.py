"""Every anonymous GET. This function's role has no right to write."""

import os
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel

from blog.api import lambda_handler, resolver
from blog.errors import BadRequest
from blog.identifiers import checked_id
from blog.models import PostDetail, PostPage
from blog.openapi import AuthorId, Cursor, IfNoneMatchField, Limit, Tag, answers
from blog.posts import Posts
from blog.responses import JSON, PUBLIC, post_response
from blog.settings import Settings
from blog.table import Table

settings = Settings.from_environment(os.environ)
posts = Posts(Table.connect(settings.table_name), settings.feed_shards)
app = resolver()


class Health(BaseModel):
    """That this function runs."""

    status: Literal["ok"] = "ok"


@app.get("/health", summary="Whether the API runs", operation_id="getHealth", tags=["Health"])
def get_health() -> Response[Health]:
    return Response(200, JSON, Health(), {"Cache-Control": "no-store"})


@app.get(
    "/posts",
    summary="Published posts, newest first",
    operation_id="listPosts",
    tags=["Posts"],
    responses=answers(200, PostPage, 400),
)
def list_posts(
    tag: Tag = None, author: AuthorId = None, limit: Limit = 20, cursor: Cursor = None
) -> Response[PostPage]:
    if tag is not None and author is not None:
        raise BadRequest("The list takes one filter at a time: tag or author.")
    if tag is not None:
        page = posts.tagged(tag, limit=limit, cursor=cursor)
    elif author is not None:
        page = posts.by_author(author, limit=limit, cursor=cursor)
    else:
        page = posts.feed(limit=limit, cursor=cursor)
    return Response(200, JSON, page, {"Cache-Control": PUBLIC})


@app.get(
    "/posts/by-slug/<slug>",
    summary="A published post by its slug",
    description="A slug that it had before redirects to its current one.",
    operation_id="getPostBySlug",
    tags=["Posts"],
    responses=answers(200, PostDetail, 404, redirect=301),
)
def get_post_by_slug(
    slug: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> Response[PostDetail | None]:
    post = posts.published_by_slug(slug)
    if post.slug != slug:
        folder, _, _ = app.current_event.request_context.path.rstrip("/").rpartition("/")
        headers = {"Location": f"{folder}/{post.slug}", "Cache-Control": PUBLIC}
        return Response(301, headers=headers)
    return post_response(post, cache_control=PUBLIC, if_none_match=if_none_match)


@app.get(
    "/posts/<post_id>",
    summary="A published post",
    operation_id="getPost",
    tags=["Posts"],
    responses=answers(200, PostDetail, 404),
)
def get_post(
    post_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> Response[PostDetail | None]:
    post = posts.published(checked_id(post_id))
    return post_response(post, cache_control=PUBLIC, if_none_match=if_none_match)


handler = lambda_handler(app, settings, authenticated=False)
