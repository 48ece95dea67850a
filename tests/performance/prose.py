"""Prose for benchmarks: Markdown in which no sentence repeats, and which compresses like prose.

Its words are those of docs/, drawn at random by their frequency. 1,500 words of docs/ compress to
45 % of their size, and 1,500 of these to 44 %.
"""

import re
from collections import Counter
from functools import cache
from random import Random

from tests.support.samples import ROOT

PARAGRAPH, SENTENCES = 70, range(8, 21)  # words


def prose(words: int, seed: int) -> str:
    """Return Markdown of this many words, with headings, emphasis, code and links."""
    random = Random(seed)
    parts: list[str] = []
    left = words
    while left > 0:
        length = min(PARAGRAPH, left)
        left -= length
        parts += [f"## {_sentence(random, 4)[:-1]}"] if len(parts) % 5 == 0 else []
        parts.append(_paragraph(random, length))
    return "\n\n".join(parts)


def _paragraph(random: Random, words: int) -> str:
    sentences = []
    while words > 0:
        length = min(words, random.choice(SENTENCES))
        words -= length
        sentences.append(_sentence(random, length))
    address = "/".join(_drawn(random, 2))
    link, code, emphasis = _drawn(random, 3)
    return f"{' '.join(sentences)} *{emphasis}* `{code}` [{link}](https://example.com/{address})"


def _sentence(random: Random, words: int) -> str:
    return " ".join(_drawn(random, words)).capitalize() + "."


def _drawn(random: Random, count: int) -> list[str]:
    words = _words()
    return random.choices([*words], weights=[*words.values()], k=count)


@cache
def _words() -> Counter[str]:
    texts = (path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    paragraphs = (one for text in texts for one in text.split("\n\n") if one[:1] not in "#|` -<")
    return Counter(word for one in paragraphs for word in re.findall(r"[a-z][a-z']+", one.lower()))
