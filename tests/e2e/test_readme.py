"""The README's tour works when it is pasted."""

import re
import subprocess

import pytest

from tests.e2e.stack import Stack, inherited_environment
from tests.support import ROOT


def test_the_tour_gives_the_statuses_that_it_says(stack: Stack) -> None:
    if stack.issuer_url is None or stack.is_sam_local:
        pytest.skip("the tour is that of `make dev`")
    tour = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert tour is not None
    expected = re.findall(r"# (\d{3})", tour[1])
    assert len(expected) == 11
    script = tour[1].replace("http://localhost:3000", stack.api_url)
    port = stack.issuer_url.rstrip("/").rpartition(":")[2]
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env={**inherited_environment(), "ISSUER_PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert re.findall(r"HTTP/1\.1 (\d{3})", result.stdout) == expected
    assert '"current_version": 2' in result.stdout
