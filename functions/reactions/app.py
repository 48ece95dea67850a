"""Likes and follows: set and remove them, and list the caller's own."""

import blog.cold_start

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from blog.dynamodb.table import Table
from blog.errors import BadRequest, NotFound
from blog.http.handler import lambda_handler, person, require_writer, resolver
from blog.http.headers import PRIVATE
from blog.http.openapi import ACCESS_TOKEN, SECURITY, documented_responses
from blog.http.parameters import Cursor, Limit
from blog.http.responses import TextResponse, json_response, no_content
from blog.identifiers import is_author_id, parse_id
from blog.people.rate_limits import RateLimits
from blog.posts.schemas import PostPage
from blog.reactions.queries import ReactionQueries
from blog.reactions.schemas import FollowsPage, Ids, LikesPage
from blog.reactions.service import Reactions
from blog.settings import AuthorSettings

settings = AuthorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
reactions = Reactions(table, RateLimits.from_environment(os.environ))
reaction_queries = ReactionQueries(table)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)

MAX_IDS = 100
ASKS_FOR_IDS = "With `ids`, it returns only which of these ids are in the whole list."
IdList = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=MAX_IDS * 40,
        description=f"Up to {MAX_IDS} ids, separated by commas. limit and cursor then do nothing.",
    ),
]


@app.put(
    "/posts/<post_id>/like",
    summary="Like a published post",
    operation_id="likePost",
    tags=["Reactions"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409, 429),
)
def like_post(post_id: Annotated[str, Path()]) -> Response[None]:
    """Like a published post."""
    reactions.like(require_writer(app, settings), parse_id(post_id))
    return no_content()


@app.delete(
    "/posts/<post_id>/like",
    summary="Remove a like",
    operation_id="unlikePost",
    tags=["Reactions"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def unlike_post(post_id: Annotated[str, Path()]) -> Response[None]:
    """Remove the caller's like of a post."""
    reactions.unlike(require_writer(app, settings), parse_id(post_id))
    return no_content()


@app.put(
    "/authors/<author_id>/follow",
    summary="Follow an author",
    description="The personal feed merges the posts of these authors: at most 500.",
    operation_id="followAuthor",
    tags=["Reactions"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409, 422, 429),
)
def follow_author(author_id: Annotated[str, Path()]) -> Response[None]:
    """Follow an author."""
    reactions.follow(require_writer(app, settings), author_id)
    return no_content()


@app.delete(
    "/authors/<author_id>/follow",
    summary="Unfollow an author",
    operation_id="unfollowAuthor",
    tags=["Reactions"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 403, 404, 409),
)
def unfollow_author(author_id: Annotated[str, Path()]) -> Response[None]:
    """Unfollow an author."""
    reactions.unfollow(require_writer(app, settings), _parse_author_id(author_id))
    return no_content()


@app.get(
    "/me/likes",
    summary="The posts that the caller likes, newest post first",
    operation_id="listLikes",
    tags=["Me"],
    security=SECURITY,
    description=ASKS_FOR_IDS,
    responses=documented_responses(200, LikesPage | Ids, 400, 401),
)
def list_likes(ids: IdList = None, limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the posts that the caller likes, or which of `ids` they like."""
    if ids is not None:
        liked = reaction_queries.liked(person(app, settings), _parse_ids(ids))
        return json_response(Ids(ids=liked), cache_control=PRIVATE)
    page = reaction_queries.likes(person(app, settings), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/likes/<post_id>",
    summary="Whether the caller likes a post",
    operation_id="getLike",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 404),
)
def get_like(post_id: Annotated[str, Path()]) -> Response[None]:
    """Return 204 if the caller likes the post; raise NotFound otherwise."""
    if not reactions.likes(person(app, settings), parse_id(post_id)):
        raise NotFound("You do not like this post.")
    return no_content()


@app.get(
    "/me/follows",
    summary="The authors that the caller follows, most recently followed first",
    operation_id="listFollows",
    tags=["Me"],
    security=SECURITY,
    description=ASKS_FOR_IDS,
    responses=documented_responses(200, FollowsPage | Ids, 400, 401),
)
def list_follows(ids: IdList = None, limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the authors that the caller follows, or which of `ids` they follow."""
    if ids is not None:
        followed = reaction_queries.followed(person(app, settings), _parse_ids(ids))
        return json_response(Ids(ids=followed), cache_control=PRIVATE)
    page = reaction_queries.follows(person(app, settings), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


@app.get(
    "/me/follows/<author_id>",
    summary="Whether the caller follows an author",
    operation_id="getFollow",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(204, None, 401, 404),
)
def get_follow(author_id: Annotated[str, Path()]) -> Response[None]:
    """Return 204 if the caller follows the author; raise NotFound otherwise."""
    if not reactions.follows(person(app, settings), _parse_author_id(author_id)):
        raise NotFound("You do not follow this author.")
    return no_content()


@app.get(
    "/me/feed",
    summary="Posts by the authors that the caller follows, newest first",
    operation_id="listPersonalFeed",
    tags=["Me"],
    security=SECURITY,
    responses=documented_responses(200, PostPage, 400, 401),
)
def list_personal_feed(limit: Limit = 20, cursor: Cursor = None) -> TextResponse:
    """Return a page of the posts by the authors that the caller follows."""
    page = reaction_queries.feed(person(app, settings), limit=limit, cursor=cursor)
    return json_response(page, cache_control=PRIVATE)


def _parse_ids(text: str) -> list[str]:
    ids = text.split(",")
    if len(ids) > MAX_IDS:
        raise BadRequest(f"ids must name at most {MAX_IDS} ids.")
    return list(dict.fromkeys(ids))


def _parse_author_id(text: str) -> str:
    if not is_author_id(text):
        raise NotFound("There is no such author.")
    return text


handler = lambda_handler(app, settings, authenticated=True)
blog.cold_start.end()
