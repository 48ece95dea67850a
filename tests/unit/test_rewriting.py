"""Rewritten images are upright, in sRGB and in all widths, and keep nothing but pixels."""

import io
import itertools
import struct
from collections.abc import Sequence

import pytest
from PIL import Image, ImageCms

from blog.media import reasons, rewriting
from blog.media.image_types import MAX_BYTES
from blog.media.rewriting import Images, Refusal, rewrite
from tests.support.images import (
    FORMATS,
    GIF_FRAME,
    MARKERS,
    SRGB_PROFILE,
    animated,
    decoded,
    encoded,
    exif,
    gif,
    photo,
    png,
    profile,
    webp_chunks,
    with_metadata,
    xyz,
)

Color = tuple[int, ...]
PNG, JPEG, WEBP, GIF, AVIF = FORMATS
RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 30), (30, 30, 200), (255, 255, 255)


def largest(images: Images) -> Image.Image:
    """Return the largest form, decoded."""
    return decoded(images.files[images.size[0]])


def pixel(image: Image.Image, x: int, y: int, mode: str = "RGB") -> Color:
    found = image.convert(mode).getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def assert_like(found: Sequence[float], expected: Sequence[float], tolerance: int = 10) -> None:
    pairs = zip(found, expected, strict=True)
    assert all(abs(one - other) <= tolerance for one, other in pairs), (found, expected)


