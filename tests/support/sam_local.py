"""`make test-sam-local`: run the end-to-end tests against the API in Lambda's containers."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from devserver.sam_local import check_tools
from devserver.settings import StartupError
from tests.support.samples import ROOT
from tests.support.stack import Stack, free_port, inherited_environment

SECONDS_FOR_A_COLD_START = 60


@contextmanager
def running_sam_local(log: Path) -> Iterator[Stack]:
    """Run `make sam-local` on free ports, with its output in the log.

    Raise Unusable if a tool is missing or the API does not start.
    """
    check_tools()
    names = ("API_PORT", "ISSUER_PORT", "DYNAMODB_PORT", "S3_PORT")
    ports = {name: str(free_port()) for name in names}
    stack = Stack(
        f"http://127.0.0.1:{ports['API_PORT']}",
        f"http://localhost:{ports['ISSUER_PORT']}/",
        is_sam_local=True,
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "devserver.sam_local"],
            cwd=ROOT,
            env={**inherited_environment(), "TICK": "1", "DYNAMODB_DATA": "off", **ports},
            stdout=output,
            stderr=output,
        )
    try:
        while process.poll() is None:
            try:
                requests.get(f"{stack.api_url}/health", timeout=SECONDS_FOR_A_COLD_START)
                break
            except requests.ConnectionError:
                time.sleep(1)
        if process.returncode is not None:
            raise StartupError(f"make sam-local does not start: {log} says why.")
        yield stack
    finally:
        process.terminate()
        process.wait(60)


def main(arguments: list[str]) -> int:
    """Start the API, run the tests, stop it, and return the tests' exit code."""
    log = Path(tempfile.mkdtemp(prefix="sam-local-")) / "log"
    try:
        with running_sam_local(log) as stack:
            sys.stderr.write(f"The output of sam local is in {log}.\n")
            assert stack.issuer_url is not None
            os.environ |= {
                "API_URL": stack.api_url,
                "ISSUER_URL": stack.issuer_url,
                "SAM_LOCAL": "1",
            }
            return int(pytest.main(["tests/e2e", "--ignore", "tests/e2e/browser", *arguments]))
    except StartupError as e:
        sys.stderr.write(f"make test-sam-local: {e}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
