"""The examples of the CommonMark and GFM specifications, and the intended differences."""

import json

import pytest

from blog.posts import markdown, markup
from blog.posts.rendering import rendered, sanitised
from tests.support.samples import ROOT

# The numbers of examples with another result, and the reason.
INTENDED = {
    "commonmark": {},
    "gfm": {
        625: "an address ends before a bracket that it does not open; Chinese needs that",
        628: "ftp addresses are no links",
        653: "tags that are not allowed vanish; GFM shows some of them as text",
    },
    "gfm-extensions": {
        19: "an address keeps its letters; cmark-gfm encodes them",
        20: "an e-mail address may begin with an underscore",
        22: "tags that are not allowed vanish; GFM shows some of them as text",
        23: "footnotes have other ids",
    },
}


def expected(html: str) -> str:
    """Return a specification's HTML with our ids, automatic links and list of elements."""
    marked = markdown.Rendered(html, markdown.Marks({}, "no mark", "no mark"))
    return sanitised(markup.rewritten(marked).html)


@pytest.mark.parametrize("name", INTENDED)
def test_markdown_is_what_the_specification_says(name: str) -> None:
    examples = json.loads((ROOT / "tests" / "corpus" / f"{name}.json").read_text())
    assert len(examples) == {"commonmark": 655, "gfm": 22, "gfm-extensions": 28}[name]
    different = {
        example["number"]
        for example in examples
        if rendered(example["markdown"]).html != expected(example["html"])
    }
    assert different == INTENDED[name].keys()
