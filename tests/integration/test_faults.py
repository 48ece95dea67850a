"""What a request comes to when DynamoDB does what it does in production.

A proxy stands between the handlers and the engine; botocore's time-outs and retries are the ones
that are deployed. Only on an engine that honours ClientRequestToken, which moto does not.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from blog.dynamodb.client import connect
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.jobs.runner import run_jobs
from blog.posts.schemas import NewPost
from blog.posts.service import Posts
from blog.s3 import Bucket
from tests.support.consistency import Items, faults, plain
from tests.support.engines import IS_MOTO, Stores, empty_stores, shared_engine
from tests.support.fault_proxy import (
    ONLY_FOR,
    SLOW,
    TOO_LATE,
    Fault,
    FaultProxy,
    at,
    at_random,
    may_meet,
    nothing,
    running_proxy,
)
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Answer, Call, caller, header, problem
from tests.support.people import Neighbourhood, finish, named
from tests.support.posts import TABLE
from tests.support.samples import ALICE, BOB, CAROL, MODERATOR
from tests.support.snapshots import Snapshot

if IS_MOTO:
    pytest.skip("moto ignores request tokens: make test-dynoxide", allow_module_level=True)

BOUND = 5.0  # seconds, of waiting for DynamoDB
PATIENT = 6  # calls at most to one request that meets no fault


class World(NamedTuple):
    """The neighbourhood, the proxy before its engine, and handlers that go through it."""

    people: Neighbourhood
    stores: Stores
    snapshot: Snapshot
    proxy: FaultProxy
    table: Table
    call: Call

    @property
    def requests(self) -> dict[str, dict[str, Any]]:
        """One of each kind, each of which succeeds and is not void."""
        people = self.people
        parts = {AUTHOR_PART: named(BOB).author_id}
        said = {"post_id": people.bobs, "parts": {COMMENT_PART: people.said}}
        return {
            "posts-create": {"sub": ALICE, "headers": {}},
            "posts-edit": {"sub": ALICE, "post_id": people.kept, "body": {"tags": ["c", "d"]}},
            "posts-delete": {"sub": ALICE, "post_id": people.kept},
            "posts-list-mine": {"sub": ALICE, "query": {}},
            "public-get-post": {"post_id": people.kept},
            "public-get-post-by-slug": {"slug": "kept-third"},
            "public-list-posts": {"query": {}},
            "public-feed-atom": {},
            "public-get-author": {"parts": parts},
            "posts-restore-revision": {"sub": ALICE, "post_id": people.kept},
            "comments-create": {"sub": BOB, "post_id": people.bobs},
            "comments-edit": {"sub": ALICE, **said},
            "comments-delete": {"sub": ALICE, **said},
            "comments-approve": {
                "sub": ALICE, "post_id": people.kept, "parts": {COMMENT_PART: people.waiting}
            },
            "comments-report-post": {"sub": BOB, "post_id": people.carols},
            "reactions-like": {"sub": ALICE, "post_id": people.kept},
            "reactions-unlike": {"sub": ALICE, "post_id": people.bobs},
            "reactions-follow": {"sub": BOB, "parts": {AUTHOR_PART: named(CAROL).author_id}},
            "reactions-unfollow": {"sub": ALICE, "parts": parts},
            "reactions-feed": {"sub": ALICE, "query": {}},
            "account-edit-me": {"sub": ALICE, "body": {"name": "Another"}},
            "account-delete-me": {"sub": ALICE, "query": {"content": "erase"}},
            "media-create": {"sub": ALICE},
            "account-create-export": {"sub": ALICE},
            "moderation-hide": {"sub": MODERATOR, "post_id": people.kept},
            "moderation-ban": {"sub": MODERATOR, "parts": parts},
        }  # fmt: skip

    def send(self, event: str, sub: str = ALICE, **more: Any) -> Answer:
        authorizer = {"permissions": "moderate:content moderate:people" if sub == MODERATOR else ""}
        return self.call(event, sub=sub, authorizer=authorizer, **more)


REQUESTS = (
    "posts-create", "posts-edit", "posts-delete", "posts-list-mine", "public-get-post",
    "public-get-post-by-slug", "public-list-posts", "public-feed-atom", "public-get-author",
    "posts-restore-revision", "comments-create", "comments-edit", "comments-delete",
    "comments-approve", "comments-report-post", "reactions-like", "reactions-unlike",
    "reactions-follow", "reactions-unfollow", "reactions-feed", "account-edit-me",
    "account-delete-me", "media-create", "account-create-export", "moderation-hide",
    "moderation-ban",
)  # fmt: skip
# Those that wait for real seconds are asked of one read and of the kinds of writes.
ASKED_SLOWLY = (
    "posts-create",
    "posts-edit",
    "public-get-post",
    "comments-create",
    "reactions-like",
)


@pytest.fixture(scope="module")
def settled() -> Iterator[World]:
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        straight = caller(Table(stores.client, TABLE), patched)
        people = Neighbourhood(straight, Table(stores.client, TABLE), stores.bucket)
        snapshot = Snapshot(stores)
        with running_proxy(shared_engine()) as (proxy, address):
            patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
            table = Table.connect(TABLE)
            yield World(people, stores, snapshot, proxy, table, caller(table, patched))


@pytest.fixture
def world(settled: World) -> Iterator[World]:
    settled.proxy.plan = nothing
    settled.snapshot.restore()
    # botocore retries less and less with a client that has met many faults.
    settled.table._client = connect()
    yield settled
    settled.proxy.plan = nothing
    settled.proxy.settle()


def shape(items: Items) -> Counter[Any]:
    """What is there, without names that differ from run to run: kinds of items, whose they are, the
    numbers in them that count something, and the texts."""
    telling = ("count", "version", "lock_version", "like_count", "comment_count", "post_count",
               "follower_count", "following_count", "reply_count", "owner", "title", "body", "tags",
               "slug", "status", "name", "bio", "is_pending")  # fmt: skip
    return Counter(
        (
            key[0].split("#")[0],
            key[1].split("#")[0],
            tuple((name, str(item[name])) for name in telling if name in item),
        )
        for key, item in items.items()
    )


def result(world: World) -> Counter[Any]:
    """The table's shape after whatever was held back has come to the engine."""
    world.proxy.settle()
    return shape(plain(world.stores.client))


