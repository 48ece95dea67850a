"""The public routes: every anonymous GET. The function's role cannot write."""

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
from blog.errors import BadRequest, NotFound
from blog.http import docs_page
from blog.http.handler import lambda_handler, request_path, resolver
from blog.http.headers import PRIVATE, PUBLIC
from blog.http.openapi import documented_responses
from blog.http.parameters import AuthorId, Cursor, IfNoneMatchField, Limit, Tag
from blog.http.responses import (
    ATOM,
    HTML,
    JSON,
    JSON_FEED,
    XML,
    TextResponse,
    document_response,
    entity_response,
    json_response,
)
from blog.identifiers import parse_id
from blog.media.addresses import ImageAddresses
from blog.people.profiles import Profiles
from blog.people.schemas import PublicProfile
from blog.posts import feeds, sitemaps
from blog.posts.queries import PostQueries
from blog.posts.schemas import PostDetail, PostPage, TagPage
from blog.posts.view import FeedItem
from blog.s3 import Bucket
from blog.settings import PublicSettings
from blog.tags import is_tag, normalised_tag

settings = PublicSettings.from_environment(os.environ)
table = Table.connect(settings.table_name).for_public()
post_queries = PostQueries(table, settings.feed_shards)
profiles = Profiles(table)
comment_queries = CommentQueries(table)
image_addresses = ImageAddresses(table, Bucket(settings.media_bucket), settings.media_url)
OPENAPI = pathlib.Path(__file__).with_name("openapi.json")
app = resolver()

Month = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="A month of the index, e.g. 2026-01"),
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
    """The API runs."""

    status: Literal["ok"]


