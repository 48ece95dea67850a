"""Uploads: a picture is announced here and sent to the bucket itself."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from blog.dynamodb.table import Table
from blog.http.handler import lambda_handler, require_writer, resolver
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.responses import PRIVATE, TextResponse, json_response
from blog.media.schemas import MediaUpload, NewMedia
from blog.media.service import Media
from blog.s3 import Bucket
from blog.settings import MediaSettings

settings = MediaSettings.from_environment(os.environ)
media = Media(Table.connect(settings.table_name), Bucket(settings.media_bucket))
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.post(
    "/media",
    summary="Announce a picture, and get the form that uploads it",
    description="Send the form's fields and then the file, named `file`, within ten minutes. A few "
    "seconds later GET /media/{media_id} shows it, if it is a picture of the type announced.",
    operation_id="createMedia",
    tags=["Media"],
    security=SECURITY,
    responses=documented_responses(201, MediaUpload, 400, 401, 403, 409, 413, 415, 422, 429),
)
def create_media(new: Annotated[NewMedia, Body()]) -> TextResponse:
    made = media.create(new, owner=require_writer(app, settings))
    path = app.current_event.request_context.path.rstrip("/")
    headers = {"Location": f"{path}/{made.media.id}"}
    return json_response(made, cache_control=PRIVATE, status=201, headers=headers)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
