"""Texts in twelve scripts, with the HTML, the excerpt and the reading time that readers expect."""

import json
from collections import Counter
from itertools import count
from typing import Any

import pytest

from blog.posts.rendering import rendered
from tests.support.samples import ROOT

SCRIPTS = {
    "latin",
    "greek",
    "cyrillic",
    "arabic",
    "hebrew",
    "devanagari",
    "bengali",
    "thai",
    "han",
    "japanese",
    "hangul",
    "ethiopic",
}
TEXTS = json.loads((ROOT / "tests" / "corpus" / "scripts.json").read_text(encoding="utf-8"))


def numbered(texts: list[dict[str, Any]]) -> list[Any]:
    """Give each text an id: its script, and its number within the script from 1."""
    numbers = {script: count(1) for script in SCRIPTS}
    return [
        pytest.param(text, id=f"{text['script']}-{next(numbers[text['script']])}") for text in texts
    ]


@pytest.mark.parametrize("text", numbered(TEXTS))
def test_a_text_is_rendered_as_its_readers_expect(text: dict[str, Any]) -> None:
    content = rendered(text["markdown"])
    assert content.html == text["html"]
    assert content.excerpt == text["excerpt"]
    assert content.reading_minutes == text["minutes"]


def test_the_corpus_has_ten_texts_in_each_of_twelve_scripts() -> None:
    texts = Counter(text["script"] for text in TEXTS)
    assert texts.keys() == SCRIPTS
    assert len(SCRIPTS) == 12
    assert min(texts.values()) >= 10
    assert texts.total() >= 120
    assert len({text["markdown"] for text in TEXTS}) == len(TEXTS)
