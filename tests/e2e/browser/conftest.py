"""A stack with the app, and a browser; what is missing for them is said, with how to get it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from devserver.spa import missing_node
from tests.conftest import LOG_FILES
from tests.e2e.browser.visitor import Visitor
from tests.e2e.stack import DevServer, Stack

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",  # which needs rights that containers do not give
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Visit = Callable[..., Visitor]


def chromium() -> str:
    """The path of the system's Chromium, or of CHROMIUM."""
    found = (shutil.which(name) for name in NAMES)
    path = os.environ.get("CHROMIUM") or next(filter(None, found), None)
    if path is None:
        pytest.skip(
            "the tests in a browser need Chromium: apt-get install chromium, or set CHROMIUM"
        )
    return path


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Stack]:
    """A devserver of its own, with the app."""
    chromium()
    if os.environ.get("API_URL"):
        pytest.skip("the tests in a browser start a stack of their own: leave API_URL out")
    if missing := missing_node():
        pytest.skip(f"the tests in a browser need the app: {missing}")
    log = tmp_path_factory.mktemp("browser") / "log"
    pytestconfig.stash[LOG_FILES].append(log)
    with DevServer(log, SPA="on") as running:
        assert running.spa_url is not None
        assert requests.get(running.spa_url, timeout=150).ok, log.read_text()
        yield running


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """Ended with each module, because it keeps an event loop running in this thread."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Makes visitors, with the options of a browser's context; told at the end of all faults."""
    with ExitStack() as visitors:

        def made(user: str | None = None, **options: Any) -> Visitor:
            visitor = Visitor(browser, str(stack.spa_url), **options)
            visitors.enter_context(visitor)
            if user is not None:
                visitor.open("/")
                visitor.log_in(user)
            return visitor

        yield made
