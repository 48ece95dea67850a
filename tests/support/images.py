"""Image files for tests, built byte by byte where Pillow does not write what a test needs."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
}
SPEED = {"image/avif": {"speed": 10}, "image/webp": {"method": 0}}
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

# What a camera and programs leave in a file. No output may contain any of it.
MARKERS = {
    "artist": b"Artist-Anna-Example",
    "gps": b"GPS-52.5163N-13.3777E",
    "thumbnail": b"Comment-of-the-thumbnail",
    "xmp": b"XMP-serial-0042",
    "comment": b"Comment-of-the-file",
    "profile": "Profile-of-Annas-screen".encode("utf-16-be"),
}


def encoded(image: Image.Image, content_type: str, **options: Any) -> bytes:
    """Return an image as a file of this type."""
    file = io.BytesIO()
    image.save(file, FORMATS[content_type], **{**SPEED.get(content_type, {}), **options})
    return file.getvalue()


def animated(images: Sequence[Image.Image], content_type: str, **options: Any) -> bytes:
    """Return images as one animation of this type."""
    return encoded(images[0], content_type, save_all=True, append_images=[*images[1:]], **options)


def decoded(data: bytes) -> Image.Image:
    """Return the first frame of a file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def photo(width: int = 64, height: int = 48) -> Image.Image:
    """Return an image with many colours and soft edges, like a photo."""
    across = Image.linear_gradient("L").resize((width, height))
    down = across.transpose(Image.Transpose.ROTATE_90).resize((width, height))
    round_ = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, round_))


# ---- PNG -----------------------------------------------------------------------------------------


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    size: tuple[int, int],
    depth: int,
    color_type: int,
    rows: Sequence[bytes],
    *chunks: tuple[bytes, bytes],
) -> bytes:
    """Return a PNG file of these packed rows, with chunks before the pixels."""
    header = struct.pack(">IIBBBBB", *size, depth, color_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    all_chunks = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in all_chunks)


# ---- GIF -----------------------------------------------------------------------------------------

GIF_FRAME = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"  # one pixel


def gif(size: tuple[int, int], frames: bytes = GIF_FRAME, extensions: bytes = b"") -> bytes:
    """Return a GIF file with a canvas of this size in black and white."""
    screen = struct.pack("<HH", *size) + b"\x80\0\0\0\0\0\xff\xff\xff"
    return b"GIF89a" + screen + extensions + frames + b";"


# ---- Metadata ------------------------------------------------------------------------------------


def _ifd(entries: dict[int, tuple[int, bytes | int]], offset: int, following: int) -> bytes:
    """Return an image file directory of TIFF at this offset, and its values."""
    head, values = struct.pack("<H", len(entries)), b""
    after = offset + 2 + 12 * len(entries) + 4
    for tag, (kind, value) in sorted(entries.items()):
        if isinstance(value, int):
            head += struct.pack("<HHII", tag, kind, 1, value)
        else:
            head += struct.pack("<HHII", tag, kind, len(value), after + len(values))
            values += value
    return head + struct.pack("<I", following) + values


def exif(orientation: int = 1) -> bytes:
    """Return EXIF data with an artist, a place, and a thumbnail that has a comment (EXIF 3.0)."""
    thumbnail = encoded(photo(16, 12), "image/jpeg", comment=MARKERS["thumbnail"])
    artist, place = MARKERS["artist"] + b"\0", b"ASCII\0\0\0" + MARKERS["gps"]

    def directories(gps: int, second: int, start: int) -> list[bytes]:
        return [
            _ifd({0x112: (3, orientation), 0x13B: (2, artist), 0x8825: (4, gps)}, 8, second),
            _ifd({0x1B: (7, place)}, gps, 0),
            _ifd({0x103: (3, 6), 0x201: (4, start), 0x202: (4, len(thumbnail))}, second, 0),
        ]

    first, of_gps, of_thumbnail = map(len, directories(0, 0, 0))
    gps, second = 8 + first, 8 + first + of_gps
    start = second + of_thumbnail
    body = b"".join(directories(gps, second, start))
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + body + thumbnail


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>' + MARKERS["xmp"] + b"</rdf:RDF></x:xmpmeta>"


def profile(changes: dict[bytes, bytes] | None = None) -> bytes:
    """Return an sRGB profile whose tags have other contents (ICC.1:2022 §7.3)."""
    data = bytearray(SRGB_PROFILE)
    (count,) = struct.unpack_from(">I", data, 128)
    for n in range(count):
        entry = 132 + 12 * n
        tag = bytes(data[entry : entry + 4])
        if tag in (changes or {}):
            content = (changes or {})[tag]
            struct.pack_into(">II", data, entry + 4, len(data), len(content))
            data += content + bytes(-len(content) % 4)
    struct.pack_into(">I", data, 0, len(data))
    return bytes(data)


def xyz(*values: float) -> bytes:
    """Return the content of a tag of type XYZ."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def marked_profile() -> bytes:
    text = MARKERS["profile"]
    name = b"mluc\0\0\0\0" + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(">II", len(text), 28)
    return profile({b"desc": name + text})


def with_metadata(content_type: str, orientation: int = 1) -> bytes:
    """Return a photo with all MARKERS that its type can hold."""
    image = photo()
    if content_type == "image/gif":
        xmp = b"!\xff\x0bXMP DataXMP" + XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0\0"
        data = encoded(image.quantize(16), content_type, comment=MARKERS["comment"])
        start = data.index(b"!\xfe")
        return data[:start] + xmp + data[start:]
    options: dict[str, Any] = {"exif": exif(orientation), "icc_profile": marked_profile()}
    if content_type == "image/png":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", MARKERS["comment"].decode())
        texts.add_text("Raw profile", MARKERS["artist"].decode(), zip=True)
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
        return encoded(image, content_type, pnginfo=texts, **options)
    options["xmp"] = XMP
    if content_type == "image/jpeg":
        options["comment"] = MARKERS["comment"]
    return encoded(image, content_type, **options)


def webp_chunks(data: bytes) -> Iterator[bytes]:
    """Yield the names of the chunks of a WebP file, which must fill it (RFC 9649 §2.3)."""
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WEBP"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    position = 12
    while position < len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        yield name
        position += 8 + size + size % 2
    assert position == len(data)
