"""Erasing and merging, killed before every single write in turn: the next run finishes them.

After a write is before the next one, and before the end; so these are all the points there are.
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
from tests.support.people import Neighbourhood, named
from tests.support.posts import BUCKET, TABLE
from tests.support.samples import ALICE, BOB, DAVE
from tests.support.snapshots import Snapshot

HOUR = timedelta(hours=1)


class Watched(Table):
    """A table of which a picture is taken before each write; single deletions, so that there are
    more of them."""

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
    """The same of a bucket."""

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
    """What is there in the end."""
    items = plain(client)
    assert faults(items) == []
    for key, item in items.items():
        assert ALICE not in json.dumps(item, default=str), key
    return set(items), bucket.keys_under("")


def killed_at_every_write(client: Any, bucket: Bucket, run: Run) -> int:
    """Let another run begin where one was killed before its first write, before its second, and so
    on; each must come to the same end as the one that nobody kills. How many writes that made."""
    points: list[Snapshot] = []

    def before_write() -> None:
        points.append(Snapshot(Stores(client, bucket)))

    run(Watched(client, before_write), WatchedBucket(bucket._client, before_write))
    expected = outcome(client, bucket)
    for number, point in enumerate(points):
        point.restore()
        run(Table(client, TABLE), bucket)
        assert outcome(client, bucket) == expected, f"killed before write {number}"
    return len(points)


@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_an_erasure_ends_the_same_wherever_it_is_killed(
    world: Neighbourhood, client: Any, bucket: Bucket, content: str
) -> None:
    world.send("account-create-export", ALICE)
    world.send("account-delete-me", ALICE, query={"content": content})
    clock = [datetime.now(UTC)]

    def run(table: Table, bucket: Bucket) -> None:
        for _ in range(6):
            clock[0] += HOUR  # past the leases of the one before
            if run_jobs(table, bucket, moment=clock[0]) == (0, 0):
                return
        pytest.fail("jobs are left")

    assert killed_at_every_write(client, bucket, run) > 40


def test_a_merge_ends_the_same_wherever_it_is_killed(
    world: Neighbourhood, client: Any, bucket: Bucket
) -> None:
    world.send("reactions-like", DAVE, post_id=world.bobs)
    world.send("reactions-follow", DAVE, parts={AUTHOR_PART: named(BOB).author_id})
    world.send("reactions-follow", DAVE, parts={AUTHOR_PART: named(ALICE).author_id})

    def run(table: Table, bucket: Bucket) -> None:
        AccountMerge(table, bucket, named(ALICE), named(DAVE)).apply()

    assert killed_at_every_write(client, bucket, run) > 30
