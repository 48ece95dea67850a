"""Images: a client announces one here, uploads it to the bucket, and finds it in the library."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from blog.dynamodb.table import Table
from blog.http.handler import lambda_handler, person, request_path, require_writer, resolver
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, Limit
from blog.http.responses import TextResponse, json_response, no_content
from blog.media.schemas import MediaUpload, NewMedia, OwnMedia, OwnMediaPage
from blog.media.service import Media
from blog.people.rate_limits import RateLimits
from blog.s3 import Bucket
from blog.settings import MediaSettings

settings = MediaSettings.from_environment(os.environ)
media = Media(
    Table.connect(settings.table_name),
    Bucket(settings.media_bucket),
    RateLimits.from_environment(os.environ),
    settings.image_quota_bytes,
)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/media",
    summary="Announce an image and get an upload form",
    description="Send the form's fields, then the file as the field `file`, within ten minutes. A "
    "few seconds later, GET /me/media/{media_id} says whether it is ready or refused.",
    operation_id="createMedia",
    tags=["Media"],
    security=SECURITY,
    responses=documented_responses(201, MediaUpload, 400, 401, 403, 409, 413, 415, 422, 429),
)
def create_media(new: Annotated[NewMedia, Body()]) -> TextResponse:
    """Create a media item and return the form that uploads its image."""
    upload = media.create(new, owner=require_writer(app, settings))
    headers = {"Location": f"{request_path(app)}/{upload.media.id}"}
    return json_response(upload, cache_control=PRIVATE, status=201, headers=headers)


@app.delete(
    "/media/<media_id>",
    summary="Delete an image of the caller, with all its files",
    description="While posts of the caller use it: 409 with these posts, unless forced.",
    operation_id="deleteMedia",
    tags=["Media"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409),
)
def delete_media(
    media_id: Annotated[str, Path()],
    force: Annotated[bool, Query(description="Delete it also if posts use it")] = False,
) -> Response[None]:
    """Delete an image of the caller."""
    media.delete(media_id, owner=require_writer(app, settings), force=force)
    return no_content()


@app.get(
    "/me/media",
    summary="The caller's images, newest first",
    operation_id="listOwnMedia",
    tags=["Media"],
    security=SECURITY,
    responses=documented_responses(200, OwnMediaPage, 400, 401),
)
def list_own_media(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the caller's media items."""
    page = media.page(person(app, settings), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/media/<media_id>",
    summary="An image of the caller, with its status and the posts that use it",
    operation_id="getOwnMedia",
    tags=["Media"],
    security=SECURITY,
    responses=documented_responses(200, OwnMedia, 401, 404),
)
def get_own_media(media_id: Annotated[str, Path()]) -> TextResponse:
    """Return one of the caller's media items."""
    own = media.get(media_id, owner=person(app, settings))
    return json_response(own, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
