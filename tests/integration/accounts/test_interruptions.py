"""Erasures and merges that are killed before one of their writes: the next run finishes them.

After a write is before the next write, or before the end. So these are all points of interruption.
`make test-long` tries all of them, `make test` every third, and other ones for each kind of run.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.accounts.merge import AccountMerge
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key
from blog.dynamodb.table import Table
from blog.jobs.runner import run_jobs
from blog.s3 import Bucket
from tests.support.consistency import faults, plain
from tests.support.engines import Stores
from tests.support.handlers import AUTHOR_PART
from tests.support.hypothesis_profiles import IS_LONG
from tests.support.people import PeopleFixture, finished, person_of
from tests.support.posts import BUCKET, TABLE
from tests.support.samples import ALICE, BOB, DAVE, MODERATOR
from tests.support.snapshots import Snapshot

HOUR = timedelta(hours=1)
CONTENT = ("erase", "anonymise")


class WatchedTable(Table):
    """A table that calls a function before each write.

    It deletes items one by one, to add more points.
    """

    def __init__(self, client: Any, before_write: Callable[[], None]) -> None:
        super().__init__(client, TABLE)
        self._before_write = before_write

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        self._before_write()
        super().transact(actions, token)

    def delete_all(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self._before_write()
            super().delete_all([key])


class WatchedBucket(Bucket):
    """A bucket that calls a function before each write."""

    def __init__(self, client: Any, before_write: Callable[[], None]) -> None:
        super().__init__(BUCKET, client)
        self._before_write = before_write

    def copy(self, *arguments: Any, **more: Any) -> bool:
        self._before_write()
        return super().copy(*arguments, **more)

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._before_write()
            super().delete([key])


Run = Callable[[Table, Bucket], None]


def outcome(client: Any, bucket: Bucket) -> tuple[set[tuple[str, str]], list[str]]:
    """Check the final state, and return its keys and objects."""
    items = finished(client)
    assert faults(items) == []
    for key, item in items.items():
        assert ALICE not in json.dumps(item, default=str), key
    return set(map(without_time, items)), bucket.keys_under("")


def without_time(key: tuple[str, str]) -> tuple[str, str]:
    """Return the key of a moderator's decision without its time, which differs between runs."""
    if key[0] in ("BANNED", "CLEARED"):
        return key[0], key[1].rpartition("#")[2]
    return key


def killed_at_writes(client: Any, bucket: Bucket, run: Run, first: int) -> int:
    """Restart a run from states before a write, and return the number of all such states.

    Each restarted run must end in the same state as the run that is not killed.
    """
    points: list[Snapshot] = []

    def before_write() -> None:
        points.append(Snapshot(Stores(client, bucket)))

    run(WatchedTable(client, before_write), WatchedBucket(bucket._client, before_write))
    expected = outcome(client, bucket)
    for number in range(len(points)) if IS_LONG else range(first, len(points), 3):
        points[number].restore()
        run(Table(client, TABLE), bucket)
        assert outcome(client, bucket) == expected, f"killed before write {number}"
    return len(points)


def clear(people: PeopleFixture, sub: str) -> None:
    parts = {AUTHOR_PART: person_of(sub).author_id}
    people.send("moderation-clear-profile", MODERATOR, parts=parts)


@pytest.mark.parametrize("content", CONTENT)
def test_an_erasure_ends_in_the_same_state_wherever_it_is_killed(
    people: PeopleFixture, client: Any, bucket: Bucket, content: str
) -> None:
    people.send("account-create-export", ALICE)
    if content == "erase":
        clear(people, ALICE)
    people.send("account-delete-me", ALICE, query={"content": content})
    clock = [datetime.now(UTC)]

    def run(table: Table, bucket: Bucket) -> None:
        for _ in range(6):
            clock[0] += HOUR  # after the leases of the run before
            if run_jobs(table, bucket, at=clock[0]) == (0, {}):
                return
        pytest.fail("jobs are left")

    assert killed_at_writes(client, bucket, run, CONTENT.index(content)) > 40


@pytest.mark.parametrize("cleared", [None, ALICE, DAVE])
def test_a_merge_ends_in_the_same_state_wherever_it_is_killed(
    people: PeopleFixture, client: Any, bucket: Bucket, cleared: str | None
) -> None:
    if cleared is not None:
        clear(people, cleared)
    people.send("reactions-like", DAVE, post_id=people.bobs_post)
    people.send("reactions-follow", DAVE, parts={AUTHOR_PART: person_of(BOB).author_id})
    people.send("reactions-follow", DAVE, parts={AUTHOR_PART: person_of(ALICE).author_id})

    def run(table: Table, bucket: Bucket) -> None:
        AccountMerge(table, bucket, person_of(ALICE), person_of(DAVE)).apply()

    first = [ALICE, DAVE, None].index(cleared)
    assert killed_at_writes(client, bucket, run, first) > 30
    listed = [key for key in plain(client) if key[0] == "CLEARED"]
    new = person_of(DAVE).author_id
    assert [key[1].rpartition("#")[2] for key in listed] == ([new] if cleared else [])
