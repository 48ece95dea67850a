"""Requests while DynamoDB fails as it does in production.

A proxy stands between the handlers and the engine. botocore uses the deployed time-outs and
retries. These tests need an engine that honours ClientRequestToken, which moto does not.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest

from blog.dynamodb.client import connect
from blog.dynamodb.keys import EMPTY_JOB, JOBS
from blog.dynamodb.table import Table
from blog.errors import Unavailable
from blog.jobs.runner import run_jobs
from blog.posts.empty_counters import remove_if_empty
from blog.posts.schemas import NewPost
from blog.posts.service import Posts
from blog.s3 import Bucket
from tests.support.consistency import Items, faults, plain, readable
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
    no_faults,
    running_proxy,
)
from tests.support.handlers import (
    AUTHOR_PART,
    COMMENT_PART,
    Call,
    Response,
    caller,
    header,
    problem,
)
from tests.support.people import PeopleFixture, finish_jobs, person_of
from tests.support.posts import TABLE
from tests.support.samples import ALICE, BOB, CAROL, MODERATOR
from tests.support.snapshots import Snapshot

if IS_MOTO:
    pytest.skip("moto ignores request tokens: make test-dynoxide", allow_module_level=True)

BOUND = 5.0  # seconds of waiting for DynamoDB
MAX_CALLS = 6  # the most calls of one request without faults


class Setup(NamedTuple):
    """The people, the proxy before their engine, and handlers that use the proxy."""

    people: PeopleFixture
    stores: Stores
    snapshot: Snapshot
    proxy: FaultProxy
    table: Table
    call: Call

    @property
    def requests(self) -> dict[str, dict[str, Any]]:
        """Return one request of each kind. Each of them succeeds and changes something."""
        people = self.people
        parts = {AUTHOR_PART: person_of(BOB).author_id}
        comment_arguments = {
            "post_id": people.bobs_post,
            "parts": {COMMENT_PART: people.alices_comment},
        }
        return {
            "posts-create": {"sub": ALICE, "headers": {}},
            "posts-edit": {
                "sub": ALICE, "post_id": people.published_post, "body": {"tags": ["c", "d"]}
            },
            "posts-delete": {"sub": ALICE, "post_id": people.published_post},
            "posts-list-mine": {"sub": ALICE, "query": {}},
            "public-get-post": {"post_id": people.published_post},
            "public-get-post-by-slug": {"slug": "kept-third"},
            "public-list-posts": {"query": {}},
            "public-feed-atom": {},
            "public-get-author": {"parts": parts},
            "posts-restore-revision": {"sub": ALICE, "post_id": people.published_post},
            "comments-create": {"sub": BOB, "post_id": people.bobs_post},
            "comments-edit": {"sub": ALICE, **comment_arguments},
            "comments-delete": {"sub": ALICE, **comment_arguments},
            "comments-approve": {
                "sub": ALICE, "post_id": people.published_post,
                "parts": {COMMENT_PART: people.pending_comment},
            },
            "comments-report-post": {"sub": BOB, "post_id": people.carols_post},
            "comments-report-author": {"sub": ALICE, "parts": parts},
            "reactions-like": {"sub": ALICE, "post_id": people.published_post},
            "reactions-unlike": {"sub": ALICE, "post_id": people.bobs_post},
            "reactions-follow": {"sub": BOB, "parts": {AUTHOR_PART: person_of(CAROL).author_id}},
            "reactions-unfollow": {"sub": ALICE, "parts": parts},
            "reactions-feed": {"sub": ALICE, "query": {}},
            "account-edit-me": {"sub": ALICE, "body": {"name": "Another"}},
            "account-delete-me": {"sub": ALICE, "query": {"content": "erase"}},
            "media-create": {"sub": ALICE},
            "account-create-export": {"sub": ALICE},
            "moderation-hide": {"sub": MODERATOR, "post_id": people.published_post},
            "moderation-ban": {"sub": MODERATOR, "parts": parts},
            "moderation-clear-profile": {
                "sub": MODERATOR, "parts": {AUTHOR_PART: person_of(ALICE).author_id}
            },
        }  # fmt: skip

    def send(self, event: str, sub: str = ALICE, **more: Any) -> Response:
        authorizer = {"permissions": "moderate:content moderate:people" if sub == MODERATOR else ""}
        return self.call(event, sub=sub, authorizer=authorizer, **more)


REQUESTS = (
    "posts-create", "posts-edit", "posts-delete", "posts-list-mine", "public-get-post",
    "public-get-post-by-slug", "public-list-posts", "public-feed-atom", "public-get-author",
    "posts-restore-revision", "comments-create", "comments-edit", "comments-delete",
    "comments-approve", "comments-report-post", "comments-report-author", "reactions-like",
    "reactions-unlike", "reactions-follow", "reactions-unfollow", "reactions-feed",
    "account-edit-me", "account-delete-me", "media-create", "account-create-export",
    "moderation-hide", "moderation-ban", "moderation-clear-profile",
)  # fmt: skip
# They remove counters at zero after their write. If that fails, a job does it.
REMOVES = ("posts-edit", "posts-delete", "moderation-hide")
# Slow faults wait for real seconds, so only one read and each kind of write meet them.
TESTED_SLOWLY = (
    "posts-create",
    "posts-edit",
    "public-get-post",
    "comments-create",
    "reactions-like",
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Setup]:
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        direct = caller(Table(stores.client, TABLE), patched)
        people = PeopleFixture(direct, Table(stores.client, TABLE), stores.bucket)
        snapshot = Snapshot(stores)
        with running_proxy(shared_engine()) as (proxy, address):
            patched.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
            table = Table.connect(TABLE)
            yield Setup(people, stores, snapshot, proxy, table, caller(table, patched))


@pytest.fixture
def setup(shared: Setup) -> Iterator[Setup]:
    shared.proxy.plan = no_faults
    shared.snapshot.restore()
    # botocore retries less often in a client that has met many faults.
    shared.table._client = connect()
    yield shared
    shared.proxy.plan = no_faults
    shared.proxy.settle()


def shape(items: Items) -> Counter[Any]:
    """Return the table's content without names that differ between runs.

    It keeps the kinds of items, their owners, their counts and their texts.
    """
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


def result(setup: Setup) -> Counter[Any]:
    """Return the table's shape after all delayed calls have reached the engine.

    Jobs have removed the counters at zero that a request could not remove.
    """
    setup.proxy.settle()
    client = setup.stores.client
    for item in plain(client).values():
        if (item["pk"], item["sk"].partition("#")[0]) == (JOBS, EMPTY_JOB):
            remove_if_empty(Table(client, TABLE), item)
    return shape(plain(client))


def inconsistencies(setup: Setup) -> list[str]:
    """Run the jobs, and return the inconsistencies of the table."""
    client, bucket = setup.stores
    finish_jobs(Table(client, TABLE), Bucket(bucket._name, bucket._client))
    return faults(plain(client))


def without_faults(setup: Setup, event: str) -> tuple[int, Counter[Any], list[str]]:
    """Send a request without faults, and restore the table.

    Return the status, the shape of the table, and the calls.
    """
    setup.proxy.operations.clear()
    response = setup.send(event, **setup.requests[event])
    assert response["statusCode"] < 300, response
    operations = list(setup.proxy.operations)
    assert 0 < len(operations) <= MAX_CALLS
    left = result(setup)
    setup.snapshot.restore()
    return response["statusCode"], left, operations


def test_each_kind_of_request_is_tested(setup: Setup) -> None:
    assert tuple(setup.requests) == REQUESTS


class Met(NamedTuple):
    """A request that met a fault at one of its calls, and the result without the fault."""

    position: int
    operations: list[str]
    response: Response
    status: int
    before: Counter[Any]
    expected: Counter[Any]


def at_each_call(setup: Setup, event: str, fault: Fault, times: int) -> Iterator[Met]:
    """Repeat the request with the fault at each call that can meet it, `times` in a row.

    Each request must end in time and leave a consistent table.
    """
    status, expected, operations = without_faults(setup, event)
    before = shape(plain(setup.stores.client))
    for position, operation in enumerate(operations):
        if not may_meet(operation, fault):
            continue
        setup.snapshot.restore()
        setup.proxy.met.clear()
        setup.proxy.plan = at(position, fault, times=times)
        started = time.monotonic()
        response = setup.send(event, **setup.requests[event])
        assert time.monotonic() - started < BOUND
        setup.proxy.plan = no_faults
        assert setup.proxy.met[fault] > 0
        yield Met(position, operations, response, status, before, expected)
        assert inconsistencies(setup) == []


def kinds_for(fault: Fault) -> Iterator[str]:
    """Return the kinds of requests that are tested with a fault."""
    return (event for event in REQUESTS if fault not in SLOW or event in TESTED_SLOWLY)


PAIRS = [(event, fault) for fault in Fault for event in kinds_for(fault)]


def test_each_kind_of_fault_can_occur_at_some_call(setup: Setup) -> None:
    operations = {event: without_faults(setup, event)[2] for event in REQUESTS}
    void = {
        (event, fault)
        for event, fault in PAIRS
        if not any(may_meet(operation, fault) for operation in operations[event])
    }
    assert {fault for _, fault in void} <= ONLY_FOR.keys()
    assert {fault for _, fault in PAIRS} == {fault for _, fault in {*PAIRS} - void}
    assert {event for event, _ in PAIRS} == {event for event, _ in {*PAIRS} - void}


@pytest.mark.parametrize(("event", "fault"), PAIRS)
def test_one_fault_at_any_call_is_recovered_and_no_write_is_done_twice(
    setup: Setup, event: str, fault: Fault
) -> None:
    for met in at_each_call(setup, event, fault, times=1):
        if met.response["statusCode"] == 503:  # the time-out left too little time for the rest
            assert fault in SLOW, met
            assert met.position < len(met.operations) - 1
            assert header(met.response, "Retry-After") == "5"
            assert result(setup) == met.before, (met.position, "no write was done")
        else:
            assert met.response["statusCode"] == met.status, met
            assert result(setup) == met.expected, (met.position, "written once")


@pytest.mark.parametrize(("event", "fault"), PAIRS)
def test_a_lasting_fault_is_503_in_time_and_leaves_all_or_nothing(
    setup: Setup, event: str, fault: Fault
) -> None:
    for met in at_each_call(setup, event, fault, times=1000):
        is_done = (
            "TransactWriteItems" in met.operations[: met.position]
        )  # and a read after the write
        if is_done and event in REMOVES:
            assert met.response["statusCode"] == met.status, met
        elif fault is Fault.CONFLICT:  # a lasting conflict is a response of its own
            problem(met.response, 409)
        else:
            problem(met.response, 503)
            assert header(met.response, "Retry-After") == "5"
        is_write = met.operations[met.position] == "TransactWriteItems"
        may_be_done = fault in (Fault.CUT_AFTER, *SLOW) and is_write
        possible = [met.expected] if is_done or may_be_done else []
        possible += [] if is_done else [met.before]
        assert result(setup) in possible, met.position


def test_a_request_whose_calls_are_all_slow_ends_in_time(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst case without a time-out: each call is throttled, then answered just in time."""
    real = setup.proxy.next_fault

    def slow(operation: str) -> Fault | None:
        time.sleep(TOO_LATE - 0.3)
        return (
            Fault.THROTTLED if real(operation) is None and len(setup.proxy.operations) % 2 else None
        )

    monkeypatch.setattr(setup.proxy, "next_fault", slow)
    for event in ("posts-create", "public-get-post-by-slug", "reactions-feed", "comments-create"):
        setup.snapshot.restore()
        setup.proxy.operations.clear()
        started = time.monotonic()
        response = setup.send(event, **setup.requests[event])
        assert time.monotonic() - started < BOUND
        assert response["statusCode"] in (200, 201, 503)


