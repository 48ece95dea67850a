"""Cursors: opaque, bound to their list, and refused if anything is wrong with them."""

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.dynamodb.cursors import cursor_after, sort_key_of
from blog.dynamodb.keys import entry_sort_key
from blog.dynamodb.listings import (
    BANNED_PEOPLE,
    CLEARED_AUTHORS,
    TAG_COUNTS,
    Listing,
    approval_queue,
    comments_on,
    feed,
    followed_by,
    liked,
    owned,
    revisions,
)
from blog.errors import BadRequest
from blog.identifiers import new_id
from tests.support.samples import ALICE, BOB

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 253_402_300_799_999).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
SORT_KEY = entry_sort_key(EPOCH, new_id(EPOCH + timedelta(days=1)))


@given(TIMES)
def test_a_cursor_returns_its_position(time: datetime) -> None:
    sort_key = entry_sort_key(time, new_id(EPOCH + timedelta(days=1)))
    cursor = cursor_after(feed(1), sort_key)
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}", cursor)
    assert sort_key_of(feed(1), cursor) == sort_key


def test_a_cursor_stays_valid_when_the_feed_gets_more_shards() -> None:
    assert sort_key_of(feed(16), cursor_after(feed(1), SORT_KEY)) == SORT_KEY


def test_a_cursor_of_another_list_is_refused() -> None:
    lists = [feed(1), owned(ALICE), owned(ALICE, "draft"), owned(BOB)]
    for made_for in lists:
        cursor = cursor_after(made_for, SORT_KEY)
        for used_for in lists:
            if used_for != made_for:
                with pytest.raises(BadRequest):
                    sort_key_of(used_for, cursor)


@given(st.integers(0, 39), st.characters())
def test_a_changed_cursor_is_refused(place: int, character: str) -> None:
    cursor = cursor_after(feed(1), SORT_KEY)
    mangled = cursor[:place] + character + cursor[place + 1 :]
    if mangled != cursor:
        with pytest.raises(BadRequest):
            sort_key_of(feed(1), mangled)


@pytest.mark.parametrize("cursor", ["", "x", "=" * 40, "é" * 40, "A" * 40, "A" * 44, "A" * 10_000])
def test_a_text_that_is_not_a_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest):
        sort_key_of(feed(1), cursor)


def _forged(listing: Listing, place: bytes) -> str:
    """Return a cursor with a correct binding. Anybody can make one, because it has no secret."""
    binding = hashlib.sha256(place + listing.name.encode()).digest()[:8]
    return urlsafe_b64encode(binding + place).decode().rstrip("=")


POST = new_id(EPOCH + timedelta(days=1))
AUTHOR = "a" * 26
LISTS = {
    TAG_COUNTS: [b"aws", "हिन्दी".encode(), b"c#"],
    revisions(POST): [b"0000000012"],
    comments_on(POST): [POST.encode()],
    approval_queue(AUTHOR): [POST.encode()],
    liked(ALICE): [POST.encode()],
    followed_by(ALICE): [f"2026-01-31T09:30:00.000Z#{AUTHOR}".encode()],
    BANNED_PEOPLE: [f"2026-01-31T09:30:00Z#{AUTHOR}".encode()],
    CLEARED_AUTHORS: [f"2026-01-31T09:30:00Z#{AUTHOR}".encode()],
    feed(1): [bytes(6) + bytes(16), b"\x00\x00\x01" + bytes(19)],
}
FOREIGN_PLACES = [
    "\U0010ffff\U0010ffff".encode(),
    b"\x00\x00\x00\x00",
    b"\xed\xa0\x80\x00",  # a lone surrogate
    "\ue000\ue000".encode(),
    "\u200b\u200b".encode(),
    b"\xff" * 22,
    b"AWS!",
    b"Upper",
    b" tag ",
    b"~" * 26,
    b"9999999999 ",
    b"01JDC0000000000000000000P0\x00",
    f"2026-01-31T09:30:00Z#{AUTHOR}\U0010ffff".encode(),
    b"2026-13-41T09:30:00Z#",
]


@pytest.mark.parametrize("listing", LISTS, ids=lambda listing: listing.name[:8])
def test_a_forged_cursor_needs_a_position_of_the_lists_form(listing: Listing) -> None:
    for place in LISTS[listing]:
        cursor = _forged(listing, place)
        assert cursor_after(listing, sort_key_of(listing, cursor)) == cursor
    for place in FOREIGN_PLACES:
        with pytest.raises(BadRequest):
            sort_key_of(listing, _forged(listing, place))


def test_a_sub_cannot_select_another_list() -> None:
    assert owned("draft#x") != owned("x", "draft")
    assert owned("draft#x").partitions != owned("x", "draft").partitions
