"""Oneself: who the API takes one for, what one tells everyone, and how one leaves."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from blog.accounts.requests import AccountRequests
from blog.accounts.schemas import Erasure, ErasureContent, Export
from blog.dynamodb.table import Table
from blog.http.handler import identity, lambda_handler, person, require_writer, resolver
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.responses import PRIVATE, TextResponse, json_response
from blog.people.profiles import Profiles
from blog.people.schemas import Account, ProfileChanges
from blog.s3 import Bucket
from blog.settings import MediaSettings

settings = MediaSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
profiles = Profiles(table)
account_requests = AccountRequests(table, Bucket(settings.media_bucket))
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)

Content = Annotated[
    ErasureContent,
    Query(
        description="erase: nothing is left; anonymise: what was published stays, nobody's",
    ),
]


@app.get(
    "/me",
    summary="Who one is to the API",
    description="Also before there is a profile: then the name is null.",
    operation_id="getMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Account, 401),
)
def get_me() -> TextResponse:
    return _account()


@app.patch(
    "/me",
    summary="Edit one's own profile",
    description="A JSON merge patch (RFC 7396). The first one makes the profile.",
    operation_id="editMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Account, 400, 401, 403, 409, 413, 415, 422),
)
def edit_me(changes: Annotated[ProfileChanges, Body()]) -> TextResponse:
    profiles.edit(require_writer(app, settings), changes)
    return _account()


@app.delete(
    "/me",
    summary="Leave: have everything erased, or what one published kept under nobody's name",
    description="GET /me/erasure tells when it is done; until then one cannot write.",
    operation_id="deleteMe",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(202, Erasure, 400, 401, 403, 409),
)
def delete_me(content: Content) -> TextResponse:
    erasure = account_requests.begin_erasure(require_writer(app, settings), content)
    path = app.current_event.request_context.path.rstrip("/")
    headers = {"Location": f"{path}/erasure"}
    return json_response(erasure, cache_control=PRIVATE, status=202, headers=headers)


@app.get(
    "/me/erasure",
    summary="What has become of one's erasure",
    operation_id="getErasure",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Erasure, 401),
)
def get_erasure() -> TextResponse:
    erasure = account_requests.erasure(person(app, settings))
    return json_response(erasure, cache_control=PRIVATE)


@app.post(
    "/me/export",
    summary="Have everything of one's own made into a zip",
    operation_id="createExport",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(202, Export, 401, 403, 409, 429),
)
def create_export() -> TextResponse:
    export = account_requests.begin_export(require_writer(app, settings))
    path = app.current_event.request_context.path.rstrip("/")
    return json_response(export, cache_control=PRIVATE, status=202, headers={"Location": path})


@app.get(
    "/me/export",
    summary="What has become of one's export, and where it is fetched from",
    operation_id="getExport",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, Export, 401),
)
def get_export() -> TextResponse:
    export = account_requests.export(person(app, settings))
    return json_response(export, cache_control=PRIVATE)


def _account() -> TextResponse:
    account = profiles.account(person(app, settings), identity(app))
    return json_response(account, cache_control=PRIVATE)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