@app.get(
    "/health",
    summary="Whether the API runs",
    operation_id="getHealth",
    tags=["Health"],
    responses=documented_responses(200, Health),
)
def get_health() -> TextResponse:
    """Return the status ok."""
    return json_response(Health(status="ok"), cache_control="no-store")


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
    """Return a page of the published posts, of one tag or one author if the query says so."""
    if tag is not None and author is not None:
        raise BadRequest("Use one filter at a time: tag or author.")
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
    description="A former slug of the post redirects to the current one.",
    operation_id="getPostBySlug",
    tags=["Posts"],
    responses=documented_responses(200, PostDetail, 404, redirect=301, not_modified=True),
)
def get_post_by_slug(
    slug: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return the published post with this slug, or redirect from a former slug."""
    post = post_queries.published_by_slug(slug).as_response()
    if post.slug != slug:
        folder, _, _ = request_path(app).rpartition("/")
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
    """Return a published post."""
    post = post_queries.published(parse_id(post_id)).as_response()
    return entity_response(post, cache_control=PUBLIC, if_none_match=if_none_match)


@app.get(
    "/posts/<post_id>/comments",
    summary="The comments on a published post, oldest first",
    description="The list is flat: replies carry parent_id. A deleted comment with replies stays "
    "as a tombstone.",
    operation_id="listComments",
    tags=["Comments"],
    responses=documented_responses(200, CommentPage, 400, 404),
)
def list_comments(
    post_id: Annotated[str, Path()], limit: Limit = 20, cursor: Cursor = None
) -> TextResponse:
    """Return a page of the comments on a published post."""
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
    """Return a page of the tags."""
    page = post_queries.tags(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PUBLIC)


@app.get(
    "/authors/<author_id>",
    summary="An author's public profile, with the counts of their posts and followers",
    operation_id="getAuthor",
    tags=["Authors"],
    description="Redirects to the current profile if the account was merged into another one.",
    responses=documented_responses(200, PublicProfile, 404, redirect=301),
)
def get_author(author_id: Annotated[str, Path()]) -> TextResponse:
    """Return an author's public profile, or redirect to that of the merged account."""
    profile = profiles.public(author_id)
    if profile.id != author_id:
        return _redirect(author_id, profile.id)
    return json_response(profile, cache_control=PUBLIC)


@app.get(
    "/media/<media_id>",
    summary="An uploaded image",
    description="Redirects to a WebP file, at an address that is valid for 15 minutes. With `w`, "
    "it is the smallest file that is at least so wide; otherwise the largest.",
    operation_id="getMedia",
    tags=["Media"],
    responses=documented_responses(302, None, 400, 404),
)
def get_media(
    media_id: Annotated[str, Path()],
    w: Annotated[int | None, Query(ge=1, le=10_000, description="The width in pixels")] = None,
) -> Response[None]:
    """Redirect to a file of a media item."""
    # The signed address must fit the client's method; only the event itself still says HEAD.
    # CloudFront would give a cached response to GET also to HEAD.
    address = image_addresses.address(media_id, w, app.current_event.request_context.http_method)
    cache_control = PRIVATE if image_addresses.signs_addresses else PUBLIC
    return Response(302, headers={"Location": address, "Cache-Control": cache_control})


@app.get(
    "/feed.atom",
    summary="The newest posts as Atom 1.0",
    operation_id="getAtomFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, document=ATOM, not_modified=True),
)
def get_atom_feed(if_none_match: IfNoneMatchField = None) -> TextResponse:
    """Return the newest posts as an Atom feed."""
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
    """Return the newest posts as a JSON feed."""
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
    """Return an author's newest posts as an Atom feed."""
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
    """Return an author's newest posts as a JSON feed."""
    return _author_feed(author_id, feeds.json_feed, JSON_FEED, if_none_match)


@app.get(
    "/tags/<tag>/feed.atom",
    summary="The newest posts with a tag as Atom 1.0",
    operation_id="getTagAtomFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, 404, document=ATOM, not_modified=True),
)
def get_tag_atom_feed(
    tag: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return the newest posts with a tag as an Atom feed."""
    document = feeds.atom(*_feed_of_tag(tag))
    return document_response(document, ATOM, if_none_match)


@app.get(
    "/tags/<tag>/feed.json",
    summary="The newest posts with a tag as JSON Feed 1.1",
    operation_id="getTagJsonFeed",
    tags=["Feeds"],
    responses=documented_responses(200, None, 404, document=JSON_FEED, not_modified=True),
)
def get_tag_json_feed(
    tag: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return the newest posts with a tag as a JSON feed."""
    document = feeds.json_feed(*_feed_of_tag(tag))
    return document_response(document, JSON_FEED, if_none_match)


@app.get(
    "/sitemap.xml",
    summary="The sitemap's index, or the sitemap of a month",
    operation_id="getSitemap",
    tags=["Feeds"],
    responses=documented_responses(200, None, 400, 404, document=XML, not_modified=True),
)
def get_sitemap(
    month: Month = None, part: Part = 1, of: Of = 1, if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return the sitemap's index, or the sitemap of a month or of a part of it."""
    if month is None and (part, of) != (1, 1):
        raise BadRequest("part and of need month.")
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
    """Return the OpenAPI document, with the API's own address as its server."""
    folder, _, _ = request_path(app).rpartition("/")
    document = docs_page.with_server(OPENAPI.read_text(), folder)
    return document_response(document, JSON, if_none_match)


@app.get(
    "/docs",
    summary="A page that shows this document and can call the routes",
    operation_id="getDocs",
    tags=["Documentation"],
    responses=documented_responses(200, None, document=HTML, not_modified=True),
)
def get_docs(if_none_match: IfNoneMatchField = None) -> TextResponse:
    """Return the documentation page."""
    response = document_response(docs_page.page(request_path(app)), HTML, if_none_match)
    response.headers["Content-Security-Policy"] = docs_page.CONTENT_SECURITY_POLICY
    return response


@app.get(
    "/docs/<name>",
    summary="A script or style sheet of the page at /docs",
    operation_id="getDocsAsset",
    tags=["Documentation"],
    responses=documented_responses(200, None, 404, document="text/javascript", not_modified=True),
)
def get_docs_asset(
    name: Annotated[str, Path()], if_none_match: IfNoneMatchField = None
) -> TextResponse:
    """Return a script or style sheet of the documentation page."""
    asset = docs_page.asset(name)
    return document_response(asset.text, asset.media_type, if_none_match)


def _feed_of_all() -> tuple[feeds.Feed, list[FeedItem]]:
    return feeds.feed_of_all(settings.site), post_queries.newest_of_all(feeds.POSTS)


def _author_feed(
    author_id: str,
    render: Callable[[feeds.Feed, Sequence[FeedItem]], str],
    media_type: str,
    if_none_match: str | None,
) -> TextResponse:
    author, posts = post_queries.newest_by_author(author_id, feeds.POSTS)
    if author.id != author_id:
        return _redirect(author_id, author.id)
    feed = feeds.feed_of_author(settings.site, author.id, author.name)
    return document_response(render(feed, posts), media_type, if_none_match)


def _redirect(merged_id: str, author_id: str) -> TextResponse:
    """Redirect from a merged account to the same route of its current author."""
    path = app.current_event.request_context.path
    location = path.replace(f"/authors/{merged_id}", f"/authors/{author_id}")
    return Response(301, headers={"Location": location, "Cache-Control": PUBLIC})


def _feed_of_tag(encoded: str) -> tuple[feeds.Feed, list[FeedItem]]:
    """Return the feed of a tag and its posts. Raises NotFound for a tag that no post can have."""
    tag = normalised_tag(unquote(encoded))
    if not is_tag(tag):
        raise NotFound("There is no such tag.")
    return feeds.feed_of_tag(settings.site, tag), post_queries.newest_tagged(tag, feeds.POSTS)


handler = lambda_handler(app, settings, authenticated=False)
blog.cold_start.end()
