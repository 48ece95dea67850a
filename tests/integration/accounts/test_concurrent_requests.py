"""What others do while somebody is erased or joined to another account: nothing of it is lost,
nothing comes to lie where nobody finds it, and every count agrees in the end."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from blog.accounts.merge import AccountMerge
from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.s3 import Bucket
from tests.support.consistency import faults, plain
from tests.support.engines import Stores
from tests.support.handlers import AUTHOR_PART, COMMENT_PART
from tests.support.people import Neighbourhood, finish, named
from tests.support.posts import TABLE, Interfering
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR
from tests.support.snapshots import Snapshot

STRIDE = 24  # every so many writes of the long process, somebody else acts

Act = Callable[[Neighbourhood], tuple[str, str, dict[str, Any]]]
THEIR_NAME = {AUTHOR_PART: named(ALICE).author_id}
ACTS: dict[str, Act] = {
    "a comment": lambda w: ("comments-create", BOB, {"post_id": w.kept}),
    "a first comment": lambda w: ("comments-create", "auth0|new", {"post_id": w.kept}),
    "a reply": lambda w: (
        "comments-create",
        CAROL,
        {"post_id": w.bobs, "body": {"body": "x", "parent_id": w.said}},
    ),
    "an edit of what waits": lambda w: (
        "comments-edit",
        BOB,
        {"post_id": w.kept, "parts": {COMMENT_PART: w.waiting}},
    ),
    "a deletion of what waits": lambda w: (
        "comments-delete",
        BOB,
        {"post_id": w.kept, "parts": {COMMENT_PART: w.waiting}},
    ),
    "an approval": lambda w: (
        "comments-approve",
        CAROL,
        {"post_id": w.carols, "parts": {COMMENT_PART: w.unapproved}},
    ),
    "a moderator's deletion": lambda w: (
        "comments-delete",
        MODERATOR,
        {
            "post_id": w.bobs,
            "parts": {COMMENT_PART: w.said},
            "authorizer": {"permissions": "moderate:content"},
        },
    ),
    "a like": lambda w: ("reactions-like", BOB, {"post_id": w.kept}),
    "a like taken back": lambda w: ("reactions-unlike", CAROL, {"post_id": w.kept}),
    "a follow": lambda w: ("reactions-follow", "auth0|new", {"parts": THEIR_NAME}),
    "a follow taken back": lambda w: ("reactions-unfollow", CAROL, {"parts": THEIR_NAME}),
    "a deleted post under which they spoke": lambda w: ("posts-delete", BOB, {"post_id": w.bobs}),
    "a deleted post on which they wait": lambda w: ("posts-delete", CAROL, {"post_id": w.carols}),
    "an unhiding": lambda w: (
        "moderation-unhide",
        MODERATOR,
        {"post_id": w.hidden, "authorizer": {"permissions": "moderate:content"}},
    ),
    "a ban": lambda w: (
        "moderation-ban",
        MODERATOR,
        {"parts": THEIR_NAME, "authorizer": {"permissions": "moderate:people"}},
    ),
}
PROCESSES = ("erase", "anonymise", "merge")


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("name", ACTS)
def test_whatever_others_do_meanwhile_all_agrees_in_the_end(
    world: Neighbourhood, client: Any, bucket: Bucket, name: str, process: str
) -> None:
    event, sub, more = ACTS[name](world)
    if process != "merge":
        world.send("account-delete-me", ALICE, query={"content": process})
    snapshot = Snapshot(Stores(client, bucket))
    position = 0
    acted = True
    while acted:
        snapshot.restore()
        acted = False

        def act() -> None:
            nonlocal acted
            acted = True
            answer = world.call(event, sub=sub, **more)
            assert answer["statusCode"] < 500, answer

        rival = Interfering(client, TABLE)
        rival.before_write = [*[lambda: None] * position, act]
        run(process, rival, bucket)
        finish(Table(client, TABLE), bucket)
        items = plain(client)
        assert faults(items) == [], (name, position)
        for key, item in items.items():
            assert ALICE not in json.dumps(item, default=str), (name, position, key)
        position += STRIDE
    assert position > STRIDE


def run(process: str, table: Table, bucket: Bucket) -> None:
    if process == "merge":
        AccountMerge(table, bucket, named(ALICE), named(DAVE)).apply()
    else:
        run_jobs(table, bucket)
