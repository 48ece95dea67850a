"""The end-to-end tests use every route, every function and every permission of the template.

This test reads the logs after all others have run. The devserver allows nothing else.
"""

import re
from collections.abc import Iterator

import pytest

from devserver.apigateway.gateway import path_pattern
from tests.conftest import LOG_FILES
from tests.support.stack import DEPLOYMENT

# Permissions that no request can use, each with its reason.
UNUSED = {
    ("InspectorFunction", "s3:ListBucket"): "only when two look at an upload at once: so that S3"
    " says that it is gone",
    ("JobsFunction", "s3:AbortMultipartUpload"): "only when a part of an upload fails",
}
# Rights that Lambda itself uses in a function's name.
BY_LAMBDA = ("logs:", "sqs:")


@pytest.fixture(scope="module")
def log(pytestconfig: pytest.Config) -> str:
    """Return the logs of the devserver and the engine."""
    text = "".join(path.read_text() for path in pytestconfig.stash[LOG_FILES])
    if text.count(" ms\n") < 500:
        pytest.skip("reads the logs of the end-to-end tests: run all of them, `make test`")
    return text


def test_every_route_was_requested(log: str) -> None:
    requested = set(re.findall(r"^([A-Z]+) '([^'?]*)' \d+ [\d.]+ ms$", log, re.M))
    assert [
        f"{route.method} {route.resource}"
        for route in DEPLOYMENT.routes
        if not any(
            method == route.method and path_pattern(route.resource).fullmatch(path)
            for method, path in requested
        )
    ] == []


def test_every_function_has_run(log: str) -> None:
    assert set(re.findall(r"^(\w+): cold start, ", log, re.M)) == DEPLOYMENT.functions.keys()


def test_every_permission_was_used(log: str) -> None:
    if "dynamodb:" not in log:
        pytest.skip("this engine does not keep to roles: run the tests on moto")
    used = set(re.findall(r"^(\w+) uses (\S+) on (\S+)$", log, re.M))
    assert sorted(set(_permissions()) - used) == []
    assert sorted(used - set(_permissions())) == []


def test_no_other_permission_was_tried(log: str) -> None:
    assert re.findall(r"^.*role does not allow.*$", log, re.M) == []


def _permissions() -> Iterator[tuple[str, str, str]]:
    for function, rights in DEPLOYMENT.rights.items():
        for action, resource in rights:
            if (function, action) not in UNUSED and not action.startswith(BY_LAMBDA):
                yield function, action, resource