@pytest.mark.parametrize("event", ["posts-create", "posts-edit", "comments-create", "media-create"])
def test_a_conflict_on_the_retry_of_a_finished_write_does_not_write_it_again(
    setup: Setup, event: str
) -> None:
    status, expected, operations = without_faults(setup, event)
    faults_in_turn = [
        *[None] * operations.index("TransactWriteItems"), Fault.CUT_AFTER, Fault.CONFLICT
    ]  # fmt: skip
    left = iter(faults_in_turn)
    setup.proxy.plan = lambda operation: next(left, None)
    response = setup.send(event, **setup.requests[event])
    assert response["statusCode"] == status, response
    assert result(setup) == expected


@pytest.mark.parametrize(("event", "body"), [
    ("posts-create", {"title": "A", "slug": "wanted"}), ("posts-edit", {"slug": "wanted"}),
])  # fmt: skip
def test_a_refused_retry_is_503_because_the_first_try_may_still_succeed(
    setup: Setup, event: str, body: dict[str, Any]
) -> None:
    """A client that hears that its slug is taken would repeat the request with another slug."""
    direct = Posts(Table(setup.stores.client, TABLE))
    is_met: list[bool] = []

    def cut_while_another_post_takes_the_slug(operation: str) -> Fault | None:
        if operation != "TransactWriteItems" or is_met:
            return None
        is_met.append(True)
        new = NewPost.model_validate({"title": "B", "slug": "wanted"})
        direct.create(new, owner=person_of(BOB))
        return Fault.CUT_BEFORE

    setup.proxy.plan = cut_while_another_post_takes_the_slug
    response = setup.send(event, post_id=setup.people.published_post, headers={}, body=body)
    assert is_met
    problem(response, 503)
    problem(setup.send(event, post_id=setup.people.published_post, headers={}, body=body), 409)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("content", ["erase", "anonymise"])
def test_jobs_that_meet_faults_are_finished_by_later_runs(
    setup: Setup, content: str, seed: int
) -> None:
    quick = tuple(fault for fault in Fault if fault not in SLOW)
    setup.send("account-delete-me", query={"content": content})
    setup.send("posts-delete", sub=BOB, post_id=setup.people.bobs_post)
    setup.proxy.met.clear()
    setup.proxy.plan = at_random(seed, 0.3, quick)
    client, bucket = setup.stores
    for _ in range(3):
        setup.table._client = connect()
        with suppress(Unavailable):  # the list of jobs failed
            run_jobs(setup.table, Bucket(bucket._name, bucket._client))
    assert sum(setup.proxy.met.values()) > setup.proxy.met["no fault"] > 0
    setup.proxy.plan = no_faults
    assert inconsistencies(setup) == []
    remaining = json.dumps([*readable(plain(client)).items()], default=str)
    assert ALICE not in remaining
