"""The site's accent color in pages and app: readable on light and on dark backgrounds."""

from blog.settings import DEFAULT_SITE_ACCENT, Site

# The backgrounds of style.css on which links stand, those with the least contrast.
LIGHT, DARK = "#fdfcfa", "#1c2024"
CONTRAST = 4.5  # of text that is not large (WCAG 2.2, 1.4.3)
_ON_LIGHT, _ON_DARK = "#ffffff", "#0a1f1d"  # texts on the accent color
_STEPS = 100

Rgb = tuple[float, ...]


def theme_path(site: Site) -> str:
    """Return the path of the stylesheet with the accent color; empty for the default one."""
    return "" if site.accent == DEFAULT_SITE_ACCENT else f"/theme-{site.accent[1:].lower()}.css"


def theme(site: Site) -> str:
    """Return the stylesheet. On each background, the accent is as dark or light as it must be."""
    light = _readable(site.accent, LIGHT, "#000000")
    dark = _readable(site.accent, DARK, "#ffffff")
    on_light, on_dark = _text_on(light), _text_on(dark)
    return (
        f":root{{--accent:light-dark({light},{dark});"
        f"--on-accent:light-dark({on_light},{on_dark})}}\n"
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    lower, higher = sorted(_luminance(color) for color in (one, other))
    return (higher + 0.05) / (lower + 0.05)


def _readable(color: str, background: str, toward: str) -> str:
    """Return the color, mixed with so much of another that it is readable on the background."""
    shades = (_mixed(color, toward, step / _STEPS) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, background) >= CONTRAST)


def _text_on(color: str) -> str:
    return max(_ON_LIGHT, _ON_DARK, key=lambda text: contrast(text, color))


def _mixed(color: str, toward: str, part: float) -> str:
    pairs = zip(_rgb(color), _rgb(toward), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * part)):02x}" for a, b in pairs)


def _luminance(color: str) -> float:
    """Return the relative luminance (WCAG 2.2, relative luminance)."""
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(color))
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def _rgb(color: str) -> Rgb:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
