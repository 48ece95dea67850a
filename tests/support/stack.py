"""A running stack as its clients see it: addresses, tokens, and users of the API."""

import os
import random
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from blog.limits import KINDS
from devserver.issuer.tenant import SPA_CLIENT
from devserver.settings import AUDIENCE, TEMPLATE, LocalStackSettings
from devserver.template.deployment import read_deployment
from tests.support.samples import ROOT

SECONDS_TO_START = 120  # a machine with other work takes up to 40
LEFT_OUT = {"SPA": "off", "DYNAMODB_DATA": "off"}  # unless a test wants it
ALLOWED_ORIGIN = os.environ.get("E2E_ALLOWED_ORIGIN", "*")  # as the stack was deployed
DEPLOYMENT = read_deployment(TEMPLATE, LocalStackSettings.from_environment({}).parameters())
Json = dict[str, Any]


SECONDS_OF_LATE_READS = 1.0  # usually less, says DynamoDB's guide


@dataclass
class Stack:
    """The addresses of a stack, and how to get tokens for it."""

    api_url: str
    issuer_url: str | None
    is_sam_local: bool = False
    log: Path | None = None
    spa_url: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    written_at: float = 0.0

    def wait_for_late_reads(self) -> None:
        """Wait until DynamoDB shows the last write to the public. Local engines do so at once."""
        if self.issuer_url is None:
            time.sleep(max(0.0, self.written_at + SECONDS_OF_LATE_READS - time.monotonic()))

    def token(self, user: str, **form: str) -> str:
        """Return an access token of the local stack's issuer, or the one from the environment."""
        if user in self.tokens and not form:
            return self.tokens[user]
        return str(self.token_response(user, **form)["access_token"])

    def token_response(self, user: str, **form: str) -> Json:
        """Return the issuer's response to the password grant.

        An empty member counts as missing.
        """
        if self.issuer_url is None:
            pytest.skip("needs the local stack's issuer: set ISSUER_URL, or test the devserver")
        request = {
            "grant_type": "password",
            "client_id": SPA_CLIENT,
            "username": f"{user}@example.com",
            "password": "password",
            "audience": AUDIENCE,
            "scope": "openid profile",
        } | form
        response = requests.post(f"{self.issuer_url}oauth/token", data=request, timeout=10)
        assert response.status_code == 200, response.text
        body: Json = response.json()
        return body


class Client:
    """A client of the API with its own connections and, if given, a user's token."""

    def __init__(self, stack: Stack, token: str | None = None) -> None:
        self._stack = stack
        self._session = requests.Session()
        self._session.headers["Origin"] = "http://localhost:5173"
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def send(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request."""
        url = self._stack.api_url + path
        if method not in ("GET", "HEAD"):
            self._stack.written_at = time.monotonic()
        elif "Authorization" not in self._session.headers:
            self._stack.wait_for_late_reads()
        return self._session.request(method, url, timeout=30, allow_redirects=False, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.send("GET", path, **more)

    def create(self, **post: Any) -> Json:
        """Create a post, and return it as the API does."""
        response = self.send("POST", "/posts", json={"title": "A post"} | post)
        assert response.status_code == 201, response.text
        created: Json = response.json()
        return created

    def edit(self, post_id: str, if_match: str | None = None, **changes: Any) -> requests.Response:
        headers = {} if if_match is None else {"If-Match": if_match}
        return self.send("PATCH", f"/posts/{post_id}", json=changes, headers=headers)

    def delete(self, post_id: str, **more: Any) -> requests.Response:
        return self.send("DELETE", f"/posts/{post_id}", **more)


# Tests share a stack, and write more in an hour than a user may.
NO_LIMITS = {f"{kind.upper()}_PER_HOUR": "999999999" for kind in KINDS}


class DevServer:
    """A devserver on free ports. It ends with SIGTERM."""

    def __init__(self, log: Path, **variables: str) -> None:
        ports = free_ports()
        self._variables = {**ports, "TICK": "1", **NO_LIMITS, **variables}
        url = f"http://127.0.0.1:{ports['API_PORT']}"
        self.stack = Stack(url, f"http://localhost:{ports['ISSUER_PORT']}/", log=log)
        if variables.get("SPA") == "on":
            self.stack.spa_url = f"http://localhost:{ports['SPA_PORT']}"
        self._log = log

    def __enter__(self) -> Stack:
        self.process = start_devserver(self._log, self._variables)
        await_health(self.stack.api_url, self.process, self._log)
        return self.stack

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(15) == 0


def start_devserver(log: Path, variables: Json) -> subprocess.Popen[bytes]:
    """Run `python -m devserver` as `make dev` does."""
    path = f"{ROOT / 'layers' / 'auth'}{os.pathsep}{ROOT / 'layers' / 'blog'}"
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "devserver"],
            cwd=ROOT,
            env={**inherited_environment(), "PYTHONPATH": path, **LEFT_OUT, **variables},
            stdout=output,
            stderr=output,
        )


def inherited_environment() -> dict[str, str]:
    """Return this environment without the variables for the handlers' tests."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("AUTH0_", "AWS_"))
    }


def await_health(api_url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the API responds. Fail with the log if it does not."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{api_url}/health", timeout=10).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    process.kill()
    pytest.fail(f"the devserver did not come up:\n{log.read_text()}")


def run_commands(stack: Stack, script: str) -> str:
    """Run the commands of a page against a local stack, and return their output."""
    if stack.issuer_url is None or stack.is_sam_local:
        pytest.skip("these commands are for `make dev`")
    script = script.replace("http://localhost:3000", stack.api_url)
    script = script.replace("http://localhost:9400/", stack.issuer_url)
    port = stack.issuer_url.rstrip("/").rpartition(":")[2]
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env={**inherited_environment(), "ISSUER_PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def await_in_log(log: Path, text: str) -> None:
    """Wait until the log of a stack contains a text. Fail after SECONDS_TO_START."""
    deadline = time.monotonic() + SECONDS_TO_START
    while text not in log.read_text():
        assert time.monotonic() < deadline, f"the log does not contain {text!r}"
        time.sleep(0.1)


def free_ports() -> dict[str, str]:
    """Return free ports for a separate local stack."""
    return {f"{name}_PORT": str(free_port()) for name in ("API", "ISSUER", "SPA", "S3")}


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is free, and that no other test process returns.

    It is below the ports that the system gives to clients. A UDP socket of the same number reserves
    it until this process ends, and the TCP port stays free for the server under test.
    """
    while True:
        port = random.randint(15_000, 30_000)
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                reservation.detach()  # it stays open until this process ends
                return port
        except OSError:
            reservation.close()


def problem(response: requests.Response, status: int) -> Json:
    """Check that an error is problem JSON that other origins can read, and return its body."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    body: Json = response.json()
    assert body["status"] == status
    assert {"type", "title", "detail"} <= body.keys()
    return body
