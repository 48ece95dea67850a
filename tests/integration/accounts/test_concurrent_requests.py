"""Requests of other people during an erasure or a merge: no data is lost, and all counts agree."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from blog.accounts.merge import AccountMerge
from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.s3 import Bucket
from tests.support.consistency import faults, plain
from tests.support.engines import Stores
from tests.support.handlers import AUTHOR_PART, COMMENT_PART
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.people import PeopleFixture, finish_jobs, person_of
from tests.support.posts import TABLE, RacingTable
from tests.support.samples import ALICE, BOB, CAROL, DAVE, MODERATOR
from tests.support.snapshots import Snapshot

STRIDE = 8  # the number of writes of the long process between two requests, in the long profile

Act = Callable[[PeopleFixture], tuple[str, str, dict[str, Any]]]
ALICES_PATH = {AUTHOR_PART: person_of(ALICE).author_id}
ACTS: dict[str, Act] = {
    "a comment": lambda w: ("comments-create", BOB, {"post_id": w.published_post}),
    "a first comment": lambda w: ("comments-create", "auth0|new", {"post_id": w.published_post}),
    "a reply": lambda w: (
        "comments-create",
        CAROL,
        {"post_id": w.bobs_post, "body": {"body": "x", "parent_id": w.alices_comment}},
    ),
    "an edit of a pending comment": lambda w: (
        "comments-edit",
        BOB,
        {"post_id": w.published_post, "parts": {COMMENT_PART: w.pending_comment}},
    ),
    "a deletion of a pending comment": lambda w: (
        "comments-delete",
        BOB,
        {"post_id": w.published_post, "parts": {COMMENT_PART: w.pending_comment}},
    ),
    "an approval": lambda w: (
        "comments-approve",
        CAROL,
        {"post_id": w.carols_post, "parts": {COMMENT_PART: w.alices_pending_comment}},
    ),
    "a moderator's deletion": lambda w: (
        "comments-delete",
        MODERATOR,
        {
            "post_id": w.bobs_post,
            "parts": {COMMENT_PART: w.alices_comment},
            "authorizer": {"permissions": "moderate:content"},
        },
    ),
    "a like": lambda w: ("reactions-like", BOB, {"post_id": w.published_post}),
    "a removed like": lambda w: ("reactions-unlike", CAROL, {"post_id": w.published_post}),
    "a follow": lambda w: ("reactions-follow", "auth0|new", {"parts": ALICES_PATH}),
    "a removed follow": lambda w: ("reactions-unfollow", CAROL, {"parts": ALICES_PATH}),
    "a deleted post with their comments": lambda w: (
        "posts-delete",
        BOB,
        {"post_id": w.bobs_post},
    ),
    "a deleted post with their pending comment": lambda w: (
        "posts-delete",
        CAROL,
        {"post_id": w.carols_post},
    ),
    "an unhiding": lambda w: (
        "moderation-unhide",
        MODERATOR,
        {"post_id": w.hidden_post, "authorizer": {"permissions": "moderate:content"}},
    ),
    "a ban": lambda w: (
        "moderation-ban",
        MODERATOR,
        {"parts": ALICES_PATH, "authorizer": {"permissions": "moderate:people"}},
    ),
    "a cleared profile": lambda w: (
        "moderation-clear-profile",
        MODERATOR,
        {"parts": ALICES_PATH, "authorizer": {"permissions": "moderate:people"}},
    ),
    "a report": lambda w: ("comments-report-author", BOB, {"parts": ALICES_PATH}),
}
PROCESSES = ("erase", "anonymise", "merge")
# Each request meets each process in test-long, at many writes; else one process, at another write.
PAIRS = [
    (name, process)
    for number, name in enumerate(ACTS)
    for process in (PROCESSES if IS_LONG else PROCESSES[number % 3 :][:1])
]


@pytest.mark.parametrize(("name", "process"), PAIRS)
def test_requests_of_others_during_an_erasure_or_a_merge_leave_all_data_consistent(
    people: PeopleFixture, client: Any, bucket: Bucket, name: str, process: str
) -> None:
    event, sub, more = ACTS[name](people)
    if process != "merge":
        people.send("account-delete-me", ALICE, query={"content": process})
    snapshot = Snapshot(Stores(client, bucket))
    positions = count(0, STRIDE) if IS_LONG else [[*ACTS].index(name)]  # each at another write
    for position in positions:
        snapshot.restore()
        acted = False

        def act() -> None:
            nonlocal acted
            acted = True
            response = people.call(event, sub=sub, **more)
            assert response["statusCode"] < 500, response

        racing_table = RacingTable(client, TABLE)
        racing_table.before_write = [*[lambda: None] * position, act]
        run(process, racing_table, bucket)
        if not acted:
            assert IS_LONG, f"the {process} has no more than {position} writes"
            assert position > STRIDE
            break
        finish_jobs(Table(client, TABLE), bucket)
        items = plain(client)
        assert faults(items) == [], (name, position)
        for key, item in items.items():
            assert ALICE not in json.dumps(item, default=str), (name, position, key)


def run(process: str, table: Table, bucket: Bucket) -> None:
    if process == "merge":
        AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE)).apply()
    else:
        run_jobs(table, bucket)
