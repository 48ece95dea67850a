"""Characters that readers do not see, or that change what they see."""

import re
import unicodedata

# The longest run of combining marks that writing needs: Burmese stacks five. Unicode allows 30 in a
# row (UAX 15 §13), which covers the lines above and below.
MAX_MARKS = 5

# Letters and symbols without ink: Hangul fillers, hieroglyphic blanks, the braille blank, the null
# note head and the object replacement character. Then default-ignorable code points that are not
# assigned (UAX 44, Default_Ignorable_Code_Point).
_BLANK = re.compile(
    "[\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159"
    "\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_UNSEEN = {"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"}

# Embeddings, overrides and isolates (UAX 9 §2), and deprecated format characters. The marks LRM,
# RLM and ALM may stand, because they affect only their neighbours.
DIRECTION = r"\u202a-\u202e\u2066-\u206f"
_DIRECTION = re.compile(f"[{DIRECTION}]")

# Tag characters spell out text that nobody sees. The flags of England, Scotland and Wales need them
# (UTS 51 ED-14a); no other flag of this kind is recommended for interchange.
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_TAG_SPELLINGS = {ord(c): 0xE0000 + ord(c) for c in "abcdefghijklmnopqrstuvwxyz"}
FLAGS = "|".join(
    f"\U0001f3f4{region.translate(_TAG_SPELLINGS)}\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
_FLAGS = re.compile(FLAGS)

# Characters that continue the one before: joiners, Thai and Lao AM, emoji modifiers, and tags.
_EXTENDING = re.compile("[\u200c\u200d\u0e33\u0eb3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
# The joiner, and the signs that join two consonants of Indic scripts (UAX 29 GB9c).
_JOINING = "\u200d\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d"
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
# Letters of a syllable that is written with separate letters (UAX 29 GB6 to GB8).
_HANGUL = re.compile(
    "[\u1100-\u115f\ua960-\ua97c][\u1100-\u11a7\ua960-\ua97c\uac00-\ud7c6]"
    "|[\uac00-\ud7a3\u1160-\u11a7\ud7b0-\ud7c6][\u1160-\u11ff\ud7b0-\ud7fb]"
    "|[\u11a8-\u11ff\ud7cb-\ud7fb][\u11a8-\u11ff\ud7cb-\ud7fb]"
)


def has_visible(text: str) -> bool:
    """Return whether a reader sees any character of a text (UAX 44, General_Category).

    Unassigned characters count as visible, because they may be newer than Python's data.
    """
    return any(unicodedata.category(c) not in _UNSEEN and not _BLANK.match(c) for c in text)


def changes_direction(text: str) -> bool:
    """Return whether a text holds characters that reorder more than their neighbours (UAX 9 §2)."""
    return _DIRECTION.search(text) is not None


def without_direction(text: str) -> str:
    """Remove the characters that `changes_direction` finds."""
    return _DIRECTION.sub("", text)


def has_hidden_tags(text: str) -> bool:
    """Return whether a text holds tag characters outside of flags (UTS 51 ED-14a)."""
    return _TAGS.search(_FLAGS.sub("", text)) is not None


def piles_marks(text: str) -> bool:
    """Return whether more than MAX_MARKS combining marks follow each other.

    Format characters between marks do not separate them.
    """
    kinds = (unicodedata.category(c) for c in unicodedata.normalize("NFC", text))
    marks = "".join(kind[0] for kind in kinds if kind != "Cf")
    return "M" * (MAX_MARKS + 1) in marks


def whole_characters(text: str, length: int) -> int:
    """Return the largest length up to this one that does not cut a user-perceived character.

    The rules are those of UAX 29 §3.1.1 that a text meets in practice: marks, joiners, emoji
    modifiers, flags and Hangul syllables.
    """
    while 0 < length < len(text) and _continues(text, length):
        length -= 1
    return length


def _continues(text: str, index: int) -> bool:
    before, after = text[index - 1], text[index]
    if before in _JOINING or _EXTENDING.match(after) or unicodedata.category(after)[0] == "M":
        return True
    if _FLAG_LETTER.match(after):
        letters = 0
        while letters < index and _FLAG_LETTER.match(text[index - 1 - letters]):
            letters += 1
        return letters % 2 == 1
    return _HANGUL.fullmatch(before + after) is not None
