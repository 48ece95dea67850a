"""Posts as requests send them, and how they are normalized."""

import contextlib
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blog.comments.schemas import NewComment
from blog.moderation.schemas import Reasoned
from blog.people.schemas import ProfileChanges
from blog.posts.schemas import NewPost, PostChanges
from blog.tags import normalised_tag


def faults(model: type[NewPost | PostChanges], sent: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(sent)
    return [".".join(map(str, fault["loc"])) for fault in refused.value.errors()]


def test_only_the_title_is_required() -> None:
    new = NewPost.model_validate({"title": "T"})
    assert (new.body, new.tags, new.status, new.slug) == ("", [], "draft", None)


def test_tags_are_normalised_and_unique() -> None:
    sent = ["C#", "c#", "  Node.js ", "हिन्दी", "cafe\u0301", "caf\u00e9", "a_b-c+d"]
    new = NewPost.model_validate({"title": "T", "tags": sent})
    assert new.tags == ["c#", "node.js", "हिन्दी", "caf\u00e9", "a_b-c+d"]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Rock\u2019n\u2019Roll", "rock'n'roll"),
        ("Q&A", "q&a"),
        ("col\u00b7legi", "col\u00b7legi"),
        ("C (language)", "c (language)"),
        ("\u6771\u4eac\u3000\u5927\u962a", "\u6771\u4eac \u5927\u962a"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("...", "..."),
    ],
)  # fmt: skip
def test_a_tag_is_written_as_its_language_does(sent: str, stored: str) -> None:
    assert NewPost.model_validate({"title": "T", "tags": [sent]}).tags == [stored]


def test_bodies_lose_what_xml_cannot_hold() -> None:
    body = "\ufeffa\x08b\x0cc\ud800d\ufffee\r\n\tf"
    assert NewPost.model_validate({"title": "T", "body": body}).body == "abcde\r\n\tf"
    assert NewComment.model_validate({"body": body}).body == "abcde\r\n\tf"
    with pytest.raises(ValidationError):
        NewComment.model_validate({"body": "\x08\ufeff"})