def middle(upload: bytes, content_type: str = PNG) -> Color:
    """Return the colour in the middle of a rewritten upload."""
    image = largest(rewrite(upload, content_type))
    return pixel(image, image.width // 2, image.height // 2)


# ---- Metadata ------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", FORMATS)
def test_no_metadata_of_the_upload_is_in_any_output(content_type: str) -> None:
    upload = with_metadata(content_type)
    present = [marker for marker in MARKERS.values() if marker in upload]
    assert len(present) >= (2 if content_type == GIF else 3)
    for data in rewrite(upload, content_type).files.values():
        assert not [marker for marker in MARKERS.values() if marker in data]
        assert {*webp_chunks(data)} <= {b"VP8 ", b"VP8L"}
        assert not {"exif", "xmp", "icc_profile", "comment"} & decoded(data).info.keys()


@pytest.mark.parametrize("content_type", [PNG, WEBP, GIF])
def test_no_metadata_is_in_an_animation(content_type: str) -> None:
    frames = [photo().rotate(angle) for angle in (0, 90, 180)]
    options = {"comment": MARKERS["comment"], "exif": exif(), "icc_profile": SRGB_PROFILE}
    upload = animated(frames, content_type, **options)
    for data in rewrite(upload, content_type).files.values():
        assert not [marker for marker in MARKERS.values() if marker in data]
        assert {*webp_chunks(data)} == {b"VP8X", b"ANIM", b"ANMF"}
        assert decoded(data).info.keys() <= {
            "loop", "background", "duration", "timestamp",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("content_type", "trailing"),
    [
        (GIF, b"<script>alert(1)</script>"),
        (JPEG, b"PK\3\4a.zip of everything"),
        (PNG, b"<html><body onload=alert(1)>"),
        (WEBP, b"%PDF-1.7 and more"),
        (JPEG, b"#!/bin/sh\nrm -rf /"),
    ],
)
def test_nothing_that_follows_the_image_is_in_the_output(
    content_type: str, trailing: bytes
) -> None:
    upload = encoded(photo(), content_type) + trailing
    for data in rewrite(upload, content_type).files.values():
        assert trailing not in data
        assert {*webp_chunks(data)} <= {b"VP8 ", b"VP8L"}


def test_the_colours_of_transparent_pixels_are_not_kept() -> None:
    secret = photo(48, 48)
    secret.putalpha(Image.new("L", (48, 48), 0))
    image = largest(rewrite(encoded(secret, PNG), PNG))
    assert image.convert("RGBA").getchannel("A").getextrema() == (0, 0)
    assert len(image.convert("RGBA").convert("RGB").getcolors(48 * 48) or []) < 10


# ---- Orientation ---------------------------------------------------------------------------------

# What row 0 and column 0 of the stored image show (EXIF 3.0 §4.6.5.1.6).
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def quarters(width: int = 64, height: int = 32) -> Image.Image:
    """Return an image with a colour in each corner."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def stored(upright: Image.Image, orientation: int) -> Image.Image:
    """Return an image as a camera with this orientation stores it."""
    row, column = SIDES[orientation]
    width, height = upright.size
    image = Image.new("RGB", (width, height) if orientation < 5 else (height, width))
    for x, y in itertools.product(range(width), range(height)):
        distance = {"left": x, "right": width - 1 - x, "top": y, "bottom": height - 1 - y}
        image.putpixel((distance[column], distance[row]), pixel(upright, x, y))
    return image


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("content_type", [PNG, JPEG, WEBP, AVIF])
def test_an_image_is_turned_upright(content_type: str, orientation: int) -> None:
    image = stored(quarters(), orientation)
    images = rewrite(encoded(image, content_type, exif=exif(orientation)), content_type)
    assert images.size == (64, 32)
    found = largest(images)
    assert found.size == (64, 32)
    for (x, y), color in zip(
        [(12, 8), (52, 8), (12, 24), (52, 24)], (RED, GREEN, BLUE, WHITE), strict=True
    ):
        assert_like(pixel(found, x, y), color, 30)


def test_a_large_photo_is_scaled_after_it_is_turned() -> None:
    image = quarters(6000, 400)
    turned = image.transpose(Image.Transpose.ROTATE_90)
    images = rewrite(encoded(turned, JPEG, exif=exif(6)), JPEG)
    assert images.size == (2400, 160)
    assert_like(pixel(largest(images), 300, 40), RED)
    assert_like(pixel(largest(images), 300, 120), BLUE)


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_an_unknown_orientation_is_ignored(value: int) -> None:
    assert rewrite(encoded(quarters(), JPEG, exif=exif(value)), JPEG).size == (64, 32)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1\x12" * 40,
        exif(6)[:14],
    ],
)
def test_damaged_exif_data_is_ignored(data: bytes) -> None:
    upload = encoded(quarters(), JPEG)
    segment = b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
    assert rewrite(upload[:2] + segment + upload[2:], JPEG).size == (64, 32)


# ---- Colours -------------------------------------------------------------------------------------

# The primaries of Display P3, adapted to D50, as its profiles have them.
DISPLAY_P3 = profile(
    {
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
    }
)
# The primaries of sRGB, red and blue exchanged.
EXCHANGED = profile({b"rXYZ": xyz(0.1431, 0.0606, 0.7141), b"bXYZ": xyz(0.4360, 0.2225, 0.0139)})
P3_TO_SRGB = (
    (1.22494, -0.22494, 0.0),
    (-0.04206, 1.04206, 0.0),
    (-0.01964, -0.07864, 1.09827),
)


def srgb_of_p3(color: Color) -> list[float]:
    """Return the sRGB colour of one in Display P3 (CSS Color 4 §10)."""
    parts = [value / 255 for value in color]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    result = []
    for row in P3_TO_SRGB:
        mixed = sum(factor * c for factor, c in zip(row, linear, strict=True))
        c = min(1.0, max(0.0, mixed))
        result.append(255 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055))
    return result


@pytest.mark.parametrize("content_type", [PNG, JPEG, WEBP, AVIF])
@pytest.mark.parametrize(
    "color", [(200, 100, 50), (60, 170, 90), (90, 80, 200), (128, 128, 128), (250, 200, 180)]
)
def test_display_p3_becomes_srgb(content_type: str, color: Color) -> None:
    image = Image.new("RGB", (32, 32), color)
    upload = encoded(image, content_type, icc_profile=DISPLAY_P3, quality=100)
    assert_like(middle(upload, content_type), srgb_of_p3(color), 8)


@pytest.mark.parametrize("content_type", [PNG, JPEG, WEBP, AVIF])
def test_a_profile_with_exchanged_colours_exchanges_them(content_type: str) -> None:
    image = Image.new("RGB", (32, 32), (210, 40, 40))
    assert_like(middle(encoded(image, content_type), content_type), (210, 40, 40))
    upload = encoded(image, content_type, icc_profile=EXCHANGED, quality=100)
    assert_like(middle(upload, content_type), (40, 40, 210), 12)


def test_a_profile_applies_to_palettes_and_below_transparency() -> None:
    image = Image.new("RGBA", (32, 32), (210, 40, 40, 128))
    found = largest(rewrite(encoded(image, PNG, icc_profile=EXCHANGED), PNG))
    assert_like(pixel(found, 16, 16, "RGBA"), (40, 40, 210, 128))
    palette = Image.new("RGB", (32, 32), (210, 40, 40)).quantize(4)
    assert_like(middle(encoded(palette, PNG, icc_profile=EXCHANGED)), (40, 40, 210))


@pytest.mark.parametrize(
    "broken",
    [
        b"\0",
        b"no profile at all" * 20,
        SRGB_PROFILE[:200],
        SRGB_PROFILE[:128] + b"\xff" * 500,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    ],
)
def test_a_broken_profile_is_ignored(broken: bytes) -> None:
    for content_type in (PNG, JPEG, WEBP):
        image = Image.new("RGB", (32, 32), (210, 40, 40))
        upload = encoded(image, content_type, icc_profile=broken)
        assert_like(middle(upload, content_type), (210, 40, 40))


def test_a_profile_for_other_channels_is_ignored() -> None:
    for mode, color in (("L", 90), ("LA", (90, 255)), ("CMYK", (0, 0, 0, 165))):
        content_type = JPEG if mode == "CMYK" else PNG
        image = Image.new(mode, (32, 32), color)
        upload = encoded(image, content_type, icc_profile=EXCHANGED)
        assert_like(middle(upload, content_type), (90, 90, 90))


def test_cmyk_has_the_right_colours() -> None:
    for color in (RED, GREEN, BLUE, WHITE, (0, 0, 0)):
        upload = encoded(Image.new("RGB", (32, 32), color).convert("CMYK"), JPEG, quality=95)
        assert_like(middle(upload, JPEG), color, 12)


def test_ycck_has_the_right_colours() -> None:
    for color in (RED, GREEN, BLUE, WHITE, (0, 0, 0)):
        # The file stores YCbCr of the inverted colour, and Pillow inverts all channels of CMYK.
        inverted = tuple(255 - value for value in color)
        luma = Image.new("RGB", (32, 32), inverted).convert("YCbCr").getpixel((0, 0))
        assert isinstance(luma, tuple)
        channels = (*(255 - int(value) for value in luma), 0)
        upload = encoded(Image.new("CMYK", (32, 32), channels), JPEG, quality=95)
        adobe = upload.index(b"Adobe")
        assert upload[adobe + 11] == 0  # the transform: none
        upload = upload[: adobe + 11] + b"\2" + upload[adobe + 12 :]
        assert_like(middle(upload, JPEG), color, 12)


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("1", 1, WHITE),
        ("1", 0, (0, 0, 0)),
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 255), (77, 77, 77)),
        ("I;16", 77 * 256 + 3, (77, 77, 77)),
        ("I;16", 65535, WHITE),
        ("RGB", RED, RED),
        ("RGBA", (*RED, 255), RED),
    ],
)
def test_every_mode_of_png_has_the_right_colours(
    mode: str, color: Color | int, expected: Color
) -> None:
    assert_like(middle(encoded(Image.new(mode, (32, 32), color), PNG)), expected, 4)


@pytest.mark.parametrize("size", [(32, 16), (640, 320)])
@pytest.mark.parametrize(
    ("depth", "color_type", "pixels", "chunks"),
    [
        (1, 0, (b"\x00", b"\xff"), [(b"tRNS", b"\0\0")]),
        (2, 0, (b"\x55", b"\xff"), [(b"tRNS", b"\0\1")]),
        (4, 0, (b"\x33", b"\xff"), [(b"tRNS", b"\0\3")]),
        (8, 0, (b"\x40", b"\xff"), [(b"tRNS", b"\0\x40")]),
        (16, 0, (b"\x40\x41", b"\xff\xff"), [(b"tRNS", b"\x40\x41")]),
        (8, 2, (b"\1\2\3", b"\xff\xff\xff"), [(b"tRNS", b"\0\1\0\2\0\3")]),
        (16, 2, (b"\1\2\3\4\5\6", b"\xff" * 6), [(b"tRNS", b"\1\2\3\4\5\6")]),
        (8, 3, (b"\0", b"\1"), [(b"PLTE", b"\1\2\3\xff\xff\xff"), (b"tRNS", b"\0")]),
        (8, 4, (b"\x40\0", b"\xff\xff"), []),
        (16, 4, (b"\x40\x41\0\0", b"\xff\xff\xff\xff"), []),
        (8, 6, (b"\1\2\3\0", b"\xff\xff\xff\xff"), []),
        (16, 6, (b"\1\2\3\4\5\6\0\0", b"\xff" * 8), []),
    ],
)
def test_every_kind_of_transparency_of_png_stays(
    size: tuple[int, int],
    depth: int,
    color_type: int,
    pixels: tuple[bytes, bytes],
    chunks: list[tuple[bytes, bytes]],
) -> None:
    width, height = size
    clear, white = pixels
    half = width // 2 if depth >= 8 else width * depth // 16
    upload = png(size, depth, color_type, [clear * half + white * half] * height, *chunks)
    image = largest(rewrite(upload, PNG))
    assert pixel(image, width // 4, height // 2, "RGBA")[3] == 0
    assert_like(pixel(image, 3 * width // 4, height // 2, "RGBA"), (*WHITE, 255), 3)


def test_16_bits_that_differ_only_in_the_low_half_are_not_all_transparent() -> None:
    upload = png((8, 1), 16, 0, [b"\x40\x41" * 4 + b"\x40\x42" * 4], (b"tRNS", b"\x40\x41"))
    image = largest(rewrite(upload, PNG)).convert("RGBA")
    assert [pixel(image, x, 0, "RGBA")[3] for x in (0, 3, 4, 7)] == [0, 0, 255, 255]


@pytest.mark.parametrize("content_type", [PNG, WEBP, AVIF])
def test_alpha_stays(content_type: str) -> None:
    image = Image.new("RGBA", (32, 32), (*RED, 0))
    image.paste((*RED, 128), (16, 0, 32, 32))
    found = largest(rewrite(encoded(image, content_type), content_type))
    assert_like(pixel(found, 4, 16, "RGBA")[3:], (0,), 3)
    assert_like(pixel(found, 28, 16, "RGBA"), (*RED, 128), 12)


def test_a_transparent_colour_of_gif_stays() -> None:
    image = Image.new("P", (32, 32), 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (16, 0, 32, 32))
    found = largest(rewrite(encoded(image, GIF, transparency=0), GIF))
    assert pixel(found, 4, 16, "RGBA")[3] == 0
    assert pixel(found, 28, 16, "RGBA") == (*GREEN, 255)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGB", (700, 500), (18, 52, 86)), (18, 52, 86)),
        (Image.new("RGBA", (64, 64), (*RED, 0)), WHITE),
        (Image.new("RGBA", (64, 64), (0, 0, 0, 128)), (127, 127, 127)),
        (Image.new("L", (64, 64), 51), (51, 51, 51)),
        (quarters(), (134, 124, 129)),
    ],
)
def test_the_colour_is_the_average_on_white(image: Image.Image, expected: Color) -> None:
    color = rewrite(encoded(image, PNG), PNG).color
    assert len(color) == 7
    assert_like(bytes.fromhex(color[1:]), expected, 4)


def test_few_colours_are_kept_exactly() -> None:
    for content_type in (PNG, GIF):
        image = quarters().quantize(8)
        found = largest(rewrite(encoded(image, content_type), content_type))
        assert pixel(found, 31, 15) == pixel(image.convert("RGB"), 31, 15)
        assert pixel(found, 32, 16) == pixel(image.convert("RGB"), 32, 16)


# ---- Sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), {1: 1}),
        ((479, 10), {479: 10}),
        ((480, 320), {480: 320}),
        ((481, 320), {480: 319, 481: 320}),
        ((961, 31), {480: 15, 960: 31, 961: 31}),
        ((2399, 24), {480: 5, 960: 10, 1600: 16, 2399: 24}),
        ((2400, 24), {480: 5, 960: 10, 1600: 16, 2400: 24}),
        ((5000, 100), {480: 10, 960: 19, 1600: 32, 2400: 48}),
        ((20000, 1), {480: 1, 960: 1, 1600: 1, 2400: 1}),
        ((1, 20000), {1: 16383}),
        ((100, 20000), {81: 16200}),
        ((300, 40000), {122: 16267}),
        ((16, 16384), {15: 15360}),
    ],
)
def test_an_image_has_at_most_four_widths_and_is_never_enlarged(
    size: tuple[int, int], expected: dict[int, int]
) -> None:
    images = rewrite(encoded(Image.new("L", size, 128), PNG), PNG)
    found = {width: decoded(data).size for width, data in images.files.items()}
    assert found == {width: (width, height) for width, height in expected.items()}
    assert images.size == [*expected.items()][-1]


def test_covers_of_photos_are_small() -> None:
    # Twenty covers of a list have 600 KB. Noise is worse than any photo.
    noise = Image.effect_noise((1200, 900), 60)
    detailed = Image.merge(
        "RGB", [Image.blend(noise, part, 0.75) for part in photo(1200, 900).split()]
    )
    sizes = {
        width: len(data) for width, data in rewrite(encoded(detailed, JPEG), JPEG).files.items()
    }
    assert sizes[480] <= 30_000
    assert sizes[480] < sizes[960] < sizes[1200]


def test_a_detailed_small_image_is_compressed_harder() -> None:
    noise = Image.effect_noise((480, 480), 100)
    upload = encoded(Image.merge("RGB", [noise] * 3), JPEG, quality=90)
    small = len(rewrite(upload, JPEG).files[480])
    sizes = [
        len(encoded(decoded(upload), WEBP, quality=quality, method=4))
        for quality in rewriting.SMALL_QUALITIES
    ]
    assert small == min(sizes) < 0.9 * sizes[0]


# ---- Animations ----------------------------------------------------------------------------------

FRAMES = [Image.new("RGB", (600, 40), color) for color in (RED, GREEN, BLUE, WHITE)]
DURATIONS = [100, 250, 400, 70]


def frames(data: bytes) -> list[tuple[int, Color]]:
    """Return the duration of each frame, and the colour in its corner."""
    image = Image.open(io.BytesIO(data))
    found = []
    for n in range(getattr(image, "n_frames", 1)):
        image.seek(n)
        image.load()
        found.append((image.info.get("duration", 0), pixel(image, 0, 0)))
    return found


def assert_frames(data: bytes, durations: list[int], images: list[Image.Image]) -> None:
    found = frames(data)
    assert [duration for duration, _ in found] == durations
    for (_, color), image in zip(found, images, strict=True):
        assert_like(color, pixel(image, 2, 2), 12)


@pytest.mark.parametrize("content_type", [GIF, PNG, WEBP, AVIF])
def test_an_animation_stays_one_in_all_widths(content_type: str) -> None:
    upload = animated(FRAMES, content_type, duration=DURATIONS)
    images = rewrite(upload, content_type)
    assert [*images.files] == [480, 600]
    for width, data in images.files.items():
        assert decoded(data).size == (width, 32 if width == 480 else 40)
        assert_frames(data, DURATIONS, FRAMES)


@pytest.mark.parametrize(
    ("content_type", "loop", "expected"),
    [
        # GIF counts repetitions; the others count how often it plays. 0 stands for no end.
        (GIF, None, 1),
        (GIF, 0, 0),
        (GIF, 3, 4),
        (GIF, 65535, 65535),
        (PNG, 0, 0),
        (PNG, 3, 3),
        (PNG, 70000, 65535),
        (WEBP, 0, 0),
        (WEBP, 3, 3),
    ],
)
def test_an_animation_plays_as_often(content_type: str, loop: int | None, expected: int) -> None:
    options = {} if loop is None else {"loop": loop}
    upload = animated(FRAMES, content_type, duration=50, **options)
    for data in rewrite(upload, content_type).files.values():
        assert decoded(data).info["loop"] == expected


@pytest.mark.parametrize(("duration", "expected"), [(0, 100), (10, 10), (655_350, 655_350)])
def test_durations_are_those_that_browsers_show(duration: int, expected: int) -> None:
    upload = animated(FRAMES, GIF, duration=duration)
    assert_frames(rewrite(upload, GIF).files[600], [expected] * 4, FRAMES)


def test_a_very_long_duration_is_cut() -> None:
    upload = animated(FRAMES, PNG, duration=65_000_000)
    assert_frames(rewrite(upload, PNG).files[600], [rewriting.MAX_DURATION] * 4, FRAMES)


def test_an_animation_is_turned_upright() -> None:
    images = [stored(quarters(), 6), stored(quarters().rotate(180), 6)]
    found = rewrite(animated(images, WEBP, exif=exif(6), lossless=True), WEBP)
    assert found.size == (64, 32)
    assert [color for _, color in frames(found.files[64])] == [
        pytest.approx(RED, abs=12),
        pytest.approx(WHITE, abs=12),
    ]


@pytest.mark.parametrize("hidden", [RED, GREEN, WHITE, (0, 0, 0), (0, 0, 1)])
def test_a_transparent_animation_stays_transparent(hidden: Color) -> None:
    images = [Image.new("RGBA", (40, 40), (*hidden, 0)) for _ in range(2)]
    for n, image in enumerate(images):
        image.paste((*RED, 255), (n * 20, 0, n * 20 + 20, 40))
    found = Image.open(io.BytesIO(rewrite(animated(images, PNG), PNG).files[40]))
    for n in range(2):
        found.seek(n)
        alpha = found.convert("RGBA").getchannel("A")
        assert [alpha.getpixel((x, 20)) for x in (5, 35)] == [255 * (n == 0), 255 * (n == 1)]


def test_the_first_image_of_an_apng_may_not_belong_to_the_animation() -> None:
    upload = animated(FRAMES, PNG, duration=DURATIONS[1:], default_image=True)
    assert_frames(rewrite(upload, PNG).files[600], DURATIONS[1:], FRAMES[1:])


@pytest.mark.parametrize(
    ("size", "count"),
    [((16_000, 1_100), 3), ((5_000, 100), 101), ((1, 1), rewriting.MAX_FRAMES + 1)],
)
def test_of_too_many_frames_only_the_first_stays(size: tuple[int, int], count: int) -> None:
    images = rewrite(gif(size, GIF_FRAME * count), GIF)
    assert len(frames(images.files[images.size[0]])) == 1
    assert images.size[0] == min(size[0], 2400)


def test_a_gif_without_its_end_has_all_frames() -> None:
    upload = animated(FRAMES, GIF, duration=DURATIONS)
    assert_frames(rewrite(upload[:-1], GIF).files[600], DURATIONS, FRAMES)


def test_a_frame_that_exceeds_the_canvas_is_cut() -> None:
    larger = b",\0\0\0\0\2\0\1\0\0\2\2\x44\x0a\0"
    images = rewrite(gif((1, 1), GIF_FRAME + larger), GIF)
    assert images.size == (1, 1)


# ---- Types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", FORMATS)
def test_the_announced_type_must_be_that_of_the_file(content_type: str) -> None:
    upload = encoded(photo(), content_type)
    name = {"WEBP": "WebP"}.get(FORMATS[content_type], FORMATS[content_type])
    for announced in FORMATS:
        if announced == content_type:
            assert rewrite(upload, announced).size == (64, 48)
            continue
        with pytest.raises(Refusal, match=f"is a {name} image, but it was announced as"):
            rewrite(upload, announced)


def test_of_several_images_in_a_jpeg_file_the_first_is_taken() -> None:
    file = io.BytesIO()
    quarters().save(file, "MPO", save_all=True, append_images=[photo(20, 20)])
    assert Image.open(io.BytesIO(file.getvalue())).format == "MPO"
    images = rewrite(file.getvalue(), JPEG)
    assert images.size == (64, 32)
    assert len(frames(images.files[64])) == 1


def test_an_avif_file_may_have_a_box_of_64_bits() -> None:
    upload = encoded(photo(), AVIF)
    size = int.from_bytes(upload[:4], "big")
    # Two brands less, so that offsets from the start of the file stay the same.
    box = b"\0\0\0\1ftyp" + size.to_bytes(8, "big") + upload[8 : size - 8]
    assert rewrite(box + upload[size:], AVIF).size == (64, 48)


def test_a_file_of_more_than_8_mib_is_refused() -> None:
    upload = encoded(photo(), PNG)
    assert rewrite(upload.ljust(MAX_BYTES, b"\0"), PNG).size == (64, 48)
    with pytest.raises(Refusal, match=reasons.TOO_LARGE):
        rewrite(upload.ljust(MAX_BYTES + 1, b"\0"), PNG)


def test_an_output_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = encoded(photo(600, 600), JPEG)
    total = sum(map(len, rewrite(upload, JPEG).files.values()))
    monkeypatch.setattr(rewriting, "MAX_OUTPUT", total)
    assert rewrite(upload, JPEG).size == (600, 600)
    monkeypatch.setattr(rewriting, "MAX_OUTPUT", total - 1)
    with pytest.raises(Refusal, match=reasons.TOO_DETAILED):
        rewrite(upload, JPEG)
