"""Names: PRECIS' nickname profile (RFC 8266), with emoji sequences (UTS 51) beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from blog.names import is_of_site
from blog.people.schemas import ProfileChanges

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
PROGRAMMER = "\U0001f469\u200d\U0001f4bb"


def stored(name: str) -> str:
    return ProfileChanges.model_validate({"name": name}).name


def refusal(name: str) -> str:
    with pytest.raises(ValidationError) as refused:
        stored(name)
    (error,) = refused.value.errors()
    assert error["loc"] == ("name",)
    return str(error["type"])


@pytest.mark.parametrize(
    "name",
    [
        "Jo (@jo)",
        "Jo [@jo]",
        "O\u2019Brien",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian with ZWNJ
        "\u0915\u094d\u200d\u0937",  # Hindi with ZWJ
        "\u0d28\u0d4d\u200d",  # Malayalam with ZWJ
        "\u05e9\u05b8\u05bc\u05c1\u0596\u05dc\u05d5\u05dd",  # Hebrew with points and an accent
        "\u101c\u103b\u103e\u102d\u102f\u1037",  # Burmese with five marks in a row
        "\u30b8\u30e7\u30f3\u30fb\u30b9\u30df\u30b9",  # Japanese with a middle dot
        "\ud55c\uae00",
        f"Anna {PROGRAMMER}",
        f"{PROGRAMMER} Anna {FAMILY} Berg \U0001f642",
        ENGLAND,
        "\U0001f44d\U0001f3fd",  # with a skin tone
        "\U0001f1e9\U0001f1ea",  # a flag of two regional indicators
        "1\ufe0f\u20e3",  # a keycap
        "\u2764\ufe0f Jo",
        "Jo \u2600\ufe0e",  # the sun as text
        "\U0001fae9",  # newer than the Unicode data of Python 3.11 and 3.13
        "Admiral",
        "The moderator of Example",
    ],
)
def test_a_name_is_stored_as_it_is(name: str) -> None:
    assert stored(name) == name


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("  Jo \u3000 Berg ", "Jo Berg"),
        ("\uff21\uff4c\uff49\uff43\uff45", "Alice"),
        ("Cafe\u0301", "Caf\u00e9"),
        (f"Anna  {PROGRAMMER} ", f"Anna {PROGRAMMER}"),
    ],
)
def test_rfc_8266_2_3_a_name_is_stored_as_the_profile_writes_it(name: str, result: str) -> None:
    assert stored(name) == result


@pytest.mark.parametrize(
    "name",
    [
        " ",
        "\u200b",
        "\u2800",  # the braille blank
        "\u3164",
        "\u115f",
        "\uffa0",  # Hangul fillers
        "\u202e",
        "\u180e",
        "\ufe0f",
        "\u034f",
        "\u0301",
        "\ufffc",
        "\u00a8",  # its normal form is a space and a mark
        "\U0001d159",  # a note without ink
        "\U0001d173",
        "\U000e0041",
    ],
)
def test_a_name_that_nobody_sees_is_blank(name: str) -> None:
    assert refusal(name) == "blank"
    assert refusal(f"{name} \u2800") == "blank"


@pytest.mark.parametrize(
    "hidden",
    [
        "\u200b",
        "\u00ad",
        "\u200d",  # ZWJ and ZWNJ stay where scripts need them
        "\u200c",
        "\u200e",
        "\u200f",
        "\u202e",
        "\u2066",
        "\u3164",
        "\u115f",
        "\u180e",
        "\ufe0f",
        "\ufeff",
        "\ufff9",
        "\U000e0041",
        "\U000e0100",
        "\U0001d173",
        "\ue000",  # private use
        "\u0378",  # not assigned
        "\n",
    ],
)
def test_rfc_8264_4_3_hidden_characters_are_refused(hidden: str) -> None:
    for name in (f"J{hidden}o", f"Jo{hidden}", f"{hidden}Jo", f"{PROGRAMMER}{hidden}"):
        if name != f"{PROGRAMMER}\ufe0f":  # which is an emoji
            assert refusal(name) == "name_characters", ascii(name)


@pytest.mark.parametrize("tail", ["", "\U000e007f"])
def test_uts_51_ed_14a_tag_characters_only_form_flags(tail: str) -> None:
    secret = "".join(chr(0xE0000 + ord(c)) for c in "secret")
    assert refusal(f"\U0001f3f4{secret}{tail}") == "name_characters"
    assert refusal(f"{ENGLAND}{secret}{tail}") == "name_characters"


@pytest.mark.parametrize("at", ["@", "\uff20", "\ufe6b"])
def test_an_email_address_is_refused_in_every_width(at: str) -> None:
    for name in (
        "bob{}example.com",
        "Bob (bob{}localhost)",
        "1\ufe0f\u20e3{}a.b",
        "\u0905\u093e{}\u0915",
    ):
        assert refusal(name.format(at)) == "email"
    assert stored(f"Jo ({at}jo)") == "Jo (@jo)"
    assert stored(f"Jo {at} Home") == "Jo @ Home"


@pytest.mark.parametrize(
    "name",
    [
        "Moderator",
        "admin",
        "Administrator",
        "\uff2d\uff2f\uff24\uff25\uff32\uff21\uff34\uff2f\uff32",  # full width
        "A.d.m.i.n",
        "Moderator \u2713",
        "@admin",
        "Mod\u00e9rator",
        "ADM\u0130N",
        "M0derat0r",
        "Adrnin",
        "\u0410dmin",  # a Cyrillic A
        "M\u03bfderator",  # a Greek omicron
        "\u1d00\u1d05\u1d0d\u026a\u0274",  # small capitals
        "\u24d0\u24d3\u24dc\u24d8\u24dd",  # in circles
        "\U0001f170\ufe0fdmin",  # in a square
        "\U0001f1e6\U0001f1e9\U0001f1f2\U0001f1ee\U0001f1f3",  # regional indicators
        "Adm1\ufe0f\u20e3n",
        f"Admin {PROGRAMMER}",
    ],
)
def test_a_reserved_name_is_refused_in_every_spelling(name: str) -> None:
    assert refusal(name) == "reserved"


def test_piles_of_marks_are_refused() -> None:
    assert refusal("Z" + "\u0301" * 7) == "marks"
    assert refusal("\u0e01" + "\u0e47" * 6) == "marks"  # Thai


def test_the_limit_of_a_name_applies_to_its_normal_form() -> None:
    assert refusal("\ufdfa" * 10) == "too_long"
    assert len(stored("\ufdfa" * 4)) == 4 * 18


@pytest.mark.parametrize(
    "name",
    [
        "blog.example.com",
        "Blog Example Com",
        "\uff22LOG.example.com",
        "www.blog.example.com",
        "bl0g.example.com",
    ],
)
def test_the_host_of_the_site_is_its_name(name: str) -> None:
    assert is_of_site(name, "https://www.Blog.example.com/path", "")
    assert not is_of_site(f"{name} fan", "https://www.blog.example.com/path", "")
    assert not is_of_site("\u2713", "https://blog.example.com", "\u2713")


@pytest.mark.parametrize(
    "name",
    [
        "Anna\u2019s Caf\u00e9",
        "ANNAS CAFE",
        "\uff21nnas \uff23afe",  # full width
        "Anna-s.Cafe",
        "\u0410nnas Cafe",  # a Cyrillic A
        "Anna\u2019s Cafe \u2713",
    ],
)
def test_the_name_of_the_site_is_reserved(name: str) -> None:
    site = "https://blog.example.com"
    assert is_of_site(name, site, "Anna\u2019s Caf\u00e9")
    assert not is_of_site(f"{name} fan", site, "Anna\u2019s Caf\u00e9")
    assert not is_of_site(name, site, "")


def test_a_name_of_the_site_in_another_script_is_reserved() -> None:
    assert is_of_site(
        "\u65e5\u672c \u30d6\u30ed\u30b0", "https://a.example", "\u65e5\u672c\u30d6\u30ed\u30b0"
    )
    assert not is_of_site("\u65e5\u672c", "https://a.example", "\u65e5\u672c\u30d6\u30ed\u30b0")


MIXED = [
    *"ab @.1#", "\u0301", "\u00a8", "\u0130", "\ufe0f", "\u20e3", "\u200d", "\u094d", "\U0001f3fd",
    "\U0001f642", "\u2122", "\uff03", "\u3000", "\u00b7", PROGRAMMER, ENGLAND,
]  # fmt: skip


@given(st.lists(st.sampled_from(MIXED) | st.characters(), min_size=1, max_size=12).map("".join))
def test_a_stored_name_is_a_name_that_does_not_change(name: str) -> None:
    try:
        result = stored(name)
    except ValidationError:
        return
    assert stored(result) == result
