"""Files that attack what decodes images: bombs, damaged and false files, and mutations."""

import random
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from blog.media import reasons
from tests.support.images import (
    FORMATS,
    GIF_FRAME,
    animated,
    encoded,
    exif,
    gif,
    photo,
    png,
    png_chunk,
    with_metadata,
)

PNG, JPEG, WEBP, GIF, AVIF = FORMATS


class Hostile(NamedTuple):
    """A file, its announced type, and why it is refused. An empty reason: it is accepted."""

    data: bytes
    content_type: str
    reason: str


def _header_png(width: int, height: int) -> bytes:
    """Return a PNG file that claims a size and has hardly any pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunks + png_chunk(b"IEND", b"")


def _jpeg_of_size(width: int, height: int) -> bytes:
    """Return a JPEG file that claims another size."""
    data = bytearray(encoded(photo(), JPEG))
    frame = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, frame + 5, height, width)
    return bytes(data)


def _webp_canvas(width: int, height: int) -> bytes:
    """Return an animated WebP file that claims a canvas."""
    data = bytearray(animated([photo(), photo().rotate(90)], WEBP))
    data[24:27] = (width - 1).to_bytes(3, "little")
    data[27:30] = (height - 1).to_bytes(3, "little")
    return bytes(data)


def _avif_of_size(width: int, height: int) -> bytes:
    """Return an AVIF file that claims another size in its `ispe` boxes."""
    data = bytearray(encoded(photo(), AVIF))
    start = data.index(b"ispe") + 8
    struct.pack_into(">II", data, start, width, height)
    return bytes(data)


def _bomb_png(name: bytes, prefix: bytes) -> bytes:
    """Return a PNG file with a chunk that decompresses to 20 MB."""
    packer = zlib.compressobj(9)
    content = b"".join(packer.compress(bytes(10**6)) for _ in range(20)) + packer.flush()
    return png((8, 8), 8, 0, [bytes(8)] * 8, (name, prefix + content))


def _apng(frames: int) -> bytes:
    """Return an APNG file that claims a number of frames and has one."""
    control = struct.pack(">II", frames, 0)
    frame = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    return png((8, 8), 8, 0, [bytes(8)] * 8, (b"acTL", control), (b"fcTL", frame))


def _many_scans() -> bytes:
    """Return a progressive JPEG file that repeats a scan a thousand times."""
    data = encoded(photo(), JPEG, progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * 1000 + data[-2:]


def hostile_images() -> dict[str, Hostile]:
    """Return hostile files by their names."""
    damaged, many = reasons.DAMAGED, reasons.TOO_MANY_PIXELS
    whole = {content_type: with_metadata(content_type) for content_type in FORMATS}
    files = {
        "PNG of 50,000 x 50,000": (_header_png(50_000, 50_000), PNG, many),
        "PNG of 2^31 x 2^31": (_header_png(2**31 - 1, 2**31 - 1), PNG, many),
        "PNG a pixel over 50 megapixels": (_header_png(50_000_001, 1), PNG, many),
        "PNG of 49 megapixels without pixels": (_header_png(7_000, 7_000), PNG, damaged),
        "PNG of width 0": (_header_png(0, 10), PNG, damaged),
        "PNG of 0 x 0": (_header_png(0, 0), PNG, damaged),
        "PNG of 8 bytes": (b"\x89PNG\r\n\x1a\n", PNG, damaged),
        "PNG with a text of 20 MB": (_bomb_png(b"zTXt", b"a\0\0"), PNG, damaged),
        "PNG with a compressed XMP of 20 MB": (
            _bomb_png(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"), PNG, damaged,
        ),
        "PNG with a profile of 20 MB": (_bomb_png(b"iCCP", b"a\0\0"), PNG, damaged),
        "PNG with a wrong checksum": (
            whole[PNG][:29] + b"\0\0\0\0" + whole[PNG][33:], PNG, damaged,
        ),
        "PNG of an unknown depth": (png((8, 8), 3, 0, [bytes(8)] * 8), PNG, damaged),
        "APNG of 2^31 frames": (_apng(2**31), PNG, ""),
        "APNG with fewer frames than it says": (_apng(5), PNG, damaged),
        "APNG of no frames": (_apng(0), PNG, ""),
        "JPEG of 65,500 x 65,500": (_jpeg_of_size(65_500, 65_500), JPEG, many),
        "JPEG of 7,000 x 7,000 with few pixels": (_jpeg_of_size(7_000, 7_000), JPEG, ""),
        "JPEG of 0 x 0": (_jpeg_of_size(0, 0), JPEG, damaged),
        "JPEG of 3 bytes": (b"\xff\xd8\xff", JPEG, damaged),
        "JPEG without an image": (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9), JPEG, damaged),
        "JPEG of endless padding": (b"\xff\xd8\xff" + b"\xff" * 100_000, JPEG, damaged),
        "JPEG with a thousand scans": (_many_scans(), JPEG, ""),
        "JPEG with broken EXIF": (
            whole[JPEG].replace(b"II*\0", b"II*\xff"), JPEG, "",
        ),
        "WebP of 16,383 x 16,383": (_webp_canvas(16_383, 16_383), WEBP, many),
        "WebP of 2^24 x 2^24": (_webp_canvas(2**24, 2**24), WEBP, many),
        "WebP of 12 bytes": (b"RIFF\4\0\0\0WEBPVP8 ", WEBP, damaged),
        "WebP of unknown chunks": (b"RIFF\x16\0\0\0WEBPVP8?" + bytes(10), WEBP, damaged),
        "GIF with a canvas of 65,535 x 65,535": (gif((65_535, 65_535)), GIF, many),
        "GIF whose frame exceeds 50 megapixels": (
            gif((1, 1), b",\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0"), GIF, many,
        ),
        "GIF of 0 x 0": (gif((0, 0), b",\0\0\0\0\0\0\0\0\0\2\2D\1\0"), GIF, damaged),
        "GIF without frames": (gif((8, 8), b""), GIF, damaged),
        "GIF of a script": (b"GIF89a<script>alert(1)</script>", GIF, damaged),
        "GIF of a program": (b"GIF89a=1;alert(document.domain)//" + bytes(50), GIF, damaged),
        "GIF of 400,000 frames": (gif((4, 4), GIF_FRAME * 400_000), GIF, ""),
        "GIF of 1,000 frames": (gif((1, 1), GIF_FRAME * 1_000), GIF, ""),
        "GIF of endless comments": (
            gif((8, 8), GIF_FRAME, b"!\xfe" + b"\xff" * 256 * 4_000 + b"\0"), GIF, "",
        ),
        "AVIF of 65,535 x 65,535": (_avif_of_size(65_535, 65_535), AVIF, damaged),
        "AVIF of 16,000 x 16,000": (_avif_of_size(16_000, 16_000), AVIF, many),
        "AVIF of 0 x 0": (_avif_of_size(0, 0), AVIF, damaged),
        "AVIF of its first box": (whole[AVIF][:32], AVIF, damaged),
        "empty": (b"", PNG, reasons.EMPTY),
        "a byte": (b"\0", PNG, reasons.UNKNOWN),
        "HTML": (b"<!doctype html><script>alert(1)</script>", PNG, reasons.UNKNOWN),
        "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", WEBP, reasons.UNKNOWN),
        "TIFF": (b"II*\0\x08\0\0\0" + bytes(100), JPEG, reasons.UNKNOWN),
        "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", GIF, reasons.UNKNOWN),
        "BMP": (encoded_bmp(), GIF, reasons.UNKNOWN),
        "a film": (b"\0\0\0\x1cftypisom\0\0\2\0isomiso2mp41", AVIF, reasons.UNKNOWN),
        "HTML after a GIF": (gif((8, 8)) + b"<html onload=alert(1)>", GIF, ""),
        "a zip after a JPEG": (whole[JPEG] + b"PK\3\4" + bytes(500), JPEG, ""),
        "GIF that was announced as PNG": (
            whole[GIF], PNG, reasons.OTHER_TYPE.format(found="GIF", announced="PNG"),
        ),
        "AVIF that was announced as JPEG": (
            whole[AVIF], JPEG, reasons.OTHER_TYPE.format(found="AVIF", announced="JPEG"),
        ),
    }  # fmt: skip
    for content_type, data in whole.items():
        # A cut in the pixels. The end of a PNG or a GIF file after its pixels is not needed.
        for share in (0.3, 0.6, 0.85):
            name = f"{FORMATS[content_type]}, {share:.0%} of it"
            files[name] = (data[: int(len(data) * share)], content_type, damaged)
    return {name: Hostile(*file) for name, file in files.items()}


def encoded_bmp() -> bytes:
    """Return a file of a type that Pillow reads and the blog does not accept."""
    return b"BM" + struct.pack("<IIIIIIHHI", 58, 0, 54, 40, 1, 1, 1, 24, 0) + bytes(24)


# ---- Mutations -----------------------------------------------------------------------------------

INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def seeds() -> list[tuple[str, bytes]]:
    """Return small images of all types and kinds, as type and content."""
    small, frames = photo(24, 16), [photo(24, 16).rotate(angle) for angle in (0, 60, 120)]
    images = [(content_type, with_metadata(content_type)) for content_type in FORMATS]
    images += [(one, animated(frames, one, duration=50)) for one in (PNG, WEBP, GIF, AVIF)]
    images += [
        (PNG, encoded(small.quantize(8), PNG, transparency=3)),
        (PNG, encoded(Image.new("I;16", (9, 9), 999), PNG, transparency=999)),
        (PNG, encoded(Image.new("LA", (9, 9), (9, 9)), PNG)),
        (PNG, encoded(Image.new("1", (9, 9)), PNG)),
        (JPEG, encoded(small, JPEG, progressive=True, exif=exif(6))),
        (JPEG, encoded(small.convert("CMYK"), JPEG)),
        (JPEG, encoded(small.convert("L"), JPEG, restart_marker_blocks=1)),
        (WEBP, encoded(small, WEBP, lossless=True)),
        (WEBP, encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), WEBP)),
        (GIF, encoded(small.quantize(4), GIF, interlace=1, transparency=1)),
        (AVIF, encoded(Image.new("RGBA", (9, 9), (1, 2, 3, 4)), AVIF)),
    ]
    return images


def mutated(data: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """Return a file with some bytes changed, moved, removed or added."""
    content = bytearray(data)
    mutations: list[Callable[[], None]] = [
        lambda: _flip(content, chance),
        lambda: _overwrite(content, chance),
        lambda: _move(content, chance),
        lambda: _splice(content, chance.choice(others), chance),
        lambda: content.__delitem__(slice(chance.randrange(8, len(content) + 8), None)),
    ]
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if len(content) > 16:
            chance.choices(mutations, weights=(6, 4, 2, 2, 1))[0]()
    if content.startswith(b"\x89PNG") and chance.random() < 0.9:
        return _with_checksums(bytes(content))
    return bytes(content)


def _flip(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(4, len(content))] ^= 1 << chance.randrange(8)


def _overwrite(content: bytearray, chance: random.Random) -> None:
    size, order = chance.choice((1, 2, 4)), chance.choice((">", "<"))
    value = chance.choice(INTERESTING) & (256**size - 1)
    position = chance.randrange(4, len(content) - 4)
    struct.pack_into(order + {1: "B", 2: "H", 4: "I"}[size], content, position, value)


def _move(content: bytearray, chance: random.Random) -> None:
    start, target = (chance.randrange(4, len(content)) for _ in range(2))
    content[target:target] = content[start : start + chance.randrange(1, 64)]


def _splice(content: bytearray, other: bytes, chance: random.Random) -> None:
    start, target = chance.randrange(len(other)), chance.randrange(4, len(content))
    part = other[start : start + chance.randrange(1, 256)]
    content[target : target + chance.choice((0, len(part)))] = part


def _with_checksums(data: bytes) -> bytes:
    """Return a PNG file with right checksums, so that its chunks are read at all."""
    result, position = data[:8], 8
    while position + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, position)
        if position + 12 + size > len(data):
            break
        name = data[position + 4 : position + 8]
        result += png_chunk(name, data[position + 8 : position + 8 + size])
        position += 12 + size
    return result + data[position:]
