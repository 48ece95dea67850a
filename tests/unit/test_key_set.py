"""An issuer's keys: known users continue while fetches fail, and no client causes many fetches."""

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
    """The issuer's side: the keys it publishes, and the number of fetches."""

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


def test_keys_are_fetched_once_and_reused(keys: KeySet, publisher: Publisher) -> None:
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
    assert keys.key("nobody's") is None, "the first fetch does not count"
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


def test_known_keys_stay_usable_for_a_limited_time_while_fetches_fail(
    keys: KeySet, publisher: Publisher, clock: Clock
) -> None:
    keys.preload()
    publisher.is_down = True
    clock.now += DEFAULT_KEYS_MAX_AGE - 1
    assert keys.key("one")
    clock.now += 2
    with pytest.raises(Undecided):
        keys.key("one")


def test_failed_fetches_count_for_the_cool_down(keys: KeySet, publisher: Publisher) -> None:
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
    assert keys.key("one"), "known keys stay"


def test_a_failure_at_the_start_is_repaired_by_the_first_token(
    keys: KeySet, publisher: Publisher
) -> None:
    publisher.is_down = True
    keys.preload()
    publisher.is_down = False
    assert keys.key("one")


def test_a_clock_that_is_set_back_makes_keys_stale(
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
        key_set_document(ONE.jwk(), TWO.jwk(kid="one")),
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
def test_an_unusable_key_set_is_refused(document: bytes) -> None:
    with pytest.raises(KeySetUnusable):
        parse_key_set(document)


def test_unusable_keys_do_not_affect_the_others() -> None:
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


@pytest.mark.parametrize(
    "odd",
    [
        [TWO.jwk(kid=None), TWO.jwk(kid=None)],
        [TWO.jwk(kid="one", use="enc")],
        [TWO.jwk(kid="one", alg="RSA-OAEP")],
        [TWO.jwk(kid="one", key_ops=["encrypt"])],
        [TWO.jwk(kid="one", n="!")],
        [Signer("one", bits=1024).jwk()],
        [ONE.jwk(), ONE.jwk()],
        [{"kty": "EC", "kid": "one", "crv": "P-256"}],
    ],
)
def test_keys_that_cannot_verify_and_repeated_keys_are_ignored(odd: list[Any]) -> None:
    for members in ([*odd, ONE.jwk()], [ONE.jwk(), *odd]):
        key = parse_key_set(key_set_document(*members))["one"]
        assert key is not None
        assert key.key.public_numbers() == ONE.private.public_key().public_numbers()


def test_two_keys_with_one_id_are_a_fault_of_this_id_only(clock: Clock) -> None:
    three = Signer("three")
    document = key_set_document(ONE.jwk(), TWO.jwk(kid="one"), ONE.jwk(), three.jwk())
    keys = KeySet("https://x/", fetch=lambda _: document, clock=clock)
    assert keys.key("three")
    with pytest.raises(Undecided) as undecided:
        keys.key("one")
    assert undecided.value.reason == "duplicate_key_ids"
    assert keys.key("three")
