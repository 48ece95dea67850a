"""Fixtures for tests in a browser: a stack with the app, and users with browsers.

Without Node.js or Chromium the tests are skipped, and the reason says how to install them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, StorageState, sync_playwright

from devserver.settings import StartupError
from devserver.spa import missing_node
from tests.conftest import LOG_FILES
from tests.support.chromium import OPTIONS, find_chromium
from tests.support.stack import Client, DevServer, Stack
from tests.support.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Stack]:
    """Run a local stack with the app, which saves drafts almost at once."""
    if os.environ.get("API_URL"):
        pytest.skip("the tests in a browser start a stack of their own: leave API_URL out")
    if missing := missing_node():
        pytest.skip(f"the tests in a browser need the app, and {missing}")
    chromium()
    log = tmp_path_factory.mktemp("browser") / "log"
    pytestconfig.stash[LOG_FILES].append(log)
    with DevServer(log, SPA="on", VITE_AUTOSAVE_DELAY="100") as running:
        assert running.spa_url is not None
        assert requests.get(running.spa_url, timeout=150).ok, log.read_text()
        yield running


# Defined again, because pytest caches the fixtures of the parent folder with the stack that they
# were first used with.
@pytest.fixture(scope="package")
def alice(stack: Stack) -> Client:
    return Client(stack, stack.token("alice"))


@pytest.fixture(scope="package")
def bob(stack: Stack) -> Client:
    return Client(stack, stack.token("bob"))


def chromium() -> str:
    """Return the path of Chromium; skip the test if there is none."""
    try:
        return find_chromium()
    except StartupError as e:
        pytest.skip(f"of the tests in a browser: {e}")


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """Open a browser for one module. It ends there, because its event loop runs in this thread."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def sessions() -> dict[str, StorageState]:
    """Keep the storage of a browser after a login, by user. It never contains a token."""
    return {}


@pytest.fixture
def visit(browser: Browser, stack: Stack, sessions: dict[str, StorageState]) -> Iterator[Visit]:
    """Open browsers, with options of their contexts. At the end, fail on all recorded errors.

    A user logs in on the page of the issuer once, and after that silently.
    """
    with ExitStack() as visitors:

        def made(user: str | None = None, **options: Any) -> Visitor:
            if user in sessions:
                options["storage_state"] = sessions[user]
            visitor = Visitor(browser, str(stack.spa_url), **options)
            visitors.enter_context(visitor)
            if user is None:
                return visitor
            visitor.open("/")
            if user not in sessions:
                visitor.log_in(user)
                sessions[user] = visitor.context.storage_state()
            visitor.page.get_by_role("link", name="My posts").wait_for()
            return visitor

        yield made
