"""A server whose sockets are closed while it waits for them says nothing of that, and all else."""

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
    """What ended threads."""
    found: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: found.append(args.exc_value))
    return found


def serve_and_fail(monkeypatch: pytest.MonkeyPatch, *, while_in_use: bool) -> None:
    """Serve, with a poll of the sockets that fails in use, or once they are closed."""
    may_fail = threading.Event()

    def poll(*_: Any) -> None:
        may_fail.wait()
        raise CLOSED

    monkeypatch.setattr(wasyncore, "poll", poll)
    with socket.create_server(("127.0.0.1", 0)) as sock, serving(Flask("empty"), sock):
        (thread,) = (one for one in threading.enumerate() if one.name == "serving")
        if while_in_use:
            may_fail.set()
            thread.join()
    may_fail.set()
    thread.join()


def test_a_server_ends_without_a_word(
    raised: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_and_fail(monkeypatch, while_in_use=False)
    assert raised == []


def test_a_server_that_fails_says_so(raised: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    serve_and_fail(monkeypatch, while_in_use=True)
    assert raised == [CLOSED]
