"""The site's accent color, readable on both backgrounds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog.pages.theme import CONTRAST, DARK, LIGHT, contrast, theme, theme_path
from blog.settings import DEFAULT_SITE_ACCENT, Site

STYLE = re.compile(
    r":root\{--accent:light-dark\((#\w{6}),(#\w{6})\);--on-accent:light-dark\((#\w{6}),(#\w{6})\)\}\n"
)


def site(accent: str) -> Site:
    return Site("https://blog.example.com", "Blog", "", "en", "/icon.svg", accent)


@given(st.from_regex(r"#[0-9A-Fa-f]{6}", fullmatch=True))
def test_any_color_is_readable_with_and_behind_text(accent: str) -> None:
    found = STYLE.fullmatch(theme(site(accent)))
    assert found is not None
    light, dark, on_light, on_dark = found.groups()
    assert contrast(light, LIGHT) >= CONTRAST
    assert contrast(dark, DARK) >= CONTRAST
    assert contrast(on_light, light) >= CONTRAST
    assert contrast(on_dark, dark) >= CONTRAST


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#767676", "#ffffff", 4.54)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_a_color_that_is_readable_stays() -> None:
    assert "light-dark(#8b0000," in theme(site("#8B0000"))


def test_the_default_needs_no_stylesheet_of_its_own() -> None:
    assert theme_path(site(DEFAULT_SITE_ACCENT)) == ""
    assert theme_path(site("#8B0000")) == "/theme-8b0000.css"
