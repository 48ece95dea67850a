"""The judge of a torture run, judged: a true history has no findings, and each lie has its own."""

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


class World:
    """A history that is true, and the items that are left."""

    def __init__(self) -> None:
        self.create = Operation("o1", ANN, "create", None, 1, {"title": "mc0x1m"}, key="k1",
                                end=2, status=201, answer=post_at(1))  # fmt: skip
        self.edit = Operation("o2", ANN, "edit", POST, 3, {"body": "mc0x2m"}, 1,
                              end=4, status=200, answer=post_at(2, body="mc0x2m"))  # fmt: skip
        self.late = Operation("o3", ANN, "edit", POST, 5, {"body": "mc0x3m"}, 1,
                              end=6, status=412, answer={"current_version": 2})  # fmt: skip
        self.look = Operation("o4", ANN, "look", POST, 7, end=8, status=200,
                              answer=post_at(2, body="mc0x2m"))  # fmt: skip
        self.like = Operation("o5", BEN, "like", POST, 9, end=10, status=204)
        self.comment = Operation("o6", BEN, "comment", POST, 11, {"body": "mc0x4m"}, key="k2",
                                 end=12, status=201, answer={"id": COMMENT})  # fmt: skip
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


def judged(world: World, monkeypatch: pytest.MonkeyPatch) -> Findings:
    monkeypatch.setattr("tests.torture.history.faults", lambda items: [])  # judged elsewhere
    return findings(world.history, world.items, [LIZ])


def test_a_true_history_has_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(World(), monkeypatch) == []


def an_edit_is_lost(world: World) -> None:
    world.items[post_key(POST)] |= {"version": 1, "body": ""}


def an_edit_lost_what_came_before(world: World) -> None:
    world.edit.answer["title"] = "another"
    world.items[post_key(POST)]["title"] = "another"


def an_edit_is_stored_as_something_else(world: World) -> None:
    world.items[post_key(POST)]["body"] = ""


def a_version_is_given_twice(world: World) -> None:
    world.add("edit", POST, sent={"body": "x"}, end=21, status=200, answer=post_at(2, body="x"))


def a_version_is_nobodys(world: World) -> None:
    world.items[post_key(POST)]["version"] = 3


def a_precondition_was_overlooked(world: World) -> None:
    answer = post_at(3, body="mc0x3m")
    world.late = dataclasses.replace(world.late, status=200, answer=answer)
    world.items[post_key(POST)] |= {"version": 3, "body": "mc0x3m"}
    world.look.answer = answer


def a_refused_text_is_stored(world: World) -> None:
    world.items["SOMEWHERE", "1"] = {"text": "so mc0x3m is here"}


def a_refused_text_was_shown(world: World) -> None:
    world.add("list", None, end=21, status=200, answer={"title": "mc0x3m"})


def a_reader_was_told_of_the_past(world: World) -> None:
    world.look.answer["version"] = 1


def a_post_is_gone(world: World) -> None:
    del world.items[post_key(POST)]


def a_deleted_post_is_there(world: World) -> None:
    world.add("delete", POST, end=21, status=204)


def a_post_was_made_twice(world: World) -> None:
    url = {"canonical_url": "https://a.example/mc0x9m"}
    world.items[post_key(POST)] |= url
    world.items[post_key("P2")] = {"id": "P2", **TEXTS, "version": 1, **url}


def a_key_made_two(world: World) -> None:
    answer = {"id": "C2"}
    world.add("comment", POST, BEN, sent={"body": "mc0x4m"}, key="k2", end=21, status=201,
              answer=answer)  # fmt: skip
    world.items[comment_key(POST, "C2")] = {"id": "C2", "body": "mc0x4m"}


def a_comment_is_gone(world: World) -> None:
    del world.items[comment_key(POST, COMMENT)]


def a_comment_of_nobodys_is_there(world: World) -> None:
    world.items[comment_key(POST, "C9")] = {"id": "C9", "body": "mc0x99m"}


def a_deleted_comment_is_there(world: World) -> None:
    world.add("delete comment", COMMENT, BEN, end=21, status=204)


def a_comments_edit_is_lost(world: World) -> None:
    world.add("edit comment", COMMENT, BEN, sent={"body": "mc0x5m"}, end=21, status=200,
              answer={"version": 2})  # fmt: skip


def a_like_is_lost(world: World) -> None:
    del world.items[like_key(BEN, POST)]


def a_like_taken_back_is_there(world: World) -> None:
    world.add("unlike", POST, BEN, end=21, status=204)


