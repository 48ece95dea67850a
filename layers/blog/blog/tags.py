"""Tags: their normal form, and which of them a post can have."""

import unicodedata

MAX_TAG_CHARACTERS = 40
SIGNS = "-_.+#&'\u00b7()"  # besides letters, marks, digits and spaces
# Typographic apostrophes, and spaces of other widths.
FOLDED = {"\u2018": "'", "\u2019": "'", "\uff07": "'", "\u00a0": " ", "\u3000": " "}
JOINERS = "\u200c\u200d"  # Persian and Indic scripts write them between letters

_FOLDED = str.maketrans(FOLDED)
_SIGNS = frozenset(f" {SIGNS}")


def normalised_tag(tag: str) -> str:
    """Normalise a tag as it is stored and compared.

    The form is NFC, lower case, with plain apostrophes and spaces, and no white space around it.
    Lower case is normalised again, because it may not be NFC (İ becomes i and a dot above).
    """
    lower = unicodedata.normalize("NFC", tag).translate(_FOLDED).lower()
    return unicodedata.normalize("NFC", lower).strip()


def is_tag(normal: str) -> bool:
    """Return whether a stored post can have this normalised tag."""
    return 1 <= len(normal) <= MAX_TAG_CHARACTERS and has_tag_characters(normal)


def has_tag_characters(normal: str) -> bool:
    """Return whether a normalised tag has only letters, marks, digits, spaces and SIGNS.

    Joiners may stand between letters.
    """
    return all(
        unicodedata.category(c)[0] in "LMN" or c in _SIGNS or (c in JOINERS and _joins(normal, i))
        for i, c in enumerate(normal)
    )


def is_path(normal: str) -> bool:
    """Return whether a tag is a step of a path. Browsers resolve `/tags/..` to another page.

    New posts cannot have such a tag. Older ones may, and stay listed.
    """
    return normal in (".", "..")


def _joins(text: str, index: int) -> bool:
    around = text[max(0, index - 1) : index] + text[index + 1 : index + 2]
    return len(around) == 2 and all(unicodedata.category(c)[0] in "LM" for c in around)
