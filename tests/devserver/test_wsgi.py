"""A server ends without an error when its sockets are closed, and raises every other error."""

import errno
import socket
import threading
from typing import Any

import pytest
from flask import Flask
from waitress import wasyncore

from devserver.wsgi import serving

CLOSED = OSError(errno.EBADF, "Bad file descriptor")


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect the exceptions that end threads."""
    exceptions: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: exceptions.append(args.exc_value))
    return exceptions


def serve_and_fail(monkeypatch: pytest.MonkeyPatch, *, while_in_use: bool) -> None:
    """Serve with a poll of the sockets that fails, either in use or after they are closed."""
    may_fail = threading.Event()

    def poll(*_: Any) -> None:
        may_fail.wait()
        raise CLOSED

    monkeypatch.setattr(wasyncore, "poll", poll)
    with socket.create_server(("127.0.0.1", 0)) as sock, serving(Flask("empty"), sock):
        (thread,) = (each for each in threading.enumerate() if each.name == "serving")
        if while_in_use:
            may_fail.set()
            thread.join()
    may_fail.set()
    thread.join()


def test_a_server_that_is_closed_prints_no_error(
    raised: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_and_fail(monkeypatch, while_in_use=False)
    assert raised == []


def test_a_server_that_fails_raises_the_error(
    raised: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_and_fail(monkeypatch, while_in_use=True)
    assert raised == [CLOSED]
