"""Image types: an image begins with the bytes of the type that was announced."""

import pytest

from blog.media.image_types import HEAD_BYTES, is_image

AVIF = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1A"
HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "image/jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "image/webp": b"RIFF\n\n\n\nWEBPVP8 ",
    "image/gif": b"GIF89a\1\0\1\0",
    "image/avif": AVIF,
}
OTHERS = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg after a declaration": b'<?xml version="1.0"?><svg/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "a png's name in html": b"<html>\x89PNG\r\n\x1a\n",
    "a cut signature": b"\x89PNG\r\n",
    "a sound": b"RIFF\0\0\0\0WAVEfmt ",
    "a film": b"\0\0\0\x1cftypisom\0\0\2\0isomiso2mp41",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "a brand after the box": b"\0\0\0\x14ftypisom\0\0\0\0mp41avif",
    "nothing": b"",
    "pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("content_type", HEADS)
def test_an_image_is_recognised_as_its_own_type_only(content_type: str) -> None:
    passing = [name for name, head in HEADS.items() if is_image(head, content_type)]
    assert passing == [content_type]


@pytest.mark.parametrize("name", OTHERS)
def test_other_content_is_no_image_of_any_type(name: str) -> None:
    assert not any(is_image(OTHERS[name], content_type) for content_type in HEADS)


@pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "image/bmp", ""])
def test_other_image_types_are_unknown(content_type: str) -> None:
    assert not any(is_image(head, content_type) for head in HEADS.values())


def test_avif_may_be_named_as_a_compatible_brand() -> None:
    assert is_image(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "image/avif")
    assert is_image(b"\0\0\0\x18ftypavis\0\0\0\0msf1avis", "image/avif")


def test_enough_bytes_are_read_to_recognise_each_type() -> None:
    brands = b"".join(b"%04d" % n for n in range(50))
    box = b"ftypmif1\0\0\0\0" + brands + b"avif"
    head = (len(box) + 4).to_bytes(4, "big") + box
    assert is_image(head[:HEAD_BYTES], "image/avif")


def with_64_bits(box: bytes, size: int | None = None) -> bytes:
    """Return a box with its size in 64 bits, after the type (ISO/IEC 14496-12 §4.2)."""
    size = len(box) + 8 if size is None else size
    return b"\0\0\0\1ftyp" + size.to_bytes(8, "big") + box[8:]


@pytest.mark.parametrize(
    "brands",
    [
        b"avif\0\0\0\0",
        b"avis\0\0\0\0msf1",
        b"mif1\0\0\0\0avif",
        b"mif1\0\0\0\0mif1miafavif",
        b"msf1\0\0\0\0miafavis",
    ],
)
def test_the_box_of_avif_may_have_a_size_of_64_bits(brands: bytes) -> None:
    box = (len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands
    assert is_image(box, "image/avif")
    assert is_image(with_64_bits(box), "image/avif")
    assert is_image(with_64_bits(box) + b"the next box", "image/avif")


@pytest.mark.parametrize(
    "head",
    [
        with_64_bits(b"\0\0\0\x14ftypisom\0\0\0\0mp41") + b"avif",  # after the box
        with_64_bits(AVIF, size=0),
        with_64_bits(AVIF, size=16),  # before the first brand
        b"\0\0\0\1ftypavif\0\0\0\0isom\0\0\0\0",  # in the place of the size
        b"\0\0\0\1ftyp\0\0\0\0",
    ],
)
def test_a_64_bit_size_does_not_make_other_content_avif(head: bytes) -> None:
    assert not any(is_image(head, content_type) for content_type in HEADS)
