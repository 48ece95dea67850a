"""Texts as the table keeps them: compressed or plain, and never longer than their bound."""

import zlib
from hashlib import sha256

import pytest

from blog.posts import stored_text
from blog.posts.stored_text import ATTRIBUTE, MAX_BYTES, TextForm

TEXTS = [
    {"body": "", "body_html": ""},
    {"body": "*word*", "body_html": "<p><em>word</em></p>\n"},
    {"body": "日本語 \U0001f600 e\u0301", "body_html": "<p>ก</p>"},
    {"body": "a\x00b" * 9, "body_html": "x" * 300_000},
]


@pytest.mark.parametrize("form", ["compressed", "plain"])
@pytest.mark.parametrize("texts", TEXTS)
def test_texts_are_read_as_they_were_stored(texts: dict[str, str], form: TextForm) -> None:
    item = {"id": "1", **stored_text.stored(texts, form)}
    assert stored_text.read(item, *texts) == (texts, form)


def test_the_html_of_a_text_needs_little_more_space() -> None:
    body = "\n\n".join(f"*Digest* {sha256(bytes([n])).hexdigest()}" for n in range(100))
    html = "".join(f"<p>{line}</p>\n" for line in body.split("\n\n"))
    both = stored_text.stored({"body": body, "body_html": html}, "compressed")[ATTRIBUTE]
    alone = stored_text.stored({"body": body}, "compressed")[ATTRIBUTE]
    assert len(both) < 1.2 * len(alone) < 0.8 * len(body)


def damaged() -> dict[str, bytes]:
    whole = stored_text.stored({"body": "word " * 100}, "compressed")[ATTRIBUTE]
    return {
        "no zlib": b"not compressed",
        "nothing": b"",
        "cut": whole[:-5],
        "changed": whole[:-1] + b"!",
        "too long": zlib.compress(b" " * (MAX_BYTES + 1)),
        "a bomb": zlib.compress(b" " * 40_000_000),
        "no text": zlib.compress(b"\x00\x00\x00\x02\xc3\x28"),
    }


@pytest.mark.parametrize("data", damaged().values(), ids=damaged())
def test_a_damaged_text_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"stored text|decode"):
        stored_text.read({ATTRIBUTE: data}, "body")


def test_the_number_of_texts_must_fit() -> None:
    item = stored_text.stored({"body": "a", "body_html": "b"}, "compressed")
    with pytest.raises(ValueError, match="zip"):
        stored_text.read(item, "body")
