"""Reads docs/data-model.md as data: the kinds of items with their keys and attributes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

from tests.support.samples import ROOT

_ITEM_COLUMNS = 6
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\(#([a-z-]+)\)")
_AUTHOR_ID = "[a-z2-7]{26}"


@dataclass(frozen=True)
class Kind:
    """A kind of item: the function or constant that makes its key, its key as a pattern with
    placeholders such as `<post_id>`, and its attributes without `pk` and `sk`.

    `is_model` says that the attributes have a table of their own, because a model declares them.
    """

    maker: str
    pk: str
    sk: str
    is_model: bool
    required: frozenset[str]
    optional: frozenset[str]

    @property
    def attributes(self) -> frozenset[str]:
        """All attributes that an item of this kind may have."""
        return self.required | self.optional

    def has_key(self, pk: str, sk: str) -> bool:
        """Return whether a key of the table fits the pattern."""
        return bool(_as_regex(self.pk).fullmatch(pk) and _as_regex(self.sk).fullmatch(sk))


def kinds() -> list[Kind]:
    """Return every kind of item on the page."""
    attributes_below: dict[str, list[str]] = {}
    rows = []
    for heading, cells in _rows():
        if len(cells) == _ITEM_COLUMNS:
            rows.append(cells)
        else:
            attributes_below.setdefault(_anchor(heading), []).extend(_CODE.findall(cells[0]))
    found = []
    for _, maker, pk, sk, attributes, _ in rows:
        link = _LINK.search(attributes)
        names = attributes_below[link[1]] if link else _CODE.findall(attributes)
        found.append(
            Kind(
                _code(maker),
                _code(pk),
                _code(sk),
                link is not None,
                frozenset(name for name in names if not name.endswith("?")),
                frozenset(name[:-1] for name in names if name.endswith("?")),
            )
        )
    return found


def sort_keys() -> dict[str, str]:
    """Return the patterns in the table of functions that make sort keys, by function."""
    return {
        _code(cells[0]): _code(cells[1])
        for heading, cells in _rows()
        if heading == "Lists" and len(cells) < _ITEM_COLUMNS
    }


def _rows() -> Iterator[tuple[str, list[str]]]:
    """Yield the body rows of all tables as cells, each with the heading above it."""
    heading, is_body = "", False
    for line in (ROOT / "docs" / "data-model.md").read_text().splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            is_body = False
        elif line.startswith("| ---"):
            is_body = True
        elif is_body:
            yield heading, [cell.strip() for cell in line.strip("|").split("|")]


def _code(cell: str) -> str:
    (code,) = _CODE.findall(cell)
    return str(code)


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub makes of a heading."""
    return re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-")


def _as_regex(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"<([^>]+)>", pattern)  # every second part is the name of a placeholder
    forms = [_AUTHOR_ID if name == "author_id" else ".*" for name in parts[1::2]]
    texts = map(re.escape, parts[::2])
    return re.compile("".join(chain.from_iterable(zip_longest(texts, forms, fillvalue=""))))
