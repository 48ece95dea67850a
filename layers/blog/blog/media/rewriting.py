"""The program that rewrites an uploaded image as WebP, in the widths that the blog shows.

    python -m blog.media.rewriting UPLOAD FOLDER CONTENT_TYPE MEMORY

Nothing of the upload but its pixels reaches the output: no EXIF, XMP, profiles or comments. It
writes FOLDER/<width>.webp for each width and prints one line of JSON (`Rewritten` or `Refused` in
rewriter.py). An exit code other than 0 is a failure of the machine, not of the image.

The program decodes hostile files in C libraries, so it has a process of its own, with a limit of
memory and without credentials. It imports only the standard library and Pillow, to start fast.
"""

import io
import json
import resource
import sys
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import (
    AvifImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from blog.media import reasons
from blog.media.image_types import HEAD_BYTES, MAX_BYTES, is_image

WIDTHS = (480, 960, 1600, 2400)
MAX_PIXELS = 50_000_000  # of an image, and of all frames of an animation
MAX_FRAMES = 1_000
MAX_SIDE = 16_383  # of WebP
MAX_OUTPUT = 32 * 1024 * 1024
MAX_FILE = 2 * MAX_OUTPUT  # a second line of defence: the largest file that this process can write

QUALITY = 75
# Lists show the smallest width, twenty at a time: a detailed one is compressed harder.
SMALL_BYTES = 30_000
SMALL_QUALITIES = (QUALITY, 60, 45, 30)
ANIMATION_QUALITY = 60
MAX_GRAPHIC = 4_000_000  # pixels: lossless compression of more takes long
DEFAULT_DURATION = 100  # milliseconds: browsers show a duration of 0 like this
MAX_DURATION = 655_350  # that of GIF; the time stamps of all frames then fit into 31 bits

# The plugins' own classes instead of Image.open: no other format is tried, an MPO file is its first
# JPEG image, and AVIF is recognised as image_types.py does it.
_PLUGINS: dict[str, tuple[str, type[ImageFile.ImageFile]]] = {
    "image/png": ("PNG", PngImagePlugin.PngImageFile),
    "image/jpeg": ("JPEG", JpegImagePlugin.JpegImageFile),
    "image/webp": ("WebP", WebPImagePlugin.WebPImageFile),
    "image/gif": ("GIF", GifImagePlugin.GifImageFile),
    "image/avif": ("AVIF", AvifImagePlugin.AvifImageFile),
}
# The transpositions that undo each orientation (EXIF 3.0 §4.6.5.1.6).
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB = ImageCms.createProfile("sRGB")

# Pillow raises an error at twice this number. It also checks canvases that it allocates itself.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
# Each thread of a decoder reserves address space, which the limit of memory counts.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

Size = tuple[int, int]


class Refusal(Exception):
    """The upload is refused. The text is one of reasons.py."""


@dataclass(frozen=True)
class Images:
    """A rewritten image: the size of its largest form, its average colour, and WebP by width."""

    size: Size
    color: str
    files: dict[int, bytes]


@dataclass(frozen=True)
class _Frames:
    """The decoded frames in the largest size that is written, upright and in sRGB.

    `size` is that of the original, upright. `durations` are in milliseconds.
    """

    images: list[Image.Image]
    durations: list[int]
    loop: int
    size: Size
    is_graphic: bool


def rewrite(upload: bytes, content_type: str) -> Images:
    """Return the image in all widths. Raises Refusal."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of damaged files that it can read
            return _rewritten(upload, content_type)
    except Refusal:
        raise
    except MemoryError as e:
        raise Refusal(reasons.TOO_MUCH_MEMORY) from e
    except Image.DecompressionBombError as e:
        raise Refusal(reasons.TOO_MANY_PIXELS) from e
    except Exception as e:  # a damaged file may raise anything in Pillow
        # Pillow has no class for it when a C library is out of memory.
        is_memory = "memory" in str(e).lower()
        raise Refusal(reasons.TOO_MUCH_MEMORY if is_memory else reasons.DAMAGED) from e


def _rewritten(upload: bytes, content_type: str) -> Images:
    _require_type(upload, content_type)
    frames = _read(upload, content_type)
    largest, _ = frames.images[0].size
    widths = sorted({min(largest, width) for width in WIDTHS}, reverse=True)
    files: dict[int, bytes] = {}
    images = frames.images
    for width in widths:
        size = width, _height(frames.size, width)
        images = [_visible(_resized(one, size)) for one in frames.images]
        if len(images) > 1:
            files[width] = _animation(images, frames)
        else:
            files[width] = _still(images[0], frames.is_graphic)
        if sum(map(len, files.values())) > MAX_OUTPUT:
            raise Refusal(reasons.TOO_DETAILED)
    return Images(frames.images[0].size, _color(images[0]), dict(sorted(files.items())))


def _require_type(upload: bytes, content_type: str) -> None:
    if not upload:
        raise Refusal(reasons.EMPTY)
    if len(upload) > MAX_BYTES:
        raise Refusal(reasons.TOO_LARGE)
    head = upload[:HEAD_BYTES]
    if is_image(head, content_type):
        return
    for other, (name, _) in _PLUGINS.items():
        if is_image(head, other):
            announced, _ = _PLUGINS[content_type]
            raise Refusal(reasons.OTHER_TYPE.format(found=name, announced=announced))
    raise Refusal(reasons.UNKNOWN)


# ---- Decoding ------------------------------------------------------------------------------------


def _read(upload: bytes, content_type: str) -> _Frames:
    """Decode all frames, each no larger than the largest width that is written."""
    _, plugin = _PLUGINS[content_type]
    image = plugin(io.BytesIO(upload))
    size = image.size
    if size[0] * size[1] > MAX_PIXELS:
        raise Refusal(reasons.TOO_MANY_PIXELS)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # The decoder scales down by 2, 4 or 8 at once, which saves time and memory.
        image.draft(None, _largest(size, _orientation(image)))
    canvas = image.size
    depth = upload[24] if content_type == "image/png" else 8  # of IHDR
    orientation, is_graphic, loop = 1, False, _loop(image)
    images: list[Image.Image] = []
    durations: list[int] = []
    for number in _numbers(image, size):
        image.seek(number)
        image.load()
        if not images:
            orientation, is_graphic = _orientation(image), _is_graphic(image, depth)
        plain = _plain(image, depth)
        if plain.size != canvas:
            plain = plain.crop((0, 0, *canvas))  # a frame of GIF may exceed the canvas
        small = _resized(plain, _largest(size, orientation))
        upright = _in_srgb(small, image.info.get("icc_profile"))
        if orientation in _TRANSPOSITIONS:
            upright = upright.transpose(_TRANSPOSITIONS[orientation])
        upright.info = {}
        images.append(upright)
        duration = round(image.info.get("duration") or DEFAULT_DURATION)
        durations.append(min(duration, MAX_DURATION))
    return _Frames(images, durations, loop, _upright(size, orientation), is_graphic)


def _numbers(image: ImageFile.ImageFile, size: Size) -> range:
    """Return the numbers of the frames to decode: only the first, if all are too many."""
    count = getattr(image, "n_frames", 1)
    # A PNG file may begin with an image that is not part of its animation.
    first = int(count > 1 and getattr(image, "default_image", False))
    if count - first > MAX_FRAMES or (count - first) * size[0] * size[1] > MAX_PIXELS:
        return range(1)
    return range(first, count)


def _loop(image: ImageFile.ImageFile) -> int:
    """Return how often an animation plays; 0 stands for no end."""
    if not isinstance(image, GifImagePlugin.GifImageFile):
        return int(min(image.info.get("loop", 0), 65_535))
    # GIF counts the repetitions after the first time, as browsers and gif2webp read it.
    repetitions: int | None = image.info.get("loop")
    return 1 if repetitions is None else repetitions and min(repetitions + 1, 65_535)


def _orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation from the EXIF data, which may be damaged; 1 is upright."""
    exif = Image.Exif()
    with suppress(Exception):
        exif.load(image.info.get("exif", b""))
        orientation = exif.get(ExifTags.Base.Orientation)
        return orientation if orientation in _TRANSPOSITIONS else 1
    return 1


def _upright(size: Size, orientation: int) -> Size:
    """Return the size of an image after its transposition, or before it."""
    return (size[1], size[0]) if orientation >= 5 else size


def _largest(size: Size, orientation: int) -> Size:
    """Return the size, before the transposition, of the largest form that is written."""
    width, height = upright = _upright(size, orientation)
    width = max(1, min(width, WIDTHS[-1], MAX_SIDE * width // height))
    return _upright((width, _height(upright, width)), orientation)


def _height(size: Size, width: int) -> int:
    """Return the height that an image of this size has in another width."""
    return max(1, min(MAX_SIDE, round(size[1] * width / size[0])))


def _is_graphic(image: Image.Image, depth: int) -> bool:
    """Return whether an image has so few colours that it may be a drawing or a screenshot."""
    if image.mode in ("L", "I;16"):
        return depth < 8
    return image.mode in ("1", "P") or image.getcolors(256) is not None


# ---- Colours -------------------------------------------------------------------------------------


def _plain(image: Image.Image, depth: int) -> Image.Image:
    """Convert an image to 8 bits without a palette: L, LA, RGB, RGBA or CMYK.

    `depth` is that of a PNG file. Pillow compares its transparent colour with pixels of 8 bits.
    """
    transparent = image.info.get("transparency")
    if image.mode == "I;16":
        return _plain_16_bits(image, transparent)
    if image.mode == "L" and isinstance(transparent, int) and depth < 8:
        most = 2**depth - 1
        image.info["transparency"] = (transparent & most) * 255 // most
    if image.mode == "RGB" and isinstance(transparent, tuple) and depth == 16:
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    if image.mode not in ("1", "L", "LA", "RGB", "RGBA", "CMYK") or transparent is not None:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.convert("L") if image.mode == "1" else image


def _plain_16_bits(image: Image.Image, transparent: int | None) -> Image.Image:
    """Convert grey of 16 bits to L or LA. Pillow would cut off values above 255."""
    pixels = image.tobytes()  # little-endian
    high = Image.frombytes("L", image.size, pixels[1::2])
    if transparent is None:
        return high
    low = Image.frombytes("L", image.size, pixels[::2])
    is_high, is_low = (
        half.point([255 * (value == wanted) for value in range(256)])
        for half, wanted in ((high, transparent >> 8), (low, transparent & 255))
    )
    alpha = ImageChops.invert(ImageChops.multiply(is_high, is_low))
    return Image.merge("LA", (high, alpha))


def _resized(image: Image.Image, size: Size) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert a plain image to RGB or RGBA in sRGB. A profile that cannot be used is ignored."""
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    opaque = image.convert(image.mode.removesuffix("A")) if alpha is not None else image
    converted = None
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(opaque, source, _SRGB, outputMode="RGB")
    converted = converted or opaque.convert("RGB")
    if alpha is None:
        return converted
    converted.putalpha(alpha)
    return converted


def _visible(image: Image.Image) -> Image.Image:
    """Remove the colours of transparent pixels, which the author may have wanted to hide.

    They become white. Black ones, libwebp would leave out of an animation's first frame, and then
    it would not mark the animation as transparent.
    """
    if image.mode != "RGBA":
        return image
    page = Image.new("RGBA", image.size, (255, 255, 255, 0))
    page.paste(image, mask=image.getchannel("A").point([0, *[255] * 255]))
    return page


def _color(image: Image.Image) -> str:
    """Return the average colour of an image on a white page, as #rrggbb."""
    if image.mode == "RGBA":
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=image.getchannel("A"))
        image = page
    average = image.resize((1, 1), Image.Resampling.BOX)
    return f"#{average.tobytes().hex()}"


# ---- Encoding ------------------------------------------------------------------------------------


def _still(image: Image.Image, is_graphic: bool) -> bytes:
    if image.width > WIDTHS[0]:
        encoded = _webp(image, quality=QUALITY)
    else:
        for quality in SMALL_QUALITIES:
            encoded = _webp(image, quality=quality)
            if len(encoded) <= SMALL_BYTES:
                break
    if is_graphic and image.width * image.height <= MAX_GRAPHIC:
        # Lossless compression keeps the edges of a graphic sharp, and often takes less space.
        encoded = min(_webp(image, lossless=True, quality=QUALITY), encoded, key=len)
    return encoded


def _animation(images: list[Image.Image], frames: _Frames) -> bytes:
    return _webp(
        images[0],
        quality=ANIMATION_QUALITY,
        save_all=True,
        append_images=images[1:],
        duration=frames.durations,
        loop=frames.loop,
        background=(0, 0, 0, 0),
        # Frames with few colours are compressed without loss where that takes less space.
        allow_mixed=True,
        method=2,
        kmin=9,
        kmax=30,
    )


def _webp(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", exif=b"", icc_profile=b"", xmp=b"", **options)
    return file.getvalue()


# ---- The program ---------------------------------------------------------------------------------


def limit(memory: int) -> None:
    """Limit what this process may use. `memory` is the address space in bytes."""
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE, MAX_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Rewrite the file that the command line names."""
    upload, folder, content_type, memory = sys.argv[1:]
    limit(int(memory))
    try:
        images = rewrite(Path(upload).read_bytes(), content_type)
    except Refusal as e:
        sys.stdout.write(json.dumps({"refused": str(e)}) + "\n")
        return
    for width, data in images.files.items():
        Path(folder, f"{width}.webp").write_bytes(data)
    width, height = images.size
    sizes = {width: len(data) for width, data in images.files.items()}
    result = {"width": width, "height": height, "color": images.color, "sizes": sizes}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
