"""Names of people: PRECIS' nickname profile (RFC 8266), with emoji sequences (UTS 51) beside it.

Import this module only where a name is written: PRECIS takes long to load.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from precis_i18n import get_profile
from pydantic_core import PydanticCustomError

from blog.characters import FLAGS

MAX_NAME_CHARACTERS = 80

_NICKNAME = get_profile("NicknameCasePreserved")

# UTS 51 §1.4.9. The symbols are the blocks that hold emoji, so that newer emoji are included.
_SYMBOL = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u24c2"
    "\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004\U0001f0cf\U0001f170"
    "\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f201-\U0001f251"
    "\U0001f300-\U0001faff]"
)
_ELEMENT = f"{_SYMBOL}[\U0001f3fb-\U0001f3ff]?[\ufe0e\ufe0f]?"
_EMOJI = re.compile(f"{FLAGS}|[#*0-9]\ufe0f\u20e3|{_ELEMENT}(?:\u200d{_ELEMENT})*")
# Takes the place of an emoji while PRECIS looks at the text. It is an emoji too, so no other can be
# left in the text, and PRECIS keeps it.
_PLACEHOLDER = "\U0001f642"

# A character that can end the local part of an address, and one that can begin its domain (RFC 5321
# §4.1.2). So `Jo (@jo)` is a name.
_EMAIL = re.compile(r"[^\s(\[{</|,:;@]@[^\s@]")

RESERVED = "Is reserved: choose another name"  # the message
_RESERVED_NAMES = ("admin", "administrator", "moderator")
# Letters in circles and squares, and regional indicators: NFKC does not map them.
_FRAMED = {first + i: chr(ord("a") + i) for first in (0x1F150, 0x1F170, 0x1F1E6) for i in range(26)}
# What looks like a Latin letter: digits and strokes, small capitals, Cyrillic, Greek.
_LOOKALIKES = {
    ord(other): letter
    for others, letters in (
        ("013457l\u0131øđłħ", "oieastiiodih"),
        ("ᴀʙᴄᴅᴇɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", "abcdeghijkimnoprtuvwyz"),
        ("авеіӏјкмнорстухѕԁгп", "abeiijkmhopctyxsdrn"),
        ("αβεικμνορτυχη", "abeikmnoptuxn"),
    )
    for other, letter in zip(others, letters, strict=True)
}


def enforced(name: str) -> str:
    """Return a name as the nickname profile writes it (RFC 8266 §2.3), with its emoji unchanged.

    Raises PydanticCustomError if the profile refuses it, or if the result is too long, an e-mail
    address or reserved.
    """
    emoji = iter(_EMOJI.findall(name))
    try:
        plain = _NICKNAME.enforce(_EMOJI.sub(_PLACEHOLDER, name))
    except UnicodeEncodeError as e:
        text = "Must not contain hidden or unusual characters"
        raise PydanticCustomError("name_characters", text) from e
    result = re.sub(_PLACEHOLDER, lambda _: next(emoji), plain)
    if len(result) > MAX_NAME_CHARACTERS:
        raise PydanticCustomError("too_long", "Must have at most 80 characters when normalised")
    if _EMAIL.search(unicodedata.normalize("NFKC", result)):
        raise PydanticCustomError("email", "Must not be an e-mail address: names are public")
    if _skeleton(result) in map(_skeleton, _RESERVED_NAMES):
        raise PydanticCustomError("reserved", RESERVED)
    return result


def is_of_site(name: str, site_url: str, site_name: str) -> bool:
    """Return whether a name is the site's, or looks like it.

    The site is known by its name and by its host, with or without `www.`. A name of the site
    without letters and digits is not reserved.
    """
    host = urlsplit(site_url).hostname or ""
    reserved = {_skeleton(one) for one in (host, host.removeprefix("www."), site_name)}
    return _skeleton(name) in reserved - {""}


def _skeleton(name: str) -> str:
    """Return the letters of a name without case, width, accents, separators and lookalikes.

    A small part of the skeletons of UTS 39 §4: two names with one skeleton look alike.
    """
    text = unicodedata.normalize("NFKD", name.translate(_FRAMED)).casefold()
    letters = "".join(c for c in text.translate(_LOOKALIKES) if c.isalnum())
    return letters.replace("rn", "m")
