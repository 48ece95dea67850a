"""An editor's side of the Debug Adapter Protocol, as far as a breakpoint needs it: one session with
the adapter, and one with each process that it tells of."""

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
    """The other side has."""


class Session:
    """With one process that is debugged."""

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        """Streams of bytes."""
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
        """Launch or attach, with a breakpoint in a line of a file."""
        path, line = breakpoint_at
        self.send(configuration["request"], **configuration)
        self.next("initialized")
        where = {"path": str(path)}
        self.send("setBreakpoints", source=where, breakpoints=[{"line": line}])
        self.send("configurationDone")

    def send(self, command: str, **arguments: Any) -> None:
        """A request."""
        self._sequence += 1
        request = {"seq": self._sequence, "type": "request", "command": command}
        body = json.dumps({**request, "arguments": arguments}).encode()
        self._outgoing.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._outgoing.flush()

    def next(self, kind: str) -> Message:
        """The body of the next answer to a request, or of the next event. Raises Ended."""
        found = self._received[kind].get(timeout=SECONDS)
        if found is None:
            raise Ended
        assert found.get("success", True), found
        return found.get("body") or {}

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # it was closed
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


class Editor:
    """Starts what a configuration of launch.json says, and attaches to all that it starts."""

    def __init__(
        self, configuration: str, breakpoint_at: tuple[Path, int], variables: dict[str, str]
    ) -> None:
        self._breakpoint = breakpoint_at
        self._parts = ExitStack()
        self.stopped: queue.Queue[tuple[Session, Message]] = queue.Queue()
        launches = json.loads((ROOT / ".vscode" / "launch.json").read_text())["configurations"]
        text = json.dumps(next(one for one in launches if one["name"] == configuration))
        found = json.loads(text.replace("${workspaceFolder}", str(ROOT)))
        found["env"] |= variables
        found["python"] = sys.executable
        found["console"] = "internalConsole"  # this editor has no terminal
        self._configuration = found

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
        # It would wait for the sessions with what has ended.
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
                told = self._main.next("debugpyAttach")
                address = told["connect"]["host"], told["connect"]["port"]
                sock = self._parts.enter_context(socket.create_connection(address))
                stream = self._parts.enter_context(sock.makefile("rwb"))
                self._parts.callback(_hang_up, sock)
                session = Session(stream, stream)
                session.begin(told, self._breakpoint)
                threading.Thread(target=self._watch, args=[session], daemon=True).start()

    def _watch(self, session: Session) -> None:
        with suppress(Ended):
            self.stopped.put((session, session.next("stopped")))


def _hang_up(sock: socket.socket) -> None:
    """So that nobody reads any more, for which closing would wait."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
