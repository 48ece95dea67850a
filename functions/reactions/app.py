"""Likes and follows, and the lists made of them."""

import os
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from blog.api import identity, lambda_handler, resolver
from blog.errors import NotFound
from blog.following import Following
from blog.identifiers import author_id as author_id_of
from blog.identifiers import checked_id, is_author_id
from blog.models import FollowsPage, LikesPage, PostPage
from blog.openapi import ACCESS_TOKEN, SECURITY, answers
from blog.parameters import Cursor, Limit
from blog.people import Person
from blog.permissions import writer
from blog.reactions import Reactions
from blog.responses import JSON, PRIVATE
from blog.settings import AuthorSettings
from blog.table import Table

settings = AuthorSettings.from_environment(os.environ)
table = Table.connect(settings.table_name)
reactions = Reactions(table)
following = Following(table)
app = resolver()
app.configure_openapi(security_schemes=ACCESS_TOKEN)


@app.put(
    "/posts/<post_id>/like",
    summary="Like a published post",
    operation_id="likePost",
    tags=["Reactions"],
    security=SECURITY,
    responses=answers(204, None, 401, 403, 404, 409),
)
def like_post(post_id: Annotated[str, Path()]) -> Response[None]:
    reactions.like(_writer(), checked_id(post_id))
    return _done()


@app.delete(
    "/posts/<post_id>/like",
    summary="Take a like back",
    operation_id="unlikePost",
    tags=["Reactions"],
    security=SECURITY,
    responses=answers(204, None, 401, 403, 404, 409),
)
def unlike_post(post_id: Annotated[str, Path()]) -> Response[None]:
    reactions.unlike(_writer(), checked_id(post_id))
    return _done()


@app.put(
    "/authors/<author_id>/follow",
    summary="Follow an author",
    description="At most 500 authors, of whom the personal feed is merged.",
    operation_id="followAuthor",
    tags=["Reactions"],
    security=SECURITY,
    responses=answers(204, None, 401, 403, 404, 409, 422),
)
def follow_author(author_id: Annotated[str, Path()]) -> Response[None]:
    reactions.follow(_writer(), author_id)
    return _done()


@app.delete(
    "/authors/<author_id>/follow",
    summary="Follow an author no longer",
    operation_id="unfollowAuthor",
    tags=["Reactions"],
    security=SECURITY,
    responses=answers(204, None, 401, 403, 404, 409),
)
def unfollow_author(author_id: Annotated[str, Path()]) -> Response[None]:
    reactions.unfollow(_writer(), _checked_author_id(author_id))
    return _done()


@app.get(
    "/me/likes",
    summary="The posts that one likes, newest posts first",
    operation_id="listLikes",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, LikesPage, 400, 401),
)
def list_likes(limit: Limit = 20, cursor: Cursor = None) -> Response[LikesPage]:
    page = following.likes(_person(), limit=limit, cursor=cursor)
    return Response(200, JSON, page, {"Cache-Control": PRIVATE})


@app.get(
    "/me/likes/<post_id>",
    summary="Whether one likes a post",
    operation_id="getLike",
    tags=["Me"],
    security=SECURITY,
    responses=answers(204, None, 401, 404),
)
def get_like(post_id: Annotated[str, Path()]) -> Response[None]:
    if not reactions.likes(_person(), checked_id(post_id)):
        raise NotFound("You do not like this post.")
    return _done()


@app.get(
    "/me/follows",
    summary="The authors whom one follows, the latest followed first",
    operation_id="listFollows",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, FollowsPage, 400, 401),
)
def list_follows(limit: Limit = 20, cursor: Cursor = None) -> Response[FollowsPage]:
    page = following.follows(_person(), limit=limit, cursor=cursor)
    return Response(200, JSON, page, {"Cache-Control": PRIVATE})


@app.get(
    "/me/follows/<author_id>",
    summary="Whether one follows an author",
    operation_id="getFollow",
    tags=["Me"],
    security=SECURITY,
    responses=answers(204, None, 401, 404),
)
def get_follow(author_id: Annotated[str, Path()]) -> Response[None]:
    if not reactions.follows(_person(), _checked_author_id(author_id)):
        raise NotFound("You do not follow this author.")
    return _done()


@app.get(
    "/me/feed",
    summary="What the authors whom one follows have published, newest first",
    operation_id="listPersonalFeed",
    tags=["Me"],
    security=SECURITY,
    responses=answers(200, PostPage, 400, 401),
)
def list_personal_feed(limit: Limit = 20, cursor: Cursor = None) -> Response[PostPage]:
    page = following.feed(_person(), limit=limit, cursor=cursor)
    return Response(200, JSON, page, {"Cache-Control": PRIVATE})


def _checked_author_id(text: str) -> str:
    if not is_author_id(text):
        raise NotFound("There is no such author.")
    return text


def _person() -> Person:
    sub = identity(app).sub
    return Person(sub, author_id_of(sub, settings.author_id_key))


def _writer() -> Person:
    """Who makes this request, if they may write."""
    writer(identity(app))
    return _person()


def _done() -> Response[None]:
    return Response(204, headers={"Cache-Control": PRIVATE})


handler = lambda_handler(app, settings, authenticated=True)
