"""A WSGI server in threads of this process."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

from waitress.server import create_server

from devserver.hosts import HostCheck, allowed_hosts


@contextmanager
def serving(
    application: Any, *sockets: socket, threads: int = 4, names: Iterable[str] = ()
) -> Iterator[None]:
    """Serve an application on these sockets, with `threads` requests at once.

    Refuse requests to other hosts than this machine and `names`. Close the sockets at the end.
    """
    checked = HostCheck(application, allowed_hosts(names, *sockets))
    server = create_server(checked, sockets=list(sockets), threads=threads)
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
