"""Every anonymous GET. This function's role has no right to write."""

import blog.cold_start

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Annotated, Literal
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel

from blog.comments.queries import CommentQueries
from blog.comments.schemas import CommentPage
from blog.dynamodb.table import Table
from blog.errors import BadRequest
from blog.fields import normalised_tag
from blog.http import docs_page
from blog.http.handler import lambda_handler, resolver
from blog.http.openapi import documented_responses
from blog.http.parameters import AuthorId, Cursor, IfNoneMatchField, Limit, Tag
from blog.http.responses import (
    ATOM,
    HTML,
    JSON,
    JSON_FEED,
    PUBLIC,
    XML,
    TextResponse,
    document_response,
    entity_response,
    json_response,
)
from blog.identifiers import parse_id
from blog.media.service import Media
from blog.people.profiles import Profiles
from blog.people.schemas import PublicProfile
from blog.posts import feeds, sitemaps
from blog.posts.queries import PostQueries
from blog.posts.schemas import PostDetail, PostPage, TagPage
from blog.posts.view import PostView
from blog.s3 import Bucket
from blog.settings import PublicSettings

settings = PublicSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
post_queries = PostQueries(table, settings.feed_shards)
profiles = Profiles(table)
comment_queries = CommentQueries(table)
media = Media(table, Bucket(settings.media_bucket), settings.media_url)
OPENAPI = pathlib.Path(__file__).with_name("openapi.json")
app = resolver()

Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="One of the index, such as 2026-01"),
]
Part = Annotated[int, Query(ge=1, le=1024, description="Which part of the month, from 1")]
Of = Annotated[
    int,
    Query(
        ge=1,
        le=1024,
        description="How many parts the month has",
        json_schema_extra={"enum": [2**n for n in range(11)]},
    ),
]


class Health(BaseModel):
    """That this function runs."""

    status: Literal["ok"] = "ok"


@app.get(
    "/health",
    summary="Whether the API runs",
    operation_id="getHealth",
    tags=["Health"],
    responses=documented_responses(200, Health),
)
def get_health() -> TextResponse:
    return json_response(Health(), cache_control="no-store")


@app.get(
    "/posts",
    summary="Published posts, newest first",
    operation_id="listPosts",
    tags=["Posts"],
    responses=documented_responses(200, PostPage, 400),
)
def list_posts(
    tag: Tag = None, author: AuthorId = None, limit: Limit = 20, cursor: Cursor = None
) -> TextResponse:
    if tag is not None and author is not None:
        raise BadRequest("The list takes one filter at a time: tag or author.")
    if tag is not None:
        page = post_queries.tagged(tag, limit=limit, cursor=cursor)
    elif author is not None:
        page = post_queries.by_author(author, limit=limit, cursor=cursor)
    else:
        page = post_queries.feed(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PUBLIC)


