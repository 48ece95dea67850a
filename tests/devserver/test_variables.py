"""Each function reads every environment variable that the template gives it."""

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
UNUSED = "NO_FUNCTION_READS_THIS"
RUNTIME = Path(environments.__file__).with_name("runtime.py")


def read_variables(function: Function) -> set[str]:
    """Return the names of the variables that a function reads while it starts."""
    folders = map(str, (function.code, *function.layers))
    result = subprocess.run(
        [sys.executable, "-I", str(RECORDER), str(RUNTIME), *folders],
        env={**variables_of(function), UNUSED: "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '{"ready": true}' in result.stdout, result.stderr
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("READ "))
    return set(json.loads(line.removeprefix("READ ")))


@pytest.mark.parametrize("name", sorted(DEPLOYMENT.functions))
def test_a_function_reads_every_variable_that_the_template_gives_it(name: str) -> None:
    function = DEPLOYMENT.functions[name]
    read = read_variables(function)
    assert function.environment.keys() - read == set()
    assert UNUSED not in read, "the recorder must not report unread variables"
