"""The README's tour works when it is pasted."""

import re

from tests.support.samples import ROOT
from tests.support.stack import Stack, pasted


def test_the_tour_gives_the_statuses_that_it_says(stack: Stack) -> None:
    tour = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert tour is not None
    expected = re.findall(r"# (\d{3})", tour[1])
    assert len(expected) == 11
    printed = pasted(stack, tour[1])
    assert re.findall(r"HTTP/1\.1 (\d{3})", printed) == expected
    assert '"current_version": 2' in printed
