"""Moderation: hide posts, ban users, clear profiles and read reports."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from blog.dynamodb.table import Table
from blog.http.handler import identity, lambda_handler, require_writer, resolver
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, Limit
from blog.http.request_log import logger
from blog.http.responses import TextResponse, json_response, no_content
from blog.identifiers import parse_id
from blog.moderation.images import remove_image
from blog.moderation.moderators import Moderators
from blog.moderation.schemas import BannedPage, ClearedPage, Reasoned, ReportPage
from blog.people.permissions import MODERATE_CONTENT, MODERATE_PEOPLE, require_permission
from blog.people.person import Person
from blog.posts.schemas import OwnPostPage
from blog.s3 import Bucket
from blog.settings import BucketAuthorSettings

settings = BucketAuthorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
bucket = Bucket(settings.media_bucket)
moderators = Moderators(table)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.get(
    "/moderation/posts",
    summary="Hidden posts, most recently hidden first",
    operation_id="listHiddenPosts",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(200, OwnPostPage, 400, 401, 403),
)
def list_hidden_posts(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the hidden posts."""
    require_permission(identity(app), MODERATE_CONTENT)
    page = moderators.hidden(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.put(
    "/moderation/posts/<post_id>",
    summary="Hide a published post; only its author sees it, with the reason",
    operation_id="hidePost",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422),
)
def hide_post(
    post_id: Annotated[str, Path()], decision: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Hide a published post from everyone but its author."""
    moderator = _moderator(MODERATE_CONTENT)
    moderators.hide(parse_id(post_id), decision.reason, moderator=moderator)
    return no_content()


@app.delete(
    "/moderation/posts/<post_id>",
    summary="Make a hidden post public again",
    operation_id="unhidePost",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def unhide_post(post_id: Annotated[str, Path()]) -> Response[None]:
    """Make a hidden post public again."""
    moderators.unhide(parse_id(post_id), moderator=_moderator(MODERATE_CONTENT))
    return no_content()


@app.delete(
    "/moderation/media/<media_id>",
    summary="Remove an image of any user, with all its files",
    description="The reason goes into the log.",
    operation_id="removeMedia",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422),
)
def remove_media(
    media_id: Annotated[str, Path()], decision: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Remove an image of any user."""
    moderator = _moderator(MODERATE_CONTENT)
    remove_image(table, bucket, parse_id(media_id), moderator=moderator)
    logger.info(
        "image removed",
        extra={"media_id": media_id, "by": moderator.author_id, "reason": decision.reason},
    )
    return no_content()


@app.get(
    "/moderation/people",
    summary="Banned users, most recently banned first",
    operation_id="listBannedPeople",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(200, BannedPage, 400, 401, 403),
)
def list_banned_people(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the banned users."""
    require_permission(identity(app), MODERATE_PEOPLE)
    page = moderators.banned(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.put(
    "/moderation/people/<author_id>",
    summary="Ban a user from writing, effective immediately",
    operation_id="banPerson",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422),
)
def ban_person(
    author_id: Annotated[str, Path()], decision: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Ban a user from writing."""
    moderators.ban(author_id, decision.reason, moderator=_moderator(MODERATE_PEOPLE))
    return no_content()


@app.delete(
    "/moderation/people/<author_id>",
    summary="Lift a user's ban",
    operation_id="unbanPerson",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def unban_person(author_id: Annotated[str, Path()]) -> Response[None]:
    """Lift a user's ban."""
    moderators.unban(author_id, moderator=_moderator(MODERATE_PEOPLE))
    return no_content()


@app.get(
    "/moderation/authors",
    summary="Authors whose profile is cleared, most recently cleared first",
    operation_id="listClearedAuthors",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(200, ClearedPage, 400, 401, 403),
)
def list_cleared_authors(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the authors whose profile is cleared."""
    require_permission(identity(app), MODERATE_PEOPLE)
    page = moderators.cleared(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.put(
    "/moderation/authors/<author_id>/profile",
    summary="Clear an author's name, bio and picture, and refuse new ones",
    operation_id="clearProfile",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 400, 401, 403, 404, 409, 413, 415, 422),
)
def clear_profile(
    author_id: Annotated[str, Path()], decision: Annotated[Reasoned, Body()]
) -> Response[None]:
    """Clear an author's profile."""
    moderators.clear_profile(author_id, decision.reason, moderator=_moderator(MODERATE_PEOPLE))
    return no_content()


@app.delete(
    "/moderation/authors/<author_id>/profile",
    summary="Let an author set a name, a bio and a picture again",
    operation_id="endClearing",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409, 422),
)
def end_clearing(author_id: Annotated[str, Path()]) -> Response[None]:
    """Let an author set a name, a bio and a picture again."""
    moderators.end_clearing(author_id, moderator=_moderator(MODERATE_PEOPLE))
    return no_content()


@app.get(
    "/moderation/reports",
    summary="Reports, newest first",
    operation_id="listReports",
    tags=["Moderation"],
    security=SECURITY,
    responses=documented_responses(200, ReportPage, 400, 401, 403),
)
def list_reports(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the reports."""
    require_permission(identity(app), MODERATE_CONTENT)
    page = moderators.reports(limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


def _moderator(permission: str) -> Person:
    require_permission(identity(app), permission)
    return require_writer(app, settings)


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
