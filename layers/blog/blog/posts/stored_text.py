"""The texts of posts and revisions as they are stored: compressed in one attribute, or plain.

All code reads both forms. Which one is written is a setting, so that a canary and a roll-back find
only what they can read. The compressed form is zlib's (RFC 1950), and contains for each text its
number of bytes, as four bytes, and the text in UTF-8. Body and HTML repeat each other, so together
they need little more space than one of them.
"""

import zlib
from functools import lru_cache
from typing import Any, Literal

TextForm = Literal["plain", "compressed"]

ATTRIBUTE = "texts"  # of a compressed form; `text` is a reserved word
MAX_BYTES = 1024 * 1024  # of all texts of an item, uncompressed
_LENGTH = 4


def stored(texts: dict[str, str], form: TextForm) -> dict[str, Any]:
    """Return the attributes that store these texts."""
    return {**texts} if form == "plain" else {ATTRIBUTE: _compressed(*texts.values())}


def read(item: dict[str, Any], *names: str) -> tuple[dict[str, str], TextForm]:
    """Return the texts of an item by these names, which are in the order of `stored`, and the form.

    A plain item may lack texts. Raises ValueError for a compressed form that is damaged, or longer
    than MAX_BYTES.
    """
    if ATTRIBUTE not in item:
        return {name: item[name] for name in names if name in item}, "plain"
    texts = _uncompressed(item[ATTRIBUTE])
    return dict(zip(names, texts, strict=True)), "compressed"


@lru_cache(maxsize=4)  # one write computes the items of a post before and after more than once
def _compressed(*texts: str) -> bytes:
    encoded = [text.encode() for text in texts]
    return zlib.compress(b"".join(len(one).to_bytes(_LENGTH) + one for one in encoded))


def _uncompressed(data: bytes) -> list[str]:
    decompressor = zlib.decompressobj()
    try:
        rest = decompressor.decompress(data, MAX_BYTES + 1)
    except zlib.error as e:
        raise ValueError("a stored text is damaged") from e
    if not decompressor.eof or len(rest) > MAX_BYTES:
        raise ValueError("a stored text is cut, or too long")
    texts = []
    while rest:
        end = _LENGTH + int.from_bytes(rest[:_LENGTH])
        texts.append(rest[_LENGTH:end].decode())
        rest = rest[end:]
    return texts
