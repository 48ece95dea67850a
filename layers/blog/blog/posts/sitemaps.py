"""The sitemap (sitemaps.org, protocol 0.9): an index of files, by month of first publication.

A month's entries are sorted by the last two characters of their ids, which are random. So a month
with many posts divides into 2, 4, 8 … files of about equal size. A file reads only its own entries.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from blog.dynamodb.keys import ENTRY, MONTHS, sitemap_partition
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import BadRequest, NotFound

MAX_ADDRESSES = 5000  # in a file
ADDRESSES_ON_AVERAGE = 4000  # in a file, at most; random deviations never reach MAX_ADDRESSES
MAX_COUNTERS = 10_000  # of a month and a shard: more than eight years of a hundred shards
MAX_FILES = 25_000  # in the index: less than 4 MB, and less than the 50,000 of the protocol
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of an id (Crockford's base 32)
_ENDINGS = [a + b for a in _DIGITS for b in _DIGITS]


def index(table: Table, site_url: str) -> str:
    """Return the sitemap index, which names all other sitemap files.

    An index must name a file. So for an empty blog, it is a sitemap of the start page.
    """
    months = _months(table)
    if not months:
        return _sitemap([{"loc": f"{site_url}/"}])
    root = ET.Element("sitemapindex", xmlns=NAMESPACE)
    files = [query for month in sorted(months) for query in _files(month, months[month])]
    for query in files[-MAX_FILES:]:  # the oldest are left out
        sitemap = ET.SubElement(root, "sitemap")
        ET.SubElement(sitemap, "loc").text = f"{site_url}/sitemap.xml?{urlencode(query)}"
    return _document(root)


def month_file(table: Table, site_url: str, month: str, part: int, of: int) -> str:
    """Return the sitemap of a month's posts, or of one of `of` parts, which count from 1.

    Raises BadRequest if there is no such part, and NotFound if it has no posts.
    """
    if not 1 <= part <= of or of not in _divisions():
        raise BadRequest(
            "part and of are not valid: of must be a power of two up to 1024, and part at most of."
        )
    share = len(_ENDINGS) // of
    endings = _ENDINGS[(part - 1) * share : part * share]
    first, last = f"{ENTRY}{endings[0]}#", f"{ENTRY}{endings[-1]}#{HIGHEST}"
    rows = table.query(Range(sitemap_partition(month), first, last), MAX_ADDRESSES)
    if not rows:
        raise NotFound("There is no such sitemap.")
    return _sitemap(
        {"loc": f"{site_url}/posts/{row['slug']}", "lastmod": row["changed_at"]} for row in rows
    )


def _sitemap(urls: Iterable[Mapping[str, str]]) -> str:
    root = ET.Element("urlset", xmlns=NAMESPACE)
    for members in urls:
        url = ET.SubElement(root, "url")
        for name, text in members.items():
            ET.SubElement(url, name).text = text
    return _document(root)


def _months(table: Table) -> Counter[str]:
    """Return the number of posts by month. The latest counters come first, and the oldest last."""
    months: Counter[str] = Counter()
    for row in table.query(Range(MONTHS, is_ascending=False), MAX_COUNTERS):
        _, month, _ = row["sk"].split("#")
        months[month] += int(row["count"])
    return +months


def _files(month: str, count: int) -> Iterator[dict[str, str | int]]:
    parts = next(n for n in _divisions() if count <= n * ADDRESSES_ON_AVERAGE or n == 1024)
    for part in range(1, parts + 1):
        yield {"month": month} if parts == 1 else {"month": month, "part": part, "of": parts}


def _divisions() -> list[int]:
    return [2**n for n in range(11)]


def _document(root: ET.Element) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}'
