"""What all tests share: the settings that handlers read when they are imported, and the log."""

import os
from pathlib import Path

import moto  # noqa: F401 - before any client is made, so that mock_aws reaches it
import pytest

import tests.support.hypothesis_profiles  # noqa: F401 - loads the profile
from tests.support.logs import logged

os.environ.update(
    {
        "TABLE_NAME": "BlogTable",
        "MEDIA_BUCKET": "MediaBucket",
        "ALLOWED_ORIGIN": "https://blog.example.com",
        "SITE_URL": "https://blog.example.com",
        "AUTHOR_ID_KEY": "a key that only the tests know, 32+",
        "AUTH0_ISSUER": "https://tenant.example.com/",
        "AUTH0_AUDIENCE": "https://blog.example.com/api",
        # nobody listens here: tests that need keys bring them
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


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the tests log, for the one that reads it all."""
    config.stash[LINES] = []
    config.stash[LOG_FILES] = []
    config.pluginmanager.register(_LogKeeper(config.stash[LINES]))


class _LogKeeper:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After each phase of a test."""
        if report.when == "teardown":  # which knows of all phases
            self._lines += logged(report.capstdout)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Last come those who read what the others logged."""
    items.sort(key=lambda item: item.path.name in ("test_exercised.py", "test_logs.py"))
