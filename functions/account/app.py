"""The signed-in user's account: profile, export and deletion."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from blog.accounts.requests import AccountRequests
from blog.accounts.schemas import Erasure, ErasureContent, Export
from blog.dynamodb.table import Table
from blog.http.handler import (
    identity,
    lambda_handler,
    person,
    request_path,
    require_writer,
    resolver,
)
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.responses import TextResponse, json_response
from blog.people.profiles import Profiles
from blog.people.rate_limits import RateLimits
from blog.people.schemas import Account, ProfileChanges
from blog.s3 import Bucket
from blog.settings import AccountSettings

settings = AccountSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
profiles = Profiles(table, site_url=settings.site_url, site_name=settings.site_name)
limits = RateLimits.from_environment(os.environ)
account_requests = AccountRequests(table, Bucket(settings.media_bucket), limits)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)

Content = Annotated[
    ErasureContent,
    Query(
        description="erase: delete all content; anonymise: keep published content, without a name",
    ),
]


@app.get(
    "/me",
    summary="The caller's account",
    description="It exists before there is a profile; `name` is null until then.",
    operation_id="getMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Account, 401),
)
def get_me() -> TextResponse:
    """Return the caller's account."""
    return _account()


@app.patch(
    "/me",
    summary="Edit the caller's profile",
    description="A JSON merge patch (RFC 7396). The first patch creates the profile.",
    operation_id="editMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Account, 400, 401, 403, 409, 413, 415, 422),
)
def edit_me(changes: Annotated[ProfileChanges, Body()]) -> TextResponse:
    """Edit the caller's profile and return the account."""
    profiles.edit(require_writer(app, settings), changes)
    return _account()


@app.delete(
    "/me",
    summary="Delete the caller's account, and delete or anonymise the content",
    description="GET /me/erasure reports the progress. The caller cannot write until it is done.",
    operation_id="deleteMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(202, Erasure, 400, 401, 403, 409),
)
def delete_me(content: Content) -> TextResponse:
    """Start the erasure of the caller's account."""
    erasure = account_requests.begin_erasure(require_writer(app, settings), content)
    headers = {"Location": f"{request_path(app)}/erasure"}
    return json_response(erasure, cache_control=PRIVATE, status=202, headers=headers)


@app.get(
    "/me/erasure",
    summary="The state of the caller's erasure",
    operation_id="getErasure",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Erasure, 401),
)
def get_erasure() -> TextResponse:
    """Return the state of the caller's erasure."""
    erasure = account_requests.erasure(person(app, settings))
    return json_response(erasure, cache_control=PRIVATE)


@app.post(
    "/me/export",
    summary="Export the caller's data as a ZIP file",
    operation_id="createExport",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(202, Export, 401, 403, 409, 429),
)
def create_export() -> TextResponse:
    """Start an export of the caller's data."""
    export = account_requests.begin_export(require_writer(app, settings))
    headers = {"Location": request_path(app)}
    return json_response(export, cache_control=PRIVATE, status=202, headers=headers)


@app.get(
    "/me/export",
    summary="The state of the caller's export, and its download address",
    operation_id="getExport",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Export, 401),
)
def get_export() -> TextResponse:
    """Return the state of the caller's export, with a download address when it is ready."""
    export = account_requests.export(person(app, settings))
    return json_response(export, cache_control=PRIVATE)


def _account() -> TextResponse:
    account = profiles.account(person(app, settings), identity(app), limits)
    return json_response(account, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
