"""Shared by all tests: the settings that handlers read at their import, and the logs."""

import os
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import moto  # noqa: F401 - before any client is created, so that mock_aws affects it
import pytest

import tests.support.hypothesis_profiles  # noqa: F401 - loads the profile
from tests.support.logs import logged
from tests.support.schedule import ScheduleByStack, rank

os.environ.update(
    {
        "TABLE_NAME": "BlogTable",
        "MEDIA_BUCKET": "MediaBucket",
        "ALLOWED_ORIGIN": "https://blog.example.com",
        "SITE_URL": "https://blog.example.com",
        "AUTHOR_ID_KEY": "a key that only the tests know, 32+",
        "AUTH0_ISSUER": "https://tenant.example.com/",
        "AUTH0_AUDIENCE": "https://blog.example.com/api",
        # no server listens here: tests that need keys provide them
        "AUTH0_JWKS_URI": "http://127.0.0.1:9/jwks.json",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_ENDPOINT_URL_DYNAMODB": "",
        "AWS_ENDPOINT_URL_S3": "",
    }
)

LINES = pytest.StashKey[list[str]]()
LOG_FILES = pytest.StashKey[list[Path]]()
LAST = pytest.StashKey[set[str]]()
READ_THE_LOGS = ("test_exercised.py", "test_logs.py")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the log lines and the log files of all tests for the tests that read them."""
    config.stash[LINES] = []
    config.stash[LOG_FILES] = []
    config.stash[LAST] = set()
    config.pluginmanager.register(_LogKeeper(config.stash[LINES]))


class _LogKeeper:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test logged; the controller receives the reports of all workers."""
        if report.when == "teardown":  # its report holds the output of all phases
            self._lines += logged(report.capstdout)


def _worker_output(config: pytest.Config) -> dict[str, Any] | None:
    """Return what a worker of pytest-xdist sends to its controller at its end; None elsewhere."""
    return getattr(config, "workeroutput", None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests that read the logs last. A worker leaves them to the controller."""
    items.sort(key=lambda item: (item.path.name in READ_THE_LOGS, rank(item.path)))
    if (output := _worker_output(config)) is not None:
        last = [item.nodeid for item in items if item.path.name in READ_THE_LOGS]
        output["last"] = last
        del items[len(items) - len(last) :]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ScheduleByStack:
    """Let tests that share a stack run in one worker."""
    return ScheduleByStack(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the paths of a worker's log files to the controller."""
    if (output := _worker_output(session.config)) is not None:
        output["log_files"] = [str(path) for path in session.config.stash[LOG_FILES]]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker sent at its end; a worker that crashed sent nothing."""
    output = getattr(node, "workeroutput", {})
    node.config.stash[LAST].update(output.get("last", []))
    node.config.stash[LOG_FILES].extend(map(Path, output.get("log_files", [])))


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Run the tests that read the logs in the controller, after all workers have ended."""
    result = yield
    last = session.config.stash[LAST]
    if last:
        others = session.testscollected
        items = session.perform_collect(sorted(last))
        session.testscollected += others
        for item, following in zip_longest(items, items[1:]):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
    return result
