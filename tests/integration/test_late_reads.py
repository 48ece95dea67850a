"""Public reads from an engine that answers late: the public sees an earlier moment, and never more.

Writes of several people go on meanwhile, also between two pages of a list.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from blog.dynamodb.table import Table
from blog.errors import Problem
from blog.posts.model import Post
from blog.posts.schemas import NewPost, PostChanges
from tests.support.engines import Stores
from tests.support.handlers import AUTHOR_PART, Call, caller, json_body
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.late import LateClient
from tests.support.people import person_of
from tests.support.posts import TABLE, Blog
from tests.support.samples import ALICE, BOB

LATE = 6  # writes that a late read may miss
STEPS = 24
PEOPLE = (ALICE, BOB)
SLUGS = ("one", "two", "three", "four", "five", "six")
TAGS = ("a", "b")
READER = "auth0|reader"


class World:
    """A blog with a late engine, and what each post was after each write."""

    def __init__(self, client: Any, random: Random, patched: pytest.MonkeyPatch) -> None:
        self.random = random
        self.client = LateClient(client, random, LATE)
        table = Table(self.client, TABLE)  # type: ignore[arg-type] # the calls that the blog makes
        self.blog = Blog(table)
        self.call: Call = caller(table, patched)
        self.history: dict[str, list[tuple[int, Post | None]]] = {}
        for sub in PEOPLE:  # the reader follows both
            self.create(sub, title="First", status="published")
            parts = {AUTHOR_PART: person_of(sub).author_id}
            self.call("account-edit-me", sub=sub, body={"name": sub[6:]})
            assert self.call("reactions-follow", sub=READER, parts=parts)["statusCode"] == 204
        self.client._versions.clear()  # what was before

    def create(self, sub: str, **members: Any) -> Post:
        """Create a post of a person."""
        return self.blog.create(NewPost.model_validate(members), owner=person_of(sub)).post

    def write(self) -> None:
        """Create, edit or delete a post. Some are refused, because a slug is taken."""
        post = self.random.choice([None, *self.current()])
        members = self.members()
        try:
            if post is None or len(self.history) < 3:
                post = self.create(self.random.choice(PEOPLE), **{"title": "New"} | members)
                self.history[post.id] = [(0, None)]
                after: Post | None = post
            elif self.random.random() < 0.1:
                self.blog.delete(post.id, sub=post.owner, if_match=None)
                after = None
            else:
                changes, owner = PostChanges.model_validate(members), person_of(post.owner)
                after = self.blog.edit(post.id, changes, owner=owner, if_match=None).post
        except Problem:
            return
        self.history[post.id].append((self.client.writes, after))

    def members(self) -> dict[str, Any]:
        """Return some members of a post. Title and body tell which version they are of."""
        random, n = self.random, self.client.writes
        possible = {
            "title": f"Title {n}",
            "body": f"Text {n}",
            "slug": random.choice(SLUGS),
            "status": random.choice(["draft", "published", "published"]),
            "tags": random.sample(TAGS, random.randint(0, 2)),
        }
        return {name: possible[name] for name in possible if random.random() < 0.5}

    def current(self) -> list[Post]:
        """Return the posts that exist."""
        return [post for *_, (_, post) in self.history.values() if post is not None]

    def possible(self, post_id: str, since: int) -> list[Post | None]:
        """Return what a post has been since a moment, as late reads see it."""
        versions = self.history[post_id]
        ends = [at for at, _ in versions[1:]] + [self.client.writes + 1]
        return [post for (_, post), end in zip(versions, ends, strict=True) if end > since - LATE]


@pytest.fixture(params=range(60 if IS_LONG else 2))
def world(request: pytest.FixtureRequest, stores: Stores, monkeypatch: Any) -> World:
    made = World(stores.client, Random(request.param), monkeypatch)
    for _ in range(STEPS):
        made.write()
    return made


def rounds(world: World) -> Iterator[None]:
    for _ in range(STEPS):
        world.write()
        yield


def was_public(world: World, shown: dict[str, Any], since: int, *names: str) -> bool:
    """Return whether a post was public at a moment, and had these members at that moment."""
    return any(
        post is not None
        and post.is_public
        and all(shown[name] == getattr(post, name) for name in names)
        for post in world.possible(shown["id"], since)
    )


def test_a_post_is_shown_as_it_was_or_not_at_all(world: World) -> None:
    statuses = set()
    for _ in rounds(world):
        for post_id in world.history:
            response = world.call("public-get-post", post_id=post_id)
            statuses.add(response["statusCode"])
            if response["statusCode"] == 200:
                since = world.client.writes
                assert was_public(
                    world, json_body(response), since, "title", "body", "body_html", "slug", "tags"
                )
    assert statuses == {200, 404}


def test_slugs_lead_to_a_post_that_had_them_and_redirects_to_the_current_one(world: World) -> None:
    statuses = set()
    for _ in rounds(world):
        for slug in SLUGS:
            response = world.call("public-get-post-by-slug", slug=slug)
            statuses.add(response["statusCode"])
            if response["statusCode"] == 200:
                shown = json_body(response)
                assert shown["slug"] == slug
                assert was_public(world, shown, world.client.writes, "title", "body", "slug")
            if response["statusCode"] == 301:
                (location,) = response["multiValueHeaders"]["Location"]
                (post,) = (one for one in world.current() if slug in one.former_slugs)
                assert location.endswith(f"/{post.slug}"), "two redirects never form a loop"
    assert statuses == {200, 301, 404}


LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "feed": ("public-list-posts", {}),
    "tag": ("public-list-posts", {"tag": "a"}),
    "followed": ("reactions-feed", {}),
}


def is_in(name: str, post: Post | None) -> bool:
    return post is not None and post.is_public and (name != "tag" or "a" in post.tags)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_contains_what_was_there_throughout_once_and_in_order(
    world: World, name: str
) -> None:
    event, query = LISTS[name]
    for _ in range(STEPS // 6):
        since = world.client.writes
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = query | {"limit": str(world.random.randint(1, 4))}
            response = world.call(
                event, sub=READER, query=page | ({"cursor": cursor} if cursor else {})
            )
            assert response["statusCode"] == 200, response
            body = json_body(response)
            rows += body["items"]
            cursor = body["next_cursor"]
            if cursor is None:
                break
            world.write()
        places = [(row["published_at"], row["id"]) for row in rows]
        assert places == sorted(set(places), reverse=True), "in order, and none twice"
        for row in rows:
            if row["id"] in world.history:
                assert row["status"] == "published"
                assert was_public(world, row, since, "title", "slug", "tags")
        shown = {row["id"] for row in rows}
        throughout = {
            post_id
            for post_id in world.history
            if all(is_in(name, post) for post in world.possible(post_id, since))
        }
        assert throughout <= shown
        for _ in range(3):
            world.write()


def test_no_other_public_route_fails(world: World) -> None:
    author = {AUTHOR_PART: person_of(ALICE).author_id}
    for _ in range(STEPS // 4):
        world.write()
        for event, more in (
            ("public-feed-atom", {}),
            ("public-list-tags", {}),
            ("public-get-author", {"parts": author}),
            ("public-author-feed-json", {"parts": author}),
            ("public-sitemap", {}),
            ("public-list-comments", {"post_id": next(iter(world.history))}),
        ):
            response = world.call(event, **more)
            assert response["statusCode"] in (200, 404), response
        since = world.client.writes
        known = {
            post.title
            for post_id in world.history
            for post in world.possible(post_id, since)
            if post is not None and post.is_public
        }
        titles = {item["title"] for item in json_body(world.call("public-feed-json"))["items"]}
        assert titles <= known | {"First"}
