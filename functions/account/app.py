"""Oneself: who the API takes one for, and what one tells everyone."""

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from blog.api import identity, lambda_handler, person, resolver, writing_person
from blog.models import Account, ProfileChanges
from blog.openapi import ACCESS_TOKEN, SECURITY, answers
from blog.profiles import Profiles
from blog.responses import JSON, PRIVATE
from blog.settings import AuthorSettings
from blog.table import Table

settings = AuthorSettings.from_environment(os.environ)
profiles = Profiles(Table.connect(settings.table_name))
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.get(
    "/me",
    summary="Who one is to the API",
    description="Also before there is a profile: then the name is null.",
    operation_id="getMe",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, Account, 401),
)
def get_me() -> Response[Account]:
    return _account()


@app.patch(
    "/me",
    summary="Edit one's own profile",
    description="A JSON merge patch (RFC 7396). The first one makes the profile.",
    operation_id="editMe",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, Account, 400, 401, 403, 413, 415, 422),
)
def edit_me(changes: Annotated[ProfileChanges, Body()]) -> Response[Account]:
    profiles.edit(writing_person(app, settings), changes)
    return _account()


def _account() -> Response[Account]:
    account = profiles.account(person(app, settings), identity(app))
    return Response(200, JSON, account, {"Cache-Control": PRIVATE})


handler = lambda_handler(app, settings, authenticated=True)