@pytest.mark.parametrize(
    ("text", "place"), [("a\x08", "line 1, column 2"), ("a\r\nb\rcd\x00", "line 3, column 3")]
)
def test_a_control_character_elsewhere_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewPost.model_validate({"title": "T", "excerpt": text})
    assert refused.value.errors()[0]["msg"].endswith(place)


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
        ({"body": "x" * (256 * 1024 + 1)}, "body"),
        ({"body": "é" * (128 * 1024 + 1)}, "body"),
        ({"body": None}, "body"),
        ({"tags": [f"t{i}" for i in range(11)]}, "tags"),
        ({"tags": ["same"] * 11}, "tags"),
        ({"tags": "tag"}, "tags"),
        ({"tags": ["ok", ""]}, "tags.1"),
        ({"tags": ["ok", "  "]}, "tags.1"),
        ({"tags": ["x" * 41]}, "tags.0"),
        ({"tags": ["a/b"]}, "tags.0"),
        ({"tags": ["."]}, "tags.0"),
        ({"tags": [" .. "]}, "tags.0"),
        ({"tags": ["a\u200d"]}, "tags.0"),
        ({"tags": ["\u200c"]}, "tags.0"),
        ({"tags": ["<b>"]}, "tags.0"),
        ({"tags": ["a\tb"]}, "tags.0"),
        ({"tags": [1]}, "tags.0"),
        ({"status": "planned"}, "status"),
        ({"publish_at": "2030-01-31T09:30:00"}, "publish_at"),
        ({"publish_at": "2030-01-31"}, "publish_at"),
        ({"publish_at": "9999-12-31T23:59:59-10:00"}, "publish_at"),
        ({"publish_at": "0001-01-01T00:00:00+10:00"}, "publish_at"),
        ({"publish_at": "soon"}, "publish_at"),
        ({"publish_at": 1_900_000_000}, "publish_at"),
        ({"publish_at": "4102444800"}, "publish_at"),
        ({"publish_at": "1e10"}, "publish_at"),
        ({"published_at": "0"}, "published_at"),
        ({"status": "Published"}, "status"),
        ({"excerpt": ""}, "excerpt"),
        ({"excerpt": " "}, "excerpt"),
        ({"excerpt": "x" * 501}, "excerpt"),
        ({"excerpt": "a\x00"}, "excerpt"),
        ({"excerpt": 1}, "excerpt"),
        ({"cover_image": "http://a.example/b.png"}, "cover_image"),
        ({"cover_image": "javascript:alert(1)"}, "cover_image"),
        ({"cover_image": "data:image/png;base64,AAAA"}, "cover_image"),
        ({"cover_image": "//a.example/b.png"}, "cover_image"),
        ({"cover_image": "/media/b.png"}, "cover_image"),
        ({"cover_image": "https://"}, "cover_image"),
        ({"cover_image": "https://user:secret@a.example/"}, "cover_image"),
        ({"cover_image": ""}, "cover_image"),
        ({"cover_image": "https://a.example/" + "x" * 2000}, "cover_image"),
        ({"cover_image": "https://a.example/" + "é" * 1000}, "cover_image"),
        ({"cover_image": ["https://a.example/"]}, "cover_image"),
        ({"canonical_url": "ftp://a.example/"}, "canonical_url"),
        ({"canonical_url": "a\x00"}, "canonical_url"),
        ({"comments": "none"}, "comments"),
        ({"comments": None}, "comments"),
        ({"body_html": "<p>"}, "body_html"),
        ({"reading_minutes": 1}, "reading_minutes"),
        ({"like_count": 1}, "like_count"),
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
def test_an_invalid_field_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    assert faults(NewPost, {"title": "T"} | changes) == [field]


ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
INVISIBLE = [
    "\u200b", "\u2800", "\u3164", "\u115f", "\uffa0", "\u200e", "\u061c", "\u180e", "\ufe0f",
    "\u034f", "\ufeff", "\u2065", "\ufff0", "\ufffc", "\u0085", "\u0301", "\U0001d159",
    "\U0001d173", "\U00013441", "\U000e0100",
]  # fmt: skip
DECEPTIVE = [
    *(f"a{chr(c)}b" for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    "a\u2067b\u2069",  # balanced isolates too
    "a\U000e0041",
    "\U0001f3f4\U000e0068\U000e0069\U000e007f",  # a flag of no region
    f"{ENGLAND}\U000e0067",
    "Z" + "\u0301" * 7,
    "Z" + "\u0334\u200d" * 6,
]
VISIBLE = [
    "\u05d0\u200f!", "a\u200e", "\u0645\u06cc\u200c\u062e", "\u0915\u094d\u200d\u0937",
    "\u2764\ufe0f", ENGLAND, "\U0001f469\u200d\U0001f4bb", "1\ufe0f\u20e3", "\U0001f1e9\U0001f1ea",
    "\U0001fae9", "\u845b\U000e0100", "!", "\ue000", "\u101c\u103b\u103e\u102d\u102f\u1037",
]  # fmt: skip


@pytest.mark.parametrize("text", [*INVISIBLE, "\u200b \u2800\u200e"], ids=ascii)
def test_a_text_that_nobody_sees_is_blank(text: str) -> None:
    for field in ("title", "excerpt"):
        assert faults(NewPost, {"title": "T"} | {field: text}) == [field]
    with pytest.raises(ValidationError, match="Must not be blank"):
        Reasoned.model_validate({"reason": text})


def test_a_tag_that_nobody_sees_is_refused() -> None:
    for tag in ("\u3164", "\ufe0f", "\u034f", "\u0301", "Z" + "\u0301" * 7):
        assert faults(NewPost, {"title": "T", "tags": ["ok", tag]}) == ["tags.1"], ascii(tag)


@pytest.mark.parametrize("text", DECEPTIVE, ids=ascii)
def test_a_text_that_deceives_readers_is_refused(text: str) -> None:
    for field in ("title", "excerpt"):
        assert faults(NewPost, {"title": "T"} | {field: text}) == [field]
    with pytest.raises(ValidationError):
        Reasoned.model_validate({"reason": text})
    with pytest.raises(ValidationError):
        ProfileChanges.model_validate({"bio": text})


@pytest.mark.parametrize("text", VISIBLE, ids=ascii)
def test_marks_joiners_and_emoji_may_stand(text: str) -> None:
    new = NewPost.model_validate({"title": text, "excerpt": text})
    assert new.title == new.excerpt == text
    assert ProfileChanges.model_validate({"bio": text}).bio == text


def test_the_documented_pattern_accepts_what_the_validator_accepts() -> None:
    pattern = NewPost.model_json_schema()["properties"]["title"]["pattern"]
    accepted = []
    for code in (*range(0xD800), *range(0xE000, 0x30000), *range(0xE0000, 0xE1000)):
        with contextlib.suppress(ValidationError):
            accepted.append(NewPost.model_validate({"title": chr(code)}).title)
    assert [ascii(title) for title in accepted if not re.match(pattern, title)] == []
    assert all(re.match(pattern, title) for title in VISIBLE)
    refused = [*(text for text in INVISIBLE if text < "\U00010000"), *DECEPTIVE[:10]]
    assert [ascii(title) for title in refused if re.match(pattern, title)] == []


def test_values_at_the_limits_are_accepted() -> None:
    sent = {
        "title": "x" * 200,
        "body": "é" * (50 * 1024),
        "tags": [f"{i:040}" for i in range(10)],
        "slug": "-" * 120,
    }
    assert NewPost.model_validate(sent)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("https://a.example/b.png", "https://a.example/b.png"),
        ("HTTPS://A.Example", "https://a.example/"),
        ("https://bücher.example/ü?q=a b", "https://xn--bcher-kva.example/%C3%BC?q=a%20b"),
        ('https://a.example/"onload="x', "https://a.example/%22onload=%22x"),
        ("https://a.example/<script>", "https://a.example/%3Cscript%3E"),
    ],
)
def test_an_address_is_stored_as_the_url_standard_writes_it(sent: str, stored: str) -> None:
    new = NewPost.model_validate({"title": "T", "cover_image": sent, "canonical_url": sent})
    assert new.cover_image == new.canonical_url == stored


