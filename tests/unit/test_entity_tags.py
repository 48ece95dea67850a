"""Entity tags and If-Match: only the version counts, even if a proxy changed the tag."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.entity_tags import IfMatch, entity_tag, none_match
from blog.errors import BadRequest
from blog.posts.schemas import PostDetail


def post_detail(**changes: Any) -> PostDetail:
    time = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    members = {
        "id": "01JDC0000000000000000000P0",
        "slug": "s",
        "title": "T",
        "tags": [],
        "status": "draft",
        "version": 3,
        "author": {"id": "a", "name": "A", "picture": None},
        "like_count": 0,
        "comment_count": 0,
        "excerpt": "",
        "cover_image": None,
        "canonical_url": None,
        "reading_minutes": 1,
        "comments": "open",
        "created_at": time,
        "updated_at": time,
        "publish_at": None,
        "published_at": None,
        "body": "",
        "body_html": "",
    }
    return PostDetail.model_validate(members | changes)


def tag_of(post: PostDetail) -> str:
    return entity_tag(post.version, post.model_dump_json())


def test_a_tag_is_the_version_and_a_digest_of_the_rest() -> None:
    assert re.fullmatch(r'"3-[0-9a-f]{16}"', tag_of(post_detail()))
    assert tag_of(post_detail(body="x")) != tag_of(post_detail())
    assert tag_of(post_detail(version=4))[3:] == tag_of(post_detail())[3:]


def test_text_that_looks_like_a_version_does_not_change_the_tag() -> None:
    titled = {"slug": '"version":3,', "title": '"version":4,'}
    assert (
        tag_of(post_detail(version=3, **titled))[3:] == tag_of(post_detail(version=4, **titled))[3:]
    )


@pytest.mark.parametrize(
    "field",
    [
        '"3-0123456789abcdef"',
        '"3"',
        'W/"3"',
        'W/"3-abc"',
        '"2", "3"',
        '"x" ,\t"3-"',
        "*",
        " * ",
        '"3",',
        ', ,"3"',
    ],
)
def test_if_match_is_true_for_the_current_version(field: str) -> None:
    precondition = IfMatch.parse(field)
    assert precondition is not None
    assert precondition.holds(3)


@pytest.mark.parametrize("field", ['"2"', '"33"', '"x"', '""', '"03"', '"2", "4"', '"-3"'])
def test_if_match_is_false_for_another_version(field: str) -> None:
    precondition = IfMatch.parse(field)
    assert precondition is not None
    assert not precondition.holds(3)


@pytest.mark.parametrize(
    "field", ["", ",", " , ,", "3", '"3 "', '"3', '3"', "w/3", '"3""4"', "*, *", '*, "3"', '"\x00"']
)
def test_a_malformed_list_of_tags_is_refused(field: str) -> None:
    with pytest.raises(BadRequest):
        IfMatch.parse(field)


def test_a_missing_if_match_is_no_precondition() -> None:
    assert IfMatch.parse(None) is None


@given(st.text(max_size=40))
def test_any_field_is_parsed_or_refused(field: str) -> None:
    with suppress(BadRequest):
        IfMatch.parse(field)


def test_if_none_match_compares_whole_tags() -> None:
    tag = '"3-0123456789abcdef"'
    assert none_match(None, tag)
    assert none_match('"3"', tag)
    assert none_match("nonsense", tag)
    assert not none_match(tag, tag)
    assert not none_match(f'W/{tag}, "x"', tag)
    assert not none_match("*", tag)
