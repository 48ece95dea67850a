"""Processes of a torture run: the devserver on Dynoxide with a fault proxy between, clients, and a
killer."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blog.identifiers import author_id
from blog.limits import KINDS, Kind
from devserver.aws.dynamodb import dynamodb_client
from devserver.aws.dynoxide import running_dynoxide
from devserver.issuer.tenant import SPA_CLIENT, Grant, Tenant, User
from devserver.settings import AUDIENCE, AUTHOR_ID_KEY
from devserver.startup import running_issuer
from tests.support.fault_proxy import FaultProxy, running_proxy
from tests.support.stack import DevServer, free_port

UNLIMITED: Mapping[Kind, int] = dict.fromkeys(KINDS, 999_999_999)
PEOPLE = [f"auth0|person-{n}" for n in range(8)]
DELETABLE = PEOPLE[-2:]
AUTHORS = {sub: author_id(sub, AUTHOR_ID_KEY) for sub in PEOPLE}


@dataclass(frozen=True)
class TortureStack:
    """The stack's address, its people's tokens, its proxy, a direct client of its engine, and its
    process."""

    api_url: str
    tokens: dict[str, str]
    proxy: FaultProxy
    client: Any
    process: subprocess.Popen[bytes]


@contextmanager
def running_stack(log: Path) -> Iterator[TortureStack]:
    """Run the whole stack, without faults at first."""
    issuer_port = free_port()
    issuer_url = f"http://localhost:{issuer_port}/"
    with (
        running_issuer(issuer_url, issuer_port) as tenant,
        running_dynoxide("127.0.0.1") as engine,
        running_proxy(engine) as (proxy, address),
    ):
        server = server_of(tenant, address, log)
        with server as stack:
            tokens = tokens_of(tenant, PEOPLE)
            yield TortureStack(
                stack.api_url, tokens, proxy, dynamodb_client(engine), server.process
            )


def server_of(
    tenant: Tenant,
    endpoint: str,
    log: Path,
    per_hour: Mapping[Kind, int] = UNLIMITED,
    **variables: str,
) -> DevServer:
    """Return a devserver on that engine, for the people of that tenant, with these rate limits."""
    limits = {f"{kind.upper()}_PER_HOUR": str(limit) for kind, limit in per_hour.items()}
    return DevServer(
        log,
        DYNAMODB_ENDPOINT=endpoint,
        AUTH0_ISSUER=tenant.issuer,
        AUTH0_AUDIENCE=AUDIENCE,
        **limits,
        **variables,
    )


def tokens_of(tenant: Tenant, subs: Iterable[str]) -> dict[str, str]:
    """Return an access token for each person."""
    grants = {
        sub: Grant(SPA_CLIENT, User(sub, f"{sub}@a.example", "A"), "openid", AUDIENCE)
        for sub in subs
    }
    return {
        sub: tenant.tokens_for_user(grant, "password", 86_400)["access_token"]
        for sub, grant in grants.items()
    }


class Killer:
    """Kills execution environments at random intervals until the block ends."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float, seed: int) -> None:
        self._process = process
        self._seconds = seconds
        self._draw = random.Random(seed)
        self._over = threading.Event()
        self.killed: Counter[str] = Counter()

    def __enter__(self) -> "Killer":
        self._thread = threading.Thread(target=self._kill)
        if self._seconds:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._seconds:
            self._thread.join()

    def _kill(self) -> None:
        while not self._over.wait(self._draw.uniform(0, 2 * self._seconds)):
            environments = _environments(self._process.pid)
            if environments:
                with suppress(ProcessLookupError):  # it ended by itself
                    os.kill(self._draw.choice(environments), signal.SIGKILL)
                    self.killed["execution environments"] += 1


def _environments(parent: int) -> Sequence[int]:
    """Return the devserver's child processes that run functions."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [int(pid) for pid, ppid, args in rows if int(ppid) == parent and "runtime.py" in args]


def start_client(orders: Any) -> subprocess.Popen[str]:
    """Start a client's process with its orders."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.clients"], stdin=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write(orders)
    process.stdin.close()
    return process
