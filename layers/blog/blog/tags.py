"""Tags: their normal form, and which of them a post can have."""

import unicodedata

MAX_TAG_CHARACTERS = 40


def normalised_tag(tag: str) -> str:
    """Normalise a tag as it is stored and compared: NFC, lower case, no white space around it.

    Lower case is normalised again, because it may not be NFC (İ becomes i and a dot above).
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", tag).lower()).strip()


def is_tag(normal: str) -> bool:
    """Return whether a post can have this normalised tag."""
    return 1 <= len(normal) <= MAX_TAG_CHARACTERS and has_tag_characters(normal)


def has_tag_characters(normal: str) -> bool:
    """Return whether all characters are letters, marks, digits, spaces or - _ . + #."""
    return all(unicodedata.category(c)[0] in "LMN" or c in " -_.+#" for c in normal)
