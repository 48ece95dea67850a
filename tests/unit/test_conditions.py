"""A refused condition means what its action declares, and attempts end with WriteContended."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from blog.dynamodb import retries
from blog.dynamodb.actions import Action, ConditionRefused, Item, Items, Refused
from blog.dynamodb.keys import Key
from blog.dynamodb.retries import WRITE_TRIES, retrying
from blog.dynamodb.table import Table
from blog.errors import NotFound, Unavailable, WriteContended

FIRST, SECOND = Key("POST#1", "POST"), Key("POST#1", "STATS")
STORED = {"pk": {"S": "POST#1"}, "sk": {"S": "STATS"}, "owner": {"S": "alice"}}


class Refusing:
    """A client that refuses the second of two actions, or says that another write was faster."""

    def __init__(self, *codes: str, retries: Sequence[int] = (), item: Any = STORED) -> None:
        self._codes = iter(codes)
        self._retries = iter(retries)
        self._item = item
        self.calls = 0

    def transact_write_items(self, **_: Any) -> None:
        self.calls += 1
        reason = {"Code": next(self._codes, "ConditionalCheckFailed")}
        if self._item is not None:
            reason["Item"] = self._item
        response: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": next(self._retries, 0)},
            "CancellationReasons": [{"Code": "None"}, reason],
        }
        raise ClientError(response, "TransactWriteItems")


@pytest.fixture(autouse=True)
def _no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "LONGEST_DELAY", 0)


def table(client: Refusing) -> Table:
    return Table(client, "BlogTable")  # type: ignore[arg-type] # a fake


def actions(refused: Refused | None) -> list[Action]:
    def wrong(_: Item | None) -> Exception:
        raise AssertionError("this action was not refused")

    return [
        Action(FIRST, condition="#n = :n", values={"n": 1}, is_check=True, refused=wrong),
        Action(SECOND, condition="#n = :n", values={"n": 1}, is_check=True, refused=refused),
    ]


def test_a_write_raises_the_error_that_the_refused_action_declares() -> None:
    items: list[Item | None] = []

    def refused(item: Item | None) -> NotFound:
        items.append(item)
        return NotFound("There is no such post.")

    with pytest.raises(NotFound) as raised:
        table(Refusing()).write(actions(refused))
    assert items == [{"pk": "POST#1", "sk": "STATS", "owner": "alice"}]
    assert isinstance(raised.value.__cause__, ConditionRefused)


def test_an_action_gets_none_if_no_item_has_its_key() -> None:
    def refused(item: Item | None) -> NotFound | None:
        return NotFound("There is no such post.") if item is None else None

    with pytest.raises(NotFound):
        table(Refusing(item=None)).write(actions(refused))
    with pytest.raises(ConditionRefused):
        table(Refusing()).write(actions(refused))


@pytest.mark.parametrize("refused", [None, lambda _: None])
def test_a_refusal_that_is_no_error_keeps_its_key_and_item(refused: Refused | None) -> None:
    with pytest.raises(ConditionRefused) as raised:
        table(Refusing()).write(actions(refused))
    assert raised.value.key == SECOND
    assert raised.value.item == {"pk": "POST#1", "sk": "STATS", "owner": "alice"}
    assert table(Refusing()).try_write(actions(refused)) is False


def test_a_write_that_may_be_refused_still_raises_errors() -> None:
    with pytest.raises(NotFound):
        table(Refusing()).try_write(actions(lambda _: NotFound("There is no such post.")))


@pytest.mark.parametrize(
    "client",
    [
        Refusing(retries=[1]),  # to botocore's own retry
        Refusing("TransactionConflict", retries=[1, 0]),  # after a conflict to a retry
    ],
)
def test_a_refusal_to_a_retry_is_unavailable_whatever_the_action_declares(client: Refusing) -> None:
    with pytest.raises(Unavailable):
        table(client).write(actions(lambda _: NotFound("There is no such post.")))


def test_a_conflict_is_retried_until_the_condition_decides() -> None:
    client = Refusing("TransactionConflict", "TransactionConflict")
    with pytest.raises(NotFound):
        table(client).write(actions(lambda _: NotFound("There is no such post.")))
    assert client.calls == 3


def test_what_an_action_declares_does_not_change_what_it_is() -> None:
    assert Action(FIRST, refused=lambda _: None) == Action(FIRST)


def test_an_attempt_gets_what_the_last_refusal_brought_back() -> None:
    seen: list[Items] = []

    def attempt(items: Items) -> str:
        seen.append(dict(items))
        items[Key("ADDED", "1")] = {"n": len(seen)}
        if len(seen) == 1:
            raise ConditionRefused(Action(FIRST), {"owner": "bob"})
        if len(seen) == 2:
            raise ConditionRefused(Action(SECOND), None)
        return "written"

    read: dict[Key, Item] = {FIRST: {"owner": "alice"}}
    assert retrying(attempt, read) == "written"
    added = Key("ADDED", "1")
    assert seen == [
        {FIRST: {"owner": "alice"}},
        {FIRST: {"owner": "bob"}, added: {"n": 1}},
        {FIRST: {"owner": "bob"}, SECOND: None, added: {"n": 2}},
    ]
    assert read == {FIRST: {"owner": "alice"}}, "the caller's items stay as they are"


def test_attempts_that_are_all_refused_end_as_contended() -> None:
    client = Refusing()
    with pytest.raises(WriteContended):
        retrying(lambda _: table(client).write(actions(None)), {})
    assert client.calls == WRITE_TRIES


def test_an_error_that_an_action_declares_ends_the_attempts() -> None:
    client = Refusing()
    declared = actions(lambda _: NotFound("There is no such post."))
    with pytest.raises(NotFound):
        retrying(lambda _: table(client).write(declared), {})
    assert client.calls == 1
