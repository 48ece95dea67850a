"""The image types that users may upload, recognised by their first bytes."""

import re
from typing import Literal

ContentType = Literal["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"]

MAX_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 256  # enough of a file to recognise its type

# The patterns of the WHATWG's MIME Sniffing Standard §6.1. No SVG or HTML file matches one.
_SIGNATURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/webp": re.compile(rb"RIFF....WEBPVP", re.S),
    "image/gif": re.compile(rb"GIF8[79]a"),
}


def is_image(head: bytes, content_type: str) -> bool:
    """Return whether a file with these first bytes is an image of this type."""
    if content_type == "image/avif":
        return _is_avif(head)
    signature = _SIGNATURES.get(content_type)
    return signature is not None and signature.match(head) is not None


def _is_avif(head: bytes) -> bool:
    """Return whether the first box names the brand of AVIF images or of AVIF sequences.

    It may be the major brand or a compatible one (AV1 Image File Format §6; ISO/IEC 14496-12 §4.3).
    """
    if head[4:8] != b"ftyp":
        return False
    size, start = int.from_bytes(head[:4], "big"), 8
    if size == 1:  # the size follows in 64 bits
        size, start = int.from_bytes(head[8:16], "big"), 16
    box = head[:size]
    brands = {box[start : start + 4], *(box[n : n + 4] for n in range(start + 8, len(box), 4))}
    return not brands.isdisjoint((b"avif", b"avis"))
