"""A WSGI server in threads of this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

from waitress.server import create_server


@contextmanager
def serving(application: Any, *sockets: socket, threads: int = 4) -> Iterator[None]:
    """Serve an application on these sockets, with `threads` requests at once.

    Close the sockets at the end.
    """
    server = create_server(application, sockets=list(sockets), threads=threads)
    is_ending = threading.Event()

    def run() -> None:
        try:
            server.run()
        except OSError:  # the sockets were closed while it waited for them
            if not is_ending.is_set():
                raise

    threading.Thread(target=run, name="serving", daemon=True).start()
    try:
        yield
    finally:
        is_ending.set()
        server.close()
