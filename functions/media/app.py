"""Uploads: a client announces an image here, then sends it to the bucket directly."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from blog.dynamodb.table import Table
from blog.http.handler import lambda_handler, request_path, require_writer, resolver
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.responses import PRIVATE, TextResponse, json_response
from blog.media.schemas import MediaUpload, NewMedia
from blog.media.service import Media
from blog.people.rate_limits import RateLimits
from blog.s3 import Bucket
from blog.settings import MediaSettings

settings = MediaSettings.from_environment(os.environ)
media = Media(
    Table.connect(settings.table_name),
    Bucket(settings.media_bucket),
    RateLimits.from_environment(os.environ),
)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/media",
    summary="Announce an image and get an upload form",
    description="Send the form's fields, then the file as the field `file`, within ten minutes. A "
    "few seconds later, GET /media/{media_id} serves it if it is an image of the announced type.",
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


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
