"""A debugger's side of the Debug Adapter Protocol, as far as a breakpoint needs it.

It has one session with the adapter, and one with each process that the adapter reports.
"""

import json
import queue
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

from tests.support.samples import ROOT
from tests.support.stack import inherited_environment

Message = dict[str, Any]
SECONDS = 60
_KINDS = ("initialize", "disconnect", "stackTrace", "initialized", "debugpyAttach", "stopped")


class Ended(Exception):
    """The other side has closed the session."""


class Session:
    """A session with one process that is debugged."""

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        """Start a session over two streams of bytes."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._sequence = 0
        self._received: dict[str, queue.Queue[Message | None]] = {
            kind: queue.Queue() for kind in _KINDS
        }
        threading.Thread(target=self._read, daemon=True).start()
        self.send("initialize", adapterID="debugpy", pathFormat="path")
        self.next("initialize")

    def begin(self, configuration: Message, breakpoint_at: tuple[Path, int]) -> None:
        """Launch or attach, with a breakpoint at a line of a file."""
        path, line = breakpoint_at
        self.send(configuration["request"], **configuration)
        self.next("initialized")
        where = {"path": str(path)}
        self.send("setBreakpoints", source=where, breakpoints=[{"line": line}])
        self.send("configurationDone")

    def send(self, command: str, **arguments: Any) -> None:
        """Send a request."""
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command}
        body = json.dumps({**request, "arguments": arguments}).encode()
        self._outgoing.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._outgoing.flush()

    def next(self, kind: str) -> Message:
        """Return the body of the next response to a request, or of the next event.

        Raise Ended at the end.
        """
        message = self._received[kind].get(timeout=SECONDS)
        if message is None:
            raise Ended
        assert message.get("success", True), message
        return message.get("body") or {}

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # the session was closed
            while length := self._length():
                message = json.loads(self._incoming.read(length))
                kind = message.get("command") or message.get("event")
                if kind in self._received and message["type"] != "request":
                    self._received[kind].put(message)
        for one in self._received.values():
            one.put(None)

    def _length(self) -> int:
        length = 0
        while line := self._incoming.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return length


class DebugClient:
    """A client that starts a configuration of launch.json, and attaches to its processes."""

    def __init__(
        self, configuration: str, breakpoint_at: tuple[Path, int], variables: dict[str, str]
    ) -> None:
        self._breakpoint = breakpoint_at
        self._parts = ExitStack()
        self.stopped: queue.Queue[tuple[Session, Message]] = queue.Queue()
        launches = json.loads((ROOT / ".vscode" / "launch.json").read_text())["configurations"]
        text = json.dumps(next(one for one in launches if one["name"] == configuration))
        launch = json.loads(text.replace("${workspaceFolder}", str(ROOT)))
        launch["env"] |= variables
        launch["python"] = sys.executable
        launch["console"] = "internalConsole"  # this client has no terminal
        self._configuration = launch

    def __enter__(self) -> Self:
        adapter = self._parts.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "debugpy.adapter"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env=inherited_environment(),
            )
        )
        # Kill the adapter: otherwise it waits for sessions with processes that have ended.
        self._parts.callback(adapter.kill)
        self._main = Session(adapter.stdout, adapter.stdin)
        self._main.begin(self._configuration, self._breakpoint)
        threading.Thread(target=self._attach, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._parts:
            self._main.send("disconnect", terminateDebuggee=True)
            self._main.next("disconnect")

    def _attach(self) -> None:
        with suppress(Ended):
            while True:
                attachment = self._main.next("debugpyAttach")
                address = attachment["connect"]["host"], attachment["connect"]["port"]
                sock = self._parts.enter_context(socket.create_connection(address))
                stream = self._parts.enter_context(sock.makefile("rwb"))
                self._parts.callback(_shut_down, sock)
                session = Session(stream, stream)
                session.begin(attachment, self._breakpoint)
                threading.Thread(target=self._watch, args=[session], daemon=True).start()

    def _watch(self, session: Session) -> None:
        with suppress(Ended):
            self.stopped.put((session, session.next("stopped")))


def _shut_down(sock: socket.socket) -> None:
    """Shut the socket down, so that no read blocks its closing."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
