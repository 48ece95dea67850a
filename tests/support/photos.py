"""Images with the detail of photos, which compress like them."""

import io
import random
from functools import cache

from PIL import Image, ImageChops

# For each scale of detail: how many pixels wide its noise is, and how far it goes from the mean.
BRIGHTNESS = ((4, 60), (12, 60), (40, 50), (120, 32), (320, 16))
COLOR = ((3, 50), (10, 30))
GRAIN = 4  # of each pixel


@cache
def photo(seed: int, width: int = 640, height: int = 480) -> bytes:
    """Return a JPEG image: a gradient with noise at several scales, always the same for a seed."""
    chance = random.Random(seed)

    def with_noise(image: Image.Image, *scales: tuple[int, int]) -> Image.Image:
        for across, most in scales:
            down = max(1, across * height // width)
            noise = Image.frombytes("L", (across, down), chance.randbytes(across * down))
            smooth = noise.resize((width, height), Image.Resampling.BICUBIC)
            part = smooth.point([128 + (value - 128) * most // 128 for value in range(256)])
            image = ImageChops.add(image, part, offset=-128)
        return image

    gradient = Image.linear_gradient("L").resize((width, height))
    sky_and_ground = gradient.point([70 + value // 2 for value in range(256)])
    brightness = with_noise(sky_and_ground, *BRIGHTNESS)
    channels = [with_noise(brightness, *COLOR, (width, GRAIN)) for _ in range(3)]
    stored = io.BytesIO()
    Image.merge("RGB", channels).save(stored, "JPEG", quality=90)
    return stored.getvalue()
