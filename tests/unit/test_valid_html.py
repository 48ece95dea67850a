"""Code points that no HTML document may have do not get into pages."""

import pytest

from blog.pages.rendering import _valid


@pytest.mark.parametrize(
    "invalid",
    ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\x80", "\x9f", "\ufdd0", "\ufdef", "\ufffe", "\uffff",
     "\U0001fffe", "\U0010ffff"],
)  # fmt: skip
def test_an_invalid_code_point_is_replaced(invalid: str) -> None:
    assert _valid(f"<p>a{invalid}b</p>") == "<p>a\ufffdb</p>"


def test_all_others_stay() -> None:
    valid = "<p>\t\n\r é«\xa0»日本語 \ufefb 👩\u200d💻 \U0001fffd</p>"
    assert _valid(valid) == valid
