"""An issuer's keys: known users go on while fetches fail, and nobody can cause a flood of them."""

import threading
import time
from typing import Any

import pytest

from blog_auth import key_set as module
from blog_auth.errors import Undecided
from blog_auth.key_fetch import KeySetUnusable
from blog_auth.key_set import KeySet, parse_key_set
from blog_auth.settings import DEFAULT_KEYS_MAX_AGE
from tests.support.samples import Clock, Signer, key_set_document

ONE, TWO = Signer("one"), Signer("two")


class Publisher:
    """The issuer's end: what it publishes, and how often it was asked."""

    def __init__(self, *signers: Signer) -> None:
        self.signers = list(signers)
        self.is_down = False
        self.fetches = 0

    def __call__(self, _uri: str) -> bytes:
        self.fetches += 1
        if self.is_down:
            raise KeySetUnusable("down")
        return key_set_document(*(signer.jwk() for signer in self.signers))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(ONE)


@pytest.fixture
def keys(publisher: Publisher, clock: Clock) -> KeySet:
    return KeySet("https://tenant.example.com/jwks.json", fetch=publisher, clock=clock)


def test_keys_are_fetched_once_and_kept(keys: KeySet, publisher: Publisher) -> None:
    assert keys.key("one") is keys.key("one")
    assert publisher.fetches == 1


def test_keys_are_fetched_again_after_the_soft_ttl(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.key("one")
    publisher.signers = [TWO]
    clock.now += module.SOFT_TTL - 1
    assert keys.key("one")
    clock.now += 2
    assert keys.key("one") is None, "a withdrawn key stops within the soft TTL"
    assert publisher.fetches == 2


def test_an_unknown_id_causes_one_fetch_in_a_cool_down(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.preload()
    assert keys.key("nobody's") is None, "the fetch at the start does not count"
    for _ in range(100):
        with pytest.raises(Undecided):
            keys.key("nobody's")
    assert publisher.fetches == 2
    clock.now += module.COOL_DOWN
    assert keys.key("nobody's") is None
    assert publisher.fetches == 3


def test_a_new_key_is_found_within_one_cool_down(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.preload()
    keys.key("unknown")
    publisher.signers = [TWO, ONE]
    with pytest.raises(Undecided):
        keys.key("two")
    clock.now += module.COOL_DOWN
    assert keys.key("two")


def test_known_keys_serve_on_while_fetches_fail_for_a_bounded_time(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.preload()
    publisher.is_down = True
    clock.now += DEFAULT_KEYS_MAX_AGE - 1
    assert keys.key("one")
    clock.now += 2
    with pytest.raises(Undecided):
        keys.key("one")


def test_failed_attempts_count(keys: KeySet, publisher: Publisher) -> None:
    publisher.is_down = True
    for _ in range(10):
        with pytest.raises(Undecided):
            keys.key("one")
    assert publisher.fetches == 1


def test_an_unknown_id_is_undecided_while_the_issuer_is_down(
    keys: KeySet, publisher: Publisher
) -> None:
    keys.preload()
    publisher.is_down = True
    with pytest.raises(Undecided):
        keys.key("two")
    assert keys.key("one"), "good keys stay"


def test_a_failure_at_the_start_is_made_good_at_the_first_token(
    keys: KeySet, publisher: Publisher
) -> None:
    publisher.is_down = True
    keys.preload()
    publisher.is_down = False
    assert keys.key("one")


def test_a_clock_set_back_makes_keys_stale_and_not_eternal(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.preload()
    clock.now -= 1_000_000
    assert keys.key("one")
    assert publisher.fetches == 2


def test_fifty_threads_with_an_unknown_id_cause_one_fetch(clock: Clock) -> None:
    publisher = Publisher(ONE)

    def slow(uri: str) -> bytes:
        time.sleep(0.05)
        return publisher(uri)

    keys = KeySet("https://tenant.example.com/jwks.json", fetch=slow, clock=clock)
    keys.preload()
    outcomes: list[str] = []

    def ask() -> None:
        try:
            outcomes.append(str(keys.key("unknown")))
        except Undecided:
            outcomes.append("undecided")

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert publisher.fetches == 2
    assert sorted(outcomes) == ["None"] + ["undecided"] * 49


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b'{"keys": ',
        b"[]",
        b"{}",
        b'{"keys": 5}',
        b'{"keys": ["x"]}',
        b'{"keys": []}',
        b"\xff\xfe",
        b'{"keys":' + b"[" * 100_000,
        key_set_document(ONE.jwk(), ONE.jwk()),
        key_set_document(ONE.jwk(n="!"), ONE.jwk()),
        key_set_document(ONE.jwk(use="enc"), ONE.jwk()),
        key_set_document(ONE.jwk(), Signer("one", bits=1024).jwk()),
        key_set_document(Signer("one", bits=1024).jwk(), ONE.jwk()),
        key_set_document(Signer("short", bits=2047).jwk()),
        key_set_document(ONE.jwk(kty="EC")),
        key_set_document(ONE.jwk(kid=None)),
        key_set_document(ONE.jwk(use="enc")),
        key_set_document(ONE.jwk(alg="RS512")),
        key_set_document(ONE.jwk(key_ops=["encrypt"])),
        key_set_document(ONE.jwk(n=None)),
        key_set_document(ONE.jwk(n="!")),
        key_set_document(ONE.jwk(e="Aw")),
        key_set_document(ONE.jwk(e="AQAC")),
        key_set_document(Signer("weak", bits=1024).jwk()),
    ],
)
def test_what_is_no_usable_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(KeySetUnusable):
        parse_key_set(document)


def test_keys_of_no_use_do_not_spoil_the_others() -> None:
    others: list[Any] = [
        TWO.jwk(kty="EC"),
        TWO.jwk(kid="three", n="!"),
        TWO.jwk(kid="four", use="enc"),
        TWO.jwk(kid="five") | {"key_ops": None},
        TWO.jwk(kid="six", key_ops=1),
        None,
        "key",
    ]
    assert list(parse_key_set(key_set_document(*others, ONE.jwk()))) == ["one"]
