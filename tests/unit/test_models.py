"""What people may send as a post, and what it becomes."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blog.fields import normalised_tag
from blog.models import NewPost, PostChanges


def faults(model: type[NewPost | PostChanges], sent: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(sent)
    return [".".join(map(str, fault["loc"])) for fault in refused.value.errors()]


def test_only_the_title_is_required() -> None:
    new = NewPost.model_validate({"title": "T"})
    assert (new.body, new.tags, new.status, new.slug) == ("", [], "draft", None)


def test_tags_are_normalised_and_kept_once() -> None:
    sent = ["C#", "c#", "  Node.js ", "हिन्दी", "cafe\u0301", "caf\u00e9", "a_b-c+d"]
    new = NewPost.model_validate({"title": "T", "tags": sent})
    assert new.tags == ["c#", "node.js", "हिन्दी", "caf\u00e9", "a_b-c+d"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\x1bb"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "\ufffe"}, "title"),
        ({"title": 5}, "title"),
        ({"title": None}, "title"),
        ({"title": ["T"]}, "title"),
        ({"body": "x" * (100 * 1024 + 1)}, "body"),
        ({"body": "é" * (50 * 1024 + 1)}, "body"),
        ({"body": "a\x0bb"}, "body"),
        ({"body": None}, "body"),
        ({"tags": [f"t{i}" for i in range(11)]}, "tags"),
        ({"tags": ["same"] * 11}, "tags"),
        ({"tags": "tag"}, "tags"),
        ({"tags": ["ok", ""]}, "tags.1"),
        ({"tags": ["ok", "  "]}, "tags.1"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"tags": ["a/b"]}, "tags.0"),
        ({"tags": ["<b>"]}, "tags.0"),
        ({"tags": ["a\tb"]}, "tags.0"),
        ({"tags": [1]}, "tags.0"),
        ({"status": "planned"}, "status"),
        ({"publish_at": "2030-01-31T09:30:00"}, "publish_at"),
        ({"publish_at": "2030-01-31"}, "publish_at"),
        ({"publish_at": "soon"}, "publish_at"),
        ({"publish_at": 1_900_000_000}, "publish_at"),
        ({"status": "Published"}, "status"),
        ({"slug": "With Capitals"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "x" * 121}, "slug"),
        ({"slug": "a\n"}, "slug"),
        ({"id": "mine"}, "id"),
        ({"version": 7}, "version"),
        ({"owner": "me"}, "owner"),
        ({"author": {"id": "x"}}, "author"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    assert faults(NewPost, {"title": "T"} | changes) == [field]


def test_limits_are_inside() -> None:
    sent = {
        "title": "x" * 200,
        "body": "é" * (50 * 1024),
        "tags": [f"{i:040}" for i in range(10)],
        "slug": "-" * 120,
    }
    assert NewPost.model_validate(sent)


def test_a_time_with_an_offset_is_understood() -> None:
    sent = {"title": "T", "status": "scheduled", "publish_at": "2030-01-31T09:30:00.1239+02:00"}
    publish_at = NewPost.model_validate(sent).publish_at
    assert publish_at is not None
    assert publish_at.isoformat() == "2030-01-31T07:30:00.123000+00:00"


def test_tabs_and_line_breaks_are_no_control_characters() -> None:
    assert NewPost.model_validate({"title": "a\tb", "body": "a\r\nb\tc\u0085d"})


def test_a_patch_tells_null_from_nothing() -> None:
    assert PostChanges.model_validate({}).given() == {}
    changes = PostChanges.model_validate({"tags": None, "slug": None})
    assert changes.given() == {"tags": [], "slug": None}


@pytest.mark.parametrize("field", ["title", "body", "status", "publish_at"])
def test_null_in_a_patch_is_refused_where_it_means_nothing(field: str) -> None:
    assert faults(PostChanges, {field: None}) == [field]


@given(st.text(max_size=60))
def test_normalising_a_tag_twice_changes_nothing_more(tag: str) -> None:
    once = normalised_tag(tag)
    assert normalised_tag(once) == once
    assert unicodedata.is_normalized("NFC", once)
