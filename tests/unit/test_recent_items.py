"""The short memory of profiles: it ends after seconds, and has a bound."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blog.dynamodb import recent_items
from blog.dynamodb.keys import Key
from blog.dynamodb.recent_items import MAX_ITEMS, REMEMBERED, RecentItems
from blog.dynamodb.table import Table

A, B, C = (Key(one, "PROFILE") for one in "abc")
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    monkeypatch.setattr(recent_items, "now", lambda: clock[0])
    return clock


def test_what_was_read_is_known_for_seconds_also_that_there_is_nothing(
    clock: list[datetime],
) -> None:
    recent = RecentItems()
    recent.remember([A, B], {A: {"name": "Alice"}})
    assert recent.known([A, B, C]) == {A: {"name": "Alice"}, B: None}
    clock[0] += REMEMBERED - MOMENT
    assert recent.known([A, B]) == {A: {"name": "Alice"}, B: None}
    clock[0] += MOMENT
    assert recent.known([A, B]) == {}


def test_a_clock_that_goes_back_ends_the_memory(clock: list[datetime]) -> None:
    recent = RecentItems()
    recent.remember([A], {})
    clock[0] -= MOMENT
    assert recent.known([A]) == {}


def test_the_oldest_are_forgotten_first(clock: list[datetime]) -> None:
    recent = RecentItems()
    keys = [Key(str(n), "PROFILE") for n in range(MAX_ITEMS + 1)]
    recent.remember([A], {})
    recent.remember(keys[:-2], {})
    recent.remember([A], {})
    recent.remember(keys[-2:], {})
    assert recent.known([*keys[:3], A, keys[-1]]).keys() == {keys[2], A, keys[-1]}
    assert len(recent._found) == MAX_ITEMS


class CountingTable(Table):
    """A table of profiles, which counts the keys that are read."""

    def __init__(self) -> None:
        self._recent = None
        self.read: list[Key] = []

    def get_all(self, keys: Any) -> dict[Key, Any]:
        self.read += (wanted := [*keys])
        return {key: {"name": key.pk} for key in wanted if key != B}


def test_only_the_public_table_remembers_and_only_recent_keys(clock: list[datetime]) -> None:
    table = CountingTable()
    for _ in range(2):
        assert table.get_recent([A, B], [C]).keys() == {A, C}
    assert table.read == [A, B, C] * 2
    public = table.for_public()
    public.read = []
    for _ in range(2):
        assert public.get_recent([A, B, A], [C]).keys() == {A, C}
    assert public.read == [A, B, C, C]
    clock[0] += REMEMBERED
    public.get_recent([A, B], [])
    assert public.read == [A, B, C, C, A, B]
