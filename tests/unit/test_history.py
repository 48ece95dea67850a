"""The checker of torture runs: a true history has no findings, and each error is found."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from blog.dynamodb.keys import comment_key, like_key, own_comment_key, post_key
from tests.torture.history import DISAGREEING, DUPLICATED, FAILED, KEPT, LOST, Findings, findings
from tests.torture.operations import Operation, after, before, read

ANN, BEN, LIZ = "auth0|ann", "auth0|ben", "auth0|liz"
POST, COMMENT = "P1", "C1"
WAIT = {"retry_after": "5"}
TEXTS: dict[str, Any] = {"title": "mc0x1m", "body": "", "status": "published", "tags": []}


def post_at(version: int, **changes: Any) -> dict[str, Any]:
    return {"id": POST, "version": version, **TEXTS, **changes}


class TrueHistory:
    """A history without errors, and the items that it leaves."""

    def __init__(self) -> None:
        self.create = Operation("o1", ANN, "create", None, 1, {"title": "mc0x1m"}, key="k1",
                                end=2, status=201, response=post_at(1))  # fmt: skip
        self.edit = Operation("o2", ANN, "edit", POST, 3, {"body": "mc0x2m"}, 1,
                              end=4, status=200, response=post_at(2, body="mc0x2m"))  # fmt: skip
        self.late = Operation("o3", ANN, "edit", POST, 5, {"body": "mc0x3m"}, 1,
                              end=6, status=412, response={"current_version": 2})  # fmt: skip
        self.look = Operation("o4", ANN, "look", POST, 7, end=8, status=200,
                              response=post_at(2, body="mc0x2m"))  # fmt: skip
        self.like = Operation("o5", BEN, "like", POST, 9, end=10, status=204)
        self.comment = Operation("o6", BEN, "comment", POST, 11, {"body": "mc0x4m"}, key="k2",
                                 end=12, status=201, response={"id": COMMENT})  # fmt: skip
        self.more: list[Operation] = []
        self.items: dict[Any, Any] = {
            post_key(POST): {"id": POST, **post_at(2, body="mc0x2m")},
            like_key(BEN, POST): {"of": POST},
            comment_key(POST, COMMENT): {"id": COMMENT, "post_id": POST, "body": "mc0x4m"},
            own_comment_key(BEN, COMMENT): {},
        }

    @property
    def history(self) -> list[Operation]:
        return [self.create, self.edit, self.late, self.look, self.like, self.comment, *self.more]

    def add(self, kind: str, target: str | None, person: str = ANN, **more: Any) -> Operation:
        operation = Operation(f"o{len(self.history) + 1}", person, kind, target, 20, **more)
        self.more.append(operation)
        return operation


def checked(true_history: TrueHistory, monkeypatch: pytest.MonkeyPatch) -> Findings:
    monkeypatch.setattr("tests.torture.history.faults", lambda items: [])  # tested elsewhere
    return findings(true_history.history, true_history.items, [LIZ])


def test_a_true_history_has_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(TrueHistory(), monkeypatch) == []


def an_edit_is_lost(true_history: TrueHistory) -> None:
    true_history.items[post_key(POST)] |= {"version": 1, "body": ""}


def an_edit_undid_another_edit(true_history: TrueHistory) -> None:
    true_history.edit.response["title"] = "another"
    true_history.items[post_key(POST)]["title"] = "another"


def an_edit_is_stored_with_other_fields(true_history: TrueHistory) -> None:
    true_history.items[post_key(POST)]["body"] = ""


def a_version_is_assigned_twice(true_history: TrueHistory) -> None:
    true_history.add(
        "edit", POST, sent={"body": "x"}, end=21, status=200, response=post_at(2, body="x")
    )


def a_version_has_no_edit(true_history: TrueHistory) -> None:
    true_history.items[post_key(POST)]["version"] = 3


def a_precondition_was_ignored(true_history: TrueHistory) -> None:
    response = post_at(3, body="mc0x3m")
    true_history.late = dataclasses.replace(true_history.late, status=200, response=response)
    true_history.items[post_key(POST)] |= {"version": 3, "body": "mc0x3m"}
    true_history.look.response = response


def a_refused_text_is_stored(true_history: TrueHistory) -> None:
    true_history.items["SOMEWHERE", "1"] = {"text": "so mc0x3m is here"}


def a_refused_text_was_returned(true_history: TrueHistory) -> None:
    true_history.add("list", None, end=21, status=200, response={"title": "mc0x3m"})


def a_reader_got_an_outdated_version(true_history: TrueHistory) -> None:
    true_history.look.response["version"] = 1


def a_post_is_gone(true_history: TrueHistory) -> None:
    del true_history.items[post_key(POST)]


def a_deleted_post_is_stored(true_history: TrueHistory) -> None:
    true_history.add("delete", POST, end=21, status=204)


def a_post_was_created_twice(true_history: TrueHistory) -> None:
    url = {"canonical_url": "https://a.example/mc0x9m"}
    true_history.items[post_key(POST)] |= url
    true_history.items[post_key("P2")] = {"id": "P2", **TEXTS, "version": 1, **url}


def a_key_created_two_comments(true_history: TrueHistory) -> None:
    response = {"id": "C2"}
    true_history.add("comment", POST, BEN, sent={"body": "mc0x4m"}, key="k2", end=21, status=201,
              response=response)  # fmt: skip
    true_history.items[comment_key(POST, "C2")] = {"id": "C2", "body": "mc0x4m"}


def a_comment_is_gone(true_history: TrueHistory) -> None:
    del true_history.items[comment_key(POST, COMMENT)]


def a_comment_without_a_request_is_stored(true_history: TrueHistory) -> None:
    true_history.items[comment_key(POST, "C9")] = {"id": "C9", "body": "mc0x99m"}


def a_deleted_comment_is_stored(true_history: TrueHistory) -> None:
    true_history.add("delete comment", COMMENT, BEN, end=21, status=204)


def a_comments_edit_is_lost(true_history: TrueHistory) -> None:
    true_history.add("edit comment", COMMENT, BEN, sent={"body": "mc0x5m"}, end=21, status=200,
              response={"version": 2})  # fmt: skip


def a_like_is_lost(true_history: TrueHistory) -> None:
    del true_history.items[like_key(BEN, POST)]


def a_removed_like_is_stored(true_history: TrueHistory) -> None:
    true_history.add("unlike", POST, BEN, end=21, status=204)


def a_post_of_a_deleted_account_is_stored(true_history: TrueHistory) -> None:
    true_history.add(
        "create", None, LIZ, end=21, status=201, response={"id": "P3", "version": 1, **TEXTS}
    )
    deletion = true_history.add("delete account", None, LIZ, end=31, status=202)
    deletion.start = 30
    true_history.items[post_key("P3")] = {"id": "P3", **TEXTS, "version": 1}


def a_reader_got_another_text(true_history: TrueHistory) -> None:
    true_history.look.response["body"] = ""


def a_stranger_deleted_a_post(true_history: TrueHistory) -> None:
    true_history.add("delete", POST, BEN, end=21, status=204)
    del true_history.items[post_key(POST)]


def a_list_has_a_post_twice(true_history: TrueHistory) -> None:
    true_history.add("list", None, end=21, status=200, response={"listed": [(POST, 2), (POST, 2)]})


def a_list_has_an_outdated_version(true_history: TrueHistory) -> None:
    true_history.add("list", None, end=21, status=200, response={"listed": [(POST, 1)]})


def a_list_has_a_deleted_post(true_history: TrueHistory) -> None:
    true_history.add("delete", POST, end=10, status=204).start = 9
    true_history.add("list", None, end=21, status=200, response={"listed": [(POST, 2)]})


def a_comment_has_a_version_twice(true_history: TrueHistory) -> None:
    for body in ("mc0x5m", "mc0x6m"):
        true_history.add("edit comment", COMMENT, BEN, sent={"body": body}, end=21, status=200,
                  response={"version": 2})  # fmt: skip
    true_history.items[comment_key(POST, COMMENT)]["body"] = "mc0x6m"


def a_503_has_no_retry_after(true_history: TrueHistory) -> None:
    true_history.add("like", POST, BEN, end=21, status=503)


ERRORS: list[tuple[Callable[[TrueHistory], None], str]] = [
    (an_edit_is_lost, LOST),
    (an_edit_undid_another_edit, LOST),
    (an_edit_is_stored_with_other_fields, LOST),
    (a_version_is_assigned_twice, DUPLICATED),
    (a_version_has_no_edit, DUPLICATED),
    (a_precondition_was_ignored, LOST),
    (a_refused_text_is_stored, KEPT),
    (a_refused_text_was_returned, KEPT),
    (a_reader_got_an_outdated_version, LOST),
    (a_post_is_gone, LOST),
    (a_deleted_post_is_stored, KEPT),
    (a_post_was_created_twice, DUPLICATED),
    (a_key_created_two_comments, DUPLICATED),
    (a_comment_is_gone, LOST),
    (a_comment_without_a_request_is_stored, DUPLICATED),
    (a_deleted_comment_is_stored, KEPT),
    (a_comments_edit_is_lost, LOST),
    (a_like_is_lost, LOST),
    (a_removed_like_is_stored, KEPT),
    (a_post_of_a_deleted_account_is_stored, KEPT),
    (a_reader_got_another_text, LOST),
    (a_stranger_deleted_a_post, KEPT),
    (a_list_has_a_post_twice, DISAGREEING),
    (a_list_has_an_outdated_version, LOST),
    (a_list_has_a_deleted_post, LOST),
    (a_comment_has_a_version_twice, DUPLICATED),
    (a_503_has_no_retry_after, FAILED),
]


@pytest.mark.parametrize(("error", "heading"), ERRORS, ids=lambda one: getattr(one, "__name__", ""))
def test_each_error_is_found(
    error: Callable[[TrueHistory], None], heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_history = TrueHistory()
    error(true_history)
    assert heading in [found for found, _ in checked(true_history, monkeypatch)]


def test_an_operation_without_a_known_result_may_be_done_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for status in (None, 503):
        true_history = TrueHistory()
        true_history.add("edit", POST, sent={"body": "mc0x7m"}, status=status, response=WAIT)
        true_history.add("unlike", POST, BEN, status=status, response=WAIT)
        sent = {"body": "mc0x8m"}
        true_history.add("comment", POST, BEN, sent=sent, key="k3", status=status, response=WAIT)
        assert checked(true_history, monkeypatch) == []
        true_history.items[post_key(POST)] |= {"version": 3, "body": "mc0x7m"}
        true_history.items[comment_key(POST, "C3")] = {"id": "C3", "body": "mc0x8m"}
        del true_history.items[like_key(BEN, POST)]
        assert checked(true_history, monkeypatch) == []


def test_a_history_is_read_as_written_without_a_truncated_line(tmp_path: Any) -> None:
    one, other = TrueHistory().create, TrueHistory().edit
    path = tmp_path / "a.jsonl"
    path.write_text(before(one) + after(one) + before(other) + after(other)[:-9])
    cut = dataclasses.replace(other, end=None, status=None, response={})
    assert read([path]) == [one, cut]