def test_a_time_with_an_offset_is_accepted() -> None:
    sent = {"title": "T", "status": "scheduled", "publish_at": "2030-01-31T09:30:00.1239+02:00"}
    publish_at = NewPost.model_validate(sent).publish_at
    assert publish_at is not None
    assert publish_at.isoformat() == "2030-01-31T07:30:00.123000+00:00"


def test_tabs_and_line_breaks_are_accepted() -> None:
    assert NewPost.model_validate({"title": "a\tb", "body": "a\r\nb\tc\u0085d"})


def test_a_patch_distinguishes_null_from_a_missing_field() -> None:
    assert PostChanges.model_validate({}).provided() == {}
    cleared = dict.fromkeys(["slug", "excerpt", "cover_image", "canonical_url"])
    changes = PostChanges.model_validate({"tags": None} | cleared)
    assert changes.provided() == {"tags": []} | cleared


@pytest.mark.parametrize("field", ["title", "body", "status", "publish_at", "comments"])
def test_null_in_a_patch_is_refused_where_it_has_no_meaning(field: str) -> None:
    assert faults(PostChanges, {field: None}) == [field]


@given(st.text(max_size=60))
def test_normalising_a_tag_twice_changes_nothing_more(tag: str) -> None:
    once = normalised_tag(tag)
    assert normalised_tag(once) == once
    assert unicodedata.is_normalized("NFC", once)
