"""An editor's side of the Debug Adapter Protocol, as far as a breakpoint needs it: one session with
the adapter, and one with each process that it tells of."""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.e2e.stack import inherited_environment
from tests.support import ROOT

Message = dict[str, Any]
SECONDS = 60


class Session:
    """With one process that is debugged."""

    def __init__(self, incoming: Any, outgoing: Any) -> None:
        """Streams of bytes."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._sequence = 0
        self._received: queue.Queue[Message] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.send("initialize", adapterID="debugpy", pathFormat="path")
        self.answer("initialize")

    def begin(self, configuration: Message, breakpoint_at: tuple[Path, int]) -> None:
        """Launch or attach, with a breakpoint in a line of a file."""
        path, line = breakpoint_at
        self.send(configuration["request"], **configuration)
        self.event("initialized")
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

    def answer(self, command: str) -> Message:
        """The body of the answer to it."""
        found = self._next(lambda one: one.get("command") == command)
        assert found["success"], found
        return found.get("body") or {}

    def event(self, name: str) -> Message:
        """The body of the next event of that name."""
        return self._next(lambda one: one.get("event") == name).get("body") or {}

    def _next(self, is_wanted: Callable[[Message], bool]) -> Message:
        until = time.monotonic() + SECONDS
        while True:
            message = self._received.get(timeout=max(0, until - time.monotonic()))
            if is_wanted(message):
                return message

    def _read(self) -> None:
        while True:
            length = 0
            while line := self._incoming.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                return
            self._received.put(json.loads(self._incoming.read(length)))


class Editor:
    """Starts what a configuration of launch.json says, and attaches to all that it starts."""

    def __init__(
        self, configuration: str, breakpoint_at: tuple[Path, int], variables: dict[str, str]
    ) -> None:
        self._breakpoint = breakpoint_at
        self.stopped: queue.Queue[tuple[Session, Message]] = queue.Queue()
        launches = json.loads((ROOT / ".vscode" / "launch.json").read_text())["configurations"]
        text = json.dumps(next(one for one in launches if one["name"] == configuration))
        found = json.loads(text.replace("${workspaceFolder}", str(ROOT)))
        found["env"] |= variables
        found["python"] = sys.executable
        found["console"] = "internalConsole"  # this editor has no terminal
        self._configuration = found

    def __enter__(self) -> Self:
        self._adapter = subprocess.Popen(
            [sys.executable, "-m", "debugpy.adapter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=inherited_environment(),
        )
        assert self._adapter.stdin is not None
        assert self._adapter.stdout is not None
        self._main = Session(self._adapter.stdout, self._adapter.stdin)
        self._main.begin(self._configuration, self._breakpoint)
        threading.Thread(target=self._attach, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._adapter:  # which closes its pipes
            self._main.send("disconnect", terminateDebuggee=True)
            self._main.answer("disconnect")
            self._adapter.kill()  # it would wait for the sessions with what has ended

    def _attach(self) -> None:
        while True:
            told = self._main.event("debugpyAttach")
            address = told["connect"]["host"], told["connect"]["port"]
            stream = socket.create_connection(address).makefile("rwb")
            session = Session(stream, stream)
            session.begin(told, self._breakpoint)
            threading.Thread(target=self._watch, args=[session], daemon=True).start()

    def _watch(self, session: Session) -> None:
        self.stopped.put((session, session.event("stopped")))