@app.get(
    "/posts/by-slug/<slug>",
    summary="A published post by its slug",
    description="A slug that it had before redirects to its current one.",
    operation_id="getPostBySlug",
    tags=["Posts"],
    responses=documented_responses(200, PostDetail, 404, redirect=301, not_modified=True),
)
def get_post_by_slug(
    slug: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    post = post_queries.published_by_slug(slug).shown()
    if post.slug != slug:
        folder, _, _ = _path().rpartition("/")
        headers = {"Location": f"{folder}/{post.slug}", "Cache-Control": PUBLIC}
        return Response(301, headers=headers)
    return entity_response(post, cache_control=PUBLIC, if_none_match=if_none_match)


@app.get(
    "/posts/<post_id>",
    summary="A published post",
    operation_id="getPost",
    tags=["Posts"],
    responses=documented_responses(200, PostDetail, 404, not_modified=True),
)
def get_post(
    post_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    post = post_queries.published(parse_id(post_id)).shown()
    return entity_response(post, cache_control=PUBLIC, if_none_match=if_none_match)


@app.get(
    "/posts/<post_id>/comments",
    summary="The comments on a published post, oldest first",
    description="Flat: replies carry parent_id. A deleted one with replies stays as a tombstone.",
    operation_id="listComments",
    tags=["Comments"],
    responses=documented_responses(200, CommentPage, 400, 404),
)
def list_comments(
    post_id: Annotated[str, Path()], limit: Limit = 20, cursor: Cursor = None
) -> TextResponse:
    page = comment_queries.on(parse_id(post_id), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PUBLIC)


@app.get(
    "/tags",
    summary="The tags of published posts with their counts, by name",
    operation_id="listTags",
    tags=["Posts"],
    responses=documented_responses(200, TagPage, 400),
)
def list_tags(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    page = post_queries.tags(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PUBLIC)


@app.get(
    "/authors/<author_id>",
    summary="An author, with the counts of their posts and followers",
    operation_id="getAuthor",
    tags=["Authors"],
    description="Redirects to who they are now, where their account was joined to another.",
    responses=documented_responses(200, PublicProfile, 404, redirect=301),
)
def get_author(author_id: Annotated[str, Path()]) -> TextResponse:
    profile = profiles.public(author_id)
    if profile.id != author_id:
        return _moved(author_id, profile.id)
    return json_response(profile, cache_control=PUBLIC)


@app.get(
    "/media/<media_id>",
    summary="A picture that was uploaded",
    description="Redirects to where it lies, at an address that holds for a quarter of an hour.",
    operation_id="getMedia",
    tags=["Media"],
    responses=documented_responses(302, None, 404),
)
def get_media(media_id: Annotated[str, Path()]) -> Response[None]:
    # The guard turns HEAD into GET, but not here.
    address = media.address(media_id, app.current_event.request_context.http_method)
    return Response(302, headers={"Location": address, "Cache-Control": PUBLIC})


@app.get(
    "/feed.atom",
    summary="The newest posts as Atom 1.0",
    operation_id="getAtomFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=ATOM, not_modified=True),
)
def get_atom_feed(if_none_match: IfNoneMatchField = None) -> TextResponse:
    document = feeds.atom(*_feed_of_all())
    return document_response(document, ATOM, if_none_match)


@app.get(
    "/feed.json",
    summary="The newest posts as JSON Feed 1.1",
    operation_id="getJsonFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=JSON_FEED, not_modified=True),
)
def get_json_feed(if_none_match: IfNoneMatchField = None) -> TextResponse:
    document = feeds.json_feed(*_feed_of_all())
    return document_response(document, JSON_FEED, if_none_match)


@app.get(
    "/authors/<author_id>/feed.atom",
    summary="An author's newest posts as Atom 1.0",
    operation_id="getAuthorAtomFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=ATOM, redirect=301, not_modified=True),
)
def get_author_atom_feed(
    author_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    return _author_feed(author_id, feeds.atom, ATOM, if_none_match)


@app.get(
    "/authors/<author_id>/feed.json",
    summary="An author's newest posts as JSON Feed 1.1",
    operation_id="getAuthorJsonFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=JSON_FEED, redirect=301, not_modified=True),
)
def get_author_json_feed(
    author_id: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    return _author_feed(author_id, feeds.json_feed, JSON_FEED, if_none_match)


@app.get(
    "/tags/<tag>/feed.atom",
    summary="The newest posts with a tag as Atom 1.0",
    operation_id="getTagAtomFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=ATOM, not_modified=True),
)
def get_tag_atom_feed(
    tag: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    document = feeds.atom(*_feed_of_tag(tag))
    return document_response(document, ATOM, if_none_match)


@app.get(
    "/tags/<tag>/feed.json",
    summary="The newest posts with a tag as JSON Feed 1.1",
    operation_id="getTagJsonFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=JSON_FEED, not_modified=True),
)
def get_tag_json_feed(
    tag: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    document = feeds.json_feed(*_feed_of_tag(tag))
    return document_response(document, JSON_FEED, if_none_match)


@app.get(
    "/sitemap.xml",
    summary="The sitemap: its index, or a month of it",
    operation_id="getSitemap",
    tags=["Feeds"],
    responses=documented_responses(200, None, 400, 404, document=XML, not_modified=True),
)
def get_sitemap(
    month: Month = None, part: Part = 1, of: Of = 1, if_none_match: IfNoneMatchField = None
) -> TextResponse:
    if month is None and (part, of) != (1, 1):
        raise BadRequest("part and of are those of a month, which is missing.")
    document = (
        sitemaps.index(table, settings.site_url)
        if month is None
        else sitemaps.month_file(table, settings.site_url, month, part, of)
    )
    return document_response(document, XML, if_none_match)


@app.get(
    "/openapi.json",
    summary="This document",
    operation_id="getOpenApi",
    tags=["Documentation"],
    responses=documented_responses(200, None, document=JSON, not_modified=True),
)
def get_openapi(if_none_match: IfNoneMatchField = None) -> TextResponse:
    folder, _, _ = _path().rpartition("/")
    document = docs_page.served_below(OPENAPI.read_text(), folder)
    return document_response(document, JSON, if_none_match)


@app.get(
    "/docs",
    summary="A page that shows this document and tries the routes out",
    operation_id="getDocs",
    tags=["Documentation"],
    responses=documented_responses(200, None, document=HTML, not_modified=True),
)
def get_docs(if_none_match: IfNoneMatchField = None) -> TextResponse:
    answer = document_response(docs_page.page(_path()), HTML, if_none_match)
    answer.headers["Content-Security-Policy"] = docs_page.CONTENT_SECURITY_POLICY
    return answer


@app.get(
    "/docs/<name>",
    summary="What the page of /docs is made of",
    operation_id="getDocsAsset",
    tags=["Documentation"],
    responses=documented_responses(200, None, 404, document="text/javascript", not_modified=True),
)
def get_docs_asset(
    name: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    found = docs_page.asset(name)
    return document_response(found.text, found.media_type, if_none_match)


def _path() -> str:
    """The request's path with the stage, if there is one in it."""
    return app.current_event.request_context.path.rstrip("/")


def _feed_of_all() -> tuple[feeds.Feed, list[PostView]]:
    return feeds.feed_of_all(settings.site_url), post_queries.newest_of_all(feeds.POSTS)


def _author_feed(
    author_id: str,
    render: Callable[[feeds.Feed, Sequence[PostView]], str],
    media_type: str,
    if_none_match: str | None,
) -> TextResponse:
    author, posts = post_queries.newest_by_author(author_id, feeds.POSTS)
    if author.id != author_id:
        return _moved(author_id, author.id)
    feed = feeds.feed_of_author(settings.site_url, author.id, author.name)
    return document_response(render(feed, posts), media_type, if_none_match)


def _moved(before: str, after: str) -> TextResponse:
    """The same address of an author whose account was joined to another."""
    path = app.current_event.request_context.path.replace(f"/authors/{before}", f"/authors/{after}")
    return Response(301, headers={"Location": path, "Cache-Control": PUBLIC})


def _feed_of_tag(encoded: str) -> tuple[feeds.Feed, list[PostView]]:
    tag = normalised_tag(unquote(encoded))
    return feeds.feed_of_tag(settings.site_url, tag), post_queries.newest_tagged(tag, feeds.POSTS)


handler = lambda_handler(app, settings, authenticated=False)
blog.cold_start.end()