def agrees(world: World) -> list[str]:
    """What is wrong in the table when its jobs are done."""
    client, bucket = world.stores
    finish(Table(client, TABLE), Bucket(bucket._name, bucket._client))
    return faults(plain(client))


def untroubled(world: World, event: str) -> tuple[int, Counter[Any], list[str]]:
    """A request's status, what it leaves, and its calls, when all goes well; then all as before."""
    world.proxy.operations.clear()
    answer = world.send(event, **world.requests[event])
    assert answer["statusCode"] < 300, answer
    operations = list(world.proxy.operations)
    assert 0 < len(operations) <= PATIENT
    left = result(world)
    world.snapshot.restore()
    return answer["statusCode"], left, operations


def test_each_kind_of_request_is_asked(world: World) -> None:
    assert tuple(world.requests) == REQUESTS


class Met(NamedTuple):
    """A request that met a fault at one of its calls, and what it would have left without."""

    position: int
    operations: list[str]
    answer: Answer
    status: int
    before: Counter[Any]
    expected: Counter[Any]


def at_each_call(world: World, event: str, fault: Fault, times: int) -> Iterator[Met]:
    """The request again and again, with the fault at each call that may meet it, so many times from
    there on. It ends in time, and afterwards the table agrees with itself."""
    status, expected, operations = untroubled(world, event)
    before = shape(plain(world.stores.client))
    for position, operation in enumerate(operations):
        if not may_meet(operation, fault):
            continue
        world.snapshot.restore()
        world.proxy.met.clear()
        world.proxy.plan = at(position, fault, times=times)
        started = time.monotonic()
        answer = world.send(event, **world.requests[event])
        assert time.monotonic() - started < BOUND
        world.proxy.plan = nothing
        assert world.proxy.met[fault] > 0
        yield Met(position, operations, answer, status, before, expected)
        assert agrees(world) == []


def asked(fault: Fault) -> Iterator[str]:
    """The kinds of requests that are asked with a fault."""
    return (event for event in REQUESTS if fault not in SLOW or event in ASKED_SLOWLY)


PAIRS = [(event, fault) for fault in Fault for event in asked(fault)]


def test_each_kind_of_fault_can_be_met_by_some_call(world: World) -> None:
    operations = {event: untroubled(world, event)[2] for event in REQUESTS}
    void = {
        (event, fault)
        for event, fault in PAIRS
        if not any(may_meet(operation, fault) for operation in operations[event])
    }
    assert {fault for _, fault in void} <= ONLY_FOR.keys()
    assert {fault for _, fault in PAIRS} == {fault for _, fault in {*PAIRS} - void}
    assert {event for event, _ in PAIRS} == {event for event, _ in {*PAIRS} - void}


