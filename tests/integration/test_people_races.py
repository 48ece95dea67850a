"""Many people at once, over real connections to one engine: all counters match the stored items."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from blog.comments.schemas import NewComment
from blog.comments.service import Comments
from blog.dynamodb.table import Table
from blog.errors import NotFound, Unprocessable
from blog.jobs.runner import run_jobs
from blog.people.person import Person
from blog.posts.model import Post
from blog.posts.service import Posts
from blog.reactions.service import Reactions
from devserver.aws.dynamodb import dynamodb_client, running_dynamodb
from tests.support.engines import ENGINE, make_empty_table
from tests.support.posts import NO_BUCKET, TABLE, create, person, stored

PEOPLE = [person(f"auth0|{n:02}") for n in range(50)]
AUTHOR = person("auth0|author")


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    with running_dynamodb(ENGINE) as endpoint:
        client = dynamodb_client(endpoint())
        make_empty_table(client)
        yield client


@pytest.fixture
def engine_table(engine: Any) -> Table:
    return Table(engine, TABLE)


@pytest.fixture
def shared_post(engine_table: Table) -> Post:
    """Create the published post that all people use."""
    return create(Posts(engine_table), AUTHOR.sub, title="Contended", status="published")


def racing(acts: list[Callable[[], Any]]) -> list[Any]:
    """Run the functions in random order, twenty-five at a time, and return their results."""
    random.shuffle(acts)
    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(lambda act: act(), acts))


def number(engine: Any, key: tuple[str, str], counter: str) -> int:
    return int(stored(engine)[key].get(counter, {"N": "0"})["N"])


def test_two_hundred_likes_and_unlikes_by_fifty_people_are_counted(
    engine: Any, engine_table: Table, shared_post: Post
) -> None:
    reactions = Reactions(engine_table)

    def act(person: Person, *, likes: bool) -> None:
        (reactions.like if likes else reactions.unlike)(person, shared_post.id)

    racing([
        partial(act, person, likes=likes)
        for person in PEOPLE
        for likes in (True, False, True, random.random() < 0.5)
    ])  # fmt: skip
    rows = [key for key in stored(engine) if key[1] == f"LIKE#{shared_post.id}"]
    assert number(engine, (f"POST#{shared_post.id}", "STATS"), "like_count") == len(rows)


def test_a_hundred_follows_and_unfollows_by_fifty_people_are_counted(
    engine: Any, engine_table: Table, shared_post: Post
) -> None:
    reactions = Reactions(engine_table)
    racing([
        partial(act, person, shared_post.author_id)
        for person in PEOPLE
        for act in (reactions.follow, reactions.unfollow)
    ])  # fmt: skip
    items = stored(engine)
    rows = [key for key in items if key[1] == f"FOLLOW#{shared_post.author_id}"]
    others = [key for key in items if key[1].startswith("FOLLOWER#")]
    stats = (f"AUTHOR#{shared_post.author_id}", "STATS")
    assert number(engine, stats, "follower_count") == len(rows) == len(others)


def test_a_hundred_comments_and_their_deletions_are_counted(
    engine: Any, engine_table: Table, shared_post: Post
) -> None:
    comments = Comments(engine_table)

    def write(person: Person, parent_id: str | None = None) -> str:
        new = NewComment(body="Hello", parent_id=parent_id)
        return comments.create(shared_post.id, new, writer=person).id

    parents = [(person, write(person)) for person in PEOPLE[:10]]
    replies = [(person, parent_id) for person in PEOPLE[10:35] for _, parent_id in parents[:4]]

    def reply_and_delete(person: Person, parent_id: str) -> None:
        try:
            made = write(person, parent_id)
        except Unprocessable:
            return  # its parent was deleted first
        if person.sub[-1] in "02468":
            comments.delete(shared_post.id, made, person=person)

    def delete(person: Person, comment_id: str) -> None:
        for _ in range(2):
            try:
                comments.delete(shared_post.id, comment_id, person=person)
            except NotFound:
                continue

    racing([
        *(partial(reply_and_delete, *one) for one in replies),
        *(partial(delete, *one) for one in parents),
    ])  # fmt: skip
    assert run_jobs(engine_table, NO_BUCKET)[1] == {}
    items = stored(engine)
    rows = {key: item for key, item in items.items() if key[1].startswith("COMMENT#")}
    here = {key: item for key, item in rows.items() if key[0] == f"POST#{shared_post.id}"}
    alive = {key for key, item in here.items() if "body" in item}
    assert number(engine, (f"POST#{shared_post.id}", "STATS"), "comment_count") == len(alive)
    own = {key for key in rows if key[0].startswith("USER#")}
    assert {key[1] for key in own} == {key[1] for key in alive}, "both rows of each comment exist"
    for key, item in here.items():
        replies_here = [one for one in here.values() if one.get("parent_id") == item["id"]]
        assert int(item["reply_count"]["N"]) == len(replies_here), key
        assert "body" in item or replies_here, "a tombstone has replies"