def what_somebody_left_behind_is_there(world: World) -> None:
    world.add("create", None, LIZ, end=21, status=201, answer={"id": "P3", "version": 1, **TEXTS})
    leave = world.add("leave", None, LIZ, end=31, status=202)
    leave.start = 30
    world.items[post_key("P3")] = {"id": "P3", **TEXTS, "version": 1}


def a_reader_was_shown_another_text(world: World) -> None:
    world.look.answer["body"] = ""


def a_stranger_was_let_in(world: World) -> None:
    world.add("delete", POST, BEN, end=21, status=204)
    del world.items[post_key(POST)]


def a_list_shows_a_post_twice(world: World) -> None:
    world.add("list", None, end=21, status=200, answer={"listed": [(POST, 2), (POST, 2)]})


def a_list_shows_the_past(world: World) -> None:
    world.add("list", None, end=21, status=200, answer={"listed": [(POST, 1)]})


def a_list_shows_what_is_gone(world: World) -> None:
    world.add("delete", POST, end=10, status=204).start = 9
    world.add("list", None, end=21, status=200, answer={"listed": [(POST, 2)]})


def a_comment_has_a_version_twice(world: World) -> None:
    for body in ("mc0x5m", "mc0x6m"):
        world.add("edit comment", COMMENT, BEN, sent={"body": body}, end=21, status=200,
                  answer={"version": 2})  # fmt: skip
    world.items[comment_key(POST, COMMENT)]["body"] = "mc0x6m"


def nobody_was_told_when_to_come_again(world: World) -> None:
    world.add("like", POST, BEN, end=21, status=503)


LIES: list[tuple[Callable[[World], None], str]] = [
    (an_edit_is_lost, LOST),
    (an_edit_lost_what_came_before, LOST),
    (an_edit_is_stored_as_something_else, LOST),
    (a_version_is_given_twice, DUPLICATED),
    (a_version_is_nobodys, DUPLICATED),
    (a_precondition_was_overlooked, LOST),
    (a_refused_text_is_stored, KEPT),
    (a_refused_text_was_shown, KEPT),
    (a_reader_was_told_of_the_past, LOST),
    (a_post_is_gone, LOST),
    (a_deleted_post_is_there, KEPT),
    (a_post_was_made_twice, DUPLICATED),
    (a_key_made_two, DUPLICATED),
    (a_comment_is_gone, LOST),
    (a_comment_of_nobodys_is_there, DUPLICATED),
    (a_deleted_comment_is_there, KEPT),
    (a_comments_edit_is_lost, LOST),
    (a_like_is_lost, LOST),
    (a_like_taken_back_is_there, KEPT),
    (what_somebody_left_behind_is_there, KEPT),
    (a_reader_was_shown_another_text, LOST),
    (a_stranger_was_let_in, KEPT),
    (a_list_shows_a_post_twice, DISAGREEING),
    (a_list_shows_the_past, LOST),
    (a_list_shows_what_is_gone, LOST),
    (a_comment_has_a_version_twice, DUPLICATED),
    (nobody_was_told_when_to_come_again, FAILED),
]


@pytest.mark.parametrize(("lie", "heading"), LIES, ids=lambda one: getattr(one, "__name__", ""))
def test_each_lie_is_found(
    lie: Callable[[World], None], heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    lie(world)
    assert heading in [found for found, _ in judged(world, monkeypatch)]


def test_what_nobody_was_told_of_may_be_either(monkeypatch: pytest.MonkeyPatch) -> None:
    for status in (None, 503):
        world = World()
        world.add("edit", POST, sent={"body": "mc0x7m"}, status=status, answer=WAIT)
        world.add("unlike", POST, BEN, status=status, answer=WAIT)
        sent = {"body": "mc0x8m"}
        world.add("comment", POST, BEN, sent=sent, key="k3", status=status, answer=WAIT)
        assert judged(world, monkeypatch) == []
        world.items[post_key(POST)] |= {"version": 3, "body": "mc0x7m"}
        world.items[comment_key(POST, "C3")] = {"id": "C3", "body": "mc0x8m"}
        del world.items[like_key(BEN, POST)]
        assert judged(world, monkeypatch) == []


def test_a_history_is_read_as_it_was_written_but_for_a_line_that_was_cut(tmp_path: Any) -> None:
    one, other = World().create, World().edit
    path = tmp_path / "a.jsonl"
    path.write_text(before(one) + after(one) + before(other) + after(other)[:-9])
    cut = dataclasses.replace(other, end=None, status=None, answer={})
    assert read([path]) == [one, cut]