@pytest.mark.parametrize(("event", "fault"), PAIRS)
def test_one_fault_at_any_call_is_made_good_and_nothing_is_done_twice(
    world: World, event: str, fault: Fault
) -> None:
    for met in at_each_call(world, event, fault, times=1):
        if met.answer["statusCode"] == 503:  # the time-out left no patience for what comes after
            assert fault in SLOW, met
            assert met.position < len(met.operations) - 1
            assert header(met.answer, "Retry-After") == "5"
            assert result(world) == met.before, (met.position, "nothing is done")
        else:
            assert met.answer["statusCode"] == met.status, met
            assert result(world) == met.expected, (met.position, "done once")


@pytest.mark.parametrize(("event", "fault"), PAIRS)
def test_a_fault_that_stays_is_503_in_time_and_all_or_nothing_is_done(
    world: World, event: str, fault: Fault
) -> None:
    for met in at_each_call(world, event, fault, times=1000):
        if fault is Fault.CONFLICT:  # others are always faster: that is an answer by itself
            problem(met.answer, 409)
        else:
            problem(met.answer, 503)
            assert header(met.answer, "Retry-After") == "5"
        is_write = met.operations[met.position] == "TransactWriteItems"
        may_be_done = fault in (Fault.CUT_AFTER, *SLOW) and is_write
        is_done = (
            "TransactWriteItems" in met.operations[: met.position]
        )  # and read again to be told
        possible = [met.expected] if is_done or may_be_done else []
        possible += [] if is_done else [met.before]
        assert result(world) in possible, met.position


def test_calls_that_are_all_slow_end_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst that no time-out sees: each call is throttled, then answered just in time."""
    real = world.proxy.next_fault

    def slow(operation: str) -> Fault | None:
        time.sleep(TOO_LATE - 0.3)
        return (
            Fault.THROTTLED if real(operation) is None and len(world.proxy.operations) % 2 else None
        )

    monkeypatch.setattr(world.proxy, "next_fault", slow)
    for event in ("posts-create", "public-get-post-by-slug", "reactions-feed", "comments-create"):
        world.snapshot.restore()
        world.proxy.operations.clear()
        started = time.monotonic()
        answer = world.send(event, **world.requests[event])
        assert time.monotonic() - started < BOUND
        assert answer["statusCode"] in (200, 201, 503)


@pytest.mark.parametrize("event", ["posts-create", "posts-edit", "comments-create", "media-create"])
def test_a_conflict_told_to_the_retry_of_what_was_written_does_not_write_it_again(
    world: World, event: str
) -> None:
    status, expected, operations = untroubled(world, event)
    faults_in_turn = [
        *[None] * operations.index("TransactWriteItems"), Fault.CUT_AFTER, Fault.CONFLICT
    ]  # fmt: skip
    left = iter(faults_in_turn)
    world.proxy.plan = lambda operation: next(left, None)
    answer = world.send(event, **world.requests[event])
    assert answer["statusCode"] == status, answer
    assert result(world) == expected


@pytest.mark.parametrize(("event", "body"), [
    ("posts-create", {"title": "A", "slug": "wanted"}), ("posts-edit", {"slug": "wanted"}),
])  # fmt: skip
def test_what_is_refused_to_a_retry_is_503_for_the_first_try_may_be_on_its_way(
    world: World, event: str, body: dict[str, Any]
) -> None:
    """Told that its slug is taken, a client would send it again under another one."""
    straight = Posts(Table(world.stores.client, TABLE))
    is_met: list[bool] = []

    def cut_while_somebody_takes_the_slug(operation: str) -> Fault | None:
        if operation != "TransactWriteItems" or is_met:
            return None
        is_met.append(True)
        new = NewPost.model_validate({"title": "B", "slug": "wanted"})
        straight.create(new, owner=named(BOB))
        return Fault.CUT_BEFORE

    world.proxy.plan = cut_while_somebody_takes_the_slug
    answer = world.send(event, post_id=world.people.kept, headers={}, body=body)
    assert is_met
    problem(answer, 503)
    problem(world.send(event, post_id=world.people.kept, headers={}, body=body), 409)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_jobs_that_meet_faults_are_done_by_the_runs_that_follow(
    world: World, content: str, seed: int
) -> None:
    quick = tuple(fault for fault in Fault if fault not in SLOW)
    world.send("account-delete-me", query={"content": content})
    world.send("posts-delete", sub=BOB, post_id=world.people.bobs)
    world.proxy.met.clear()
    world.proxy.plan = at_random(seed, 0.3, quick)
    client, bucket = world.stores
    for _ in range(3):
        world.table._client = connect()
        with suppress(Unavailable):  # where the list of them was not told
            run_jobs(world.table, Bucket(bucket._name, bucket._client))
    assert sum(world.proxy.met.values()) > world.proxy.met["no fault"] > 0
    world.proxy.plan = nothing
    assert agrees(world) == []
    kept = json.dumps([[*key, item] for key, item in plain(client).items()], default=str)
    assert ALICE not in kept
