"""The kinds of picture that people may upload, told by how they begin."""

import re
from typing import Literal

ContentType = Literal["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]

MAX_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 256  # of a file, enough to tell

# The patterns of the WHATWG's MIME Sniffing Standard §6.1. SVG and HTML begin otherwise.
_BEGINNINGS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBPVP", re.S),
    "image/gif": re.compile(rb"GIF8[79]a"),
}


def is_picture(head: bytes, content_type: str) -> bool:
    """Whether a file that begins so is a picture of this type."""
    if content_type == "image/avif":
        return _is_avif(head)
    beginning = _BEGINNINGS.get(content_type)
    return beginning is not None and beginning.match(head) is not None


def _is_avif(head: bytes) -> bool:
    """Whether the first box names AVIF's brand or that of its sequences, as what the file is or as
    what it can be read as (AV1 Image File Format §6; ISO/IEC 14496-12 §4.3)."""
    if head[4:8] != b"ftyp":
        return False
    box = head[: int.from_bytes(head[:4], "big")]
    brands = {box[8:12], *(box[n : n + 4] for n in range(16, len(box), 4))}
    return not brands.isdisjoint((b"avif", b"avis"))
