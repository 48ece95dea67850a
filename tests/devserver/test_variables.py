"""The environment's variables that the template gives a function: it reads each of them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from devserver.lambda_ import environments
from devserver.lambda_.environments import variables_of
from devserver.template.deployment import Function
from tests.support.engines import DEPLOYMENT

RECORDER = Path(__file__).with_name("reading_recorder.py")
NOBODYS = "NOBODY_READS_THIS"
RUNTIME = Path(environments.__file__).with_name("runtime.py")


def asked(function: Function) -> set[str]:
    """What it reads while it begins."""
    folders = map(str, (function.code, *function.layers))
    found = subprocess.run(
        [sys.executable, "-I", str(RECORDER), str(RUNTIME), *folders],
        env={**variables_of(function), NOBODYS: "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '{"ready": true}' in found.stdout, found.stderr
    (line,) = (line for line in found.stderr.splitlines() if line.startswith("ASKED "))
    return set(json.loads(line.removeprefix("ASKED ")))


@pytest.mark.parametrize("name", sorted(DEPLOYMENT.functions))
def test_a_function_reads_every_variable_that_it_is_given(name: str) -> None:
    function = DEPLOYMENT.functions[name]
    read = asked(function)
    assert function.environment.keys() - read == set()
    assert NOBODYS not in read, "else the test could not fail"
