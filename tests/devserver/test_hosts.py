"""The servers of the local stack respond only to names of this machine (DNS rebinding)."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from devserver import sam_local
from devserver.api_server import ApiServer
from devserver.aws.dynamodb import running_dynamodb
from devserver.hosts import REFUSAL, allowed_hosts
from devserver.settings import Engine, LocalStackSettings, StartupError
from devserver.site import running_site
from devserver.startup import running_issuer, running_storage
from devserver.template.deployment import read_deployment
from devserver.wsgi import serving
from tests.support.engines import DEPLOYMENT
from tests.support.stack import free_port

NAME = "host.docker.internal"
OWN = ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "LocalHost:{port}"]
OTHERS = [
    None,
    "",
    "localhost",
    "127.0.0.1",
    "localhost:1",
    "localhost:{port}0",
    "localhost:{port}, evil.example.com",
    "evil.example.com",
    "evil.example.com:{port}",
    "localhost.evil.example.com:{port}",
    "localhost.:{port}",
    "evil-localhost:{port}",
    "127.0.0.2:{port}",
    "0.0.0.0:{port}",
    "192.168.0.10:{port}",
    "[::]:{port}",
    "user@localhost:{port}",
]


def send(port: int, host: str | None, path: str = "/") -> tuple[int, bytes]:
    """Send a request with this `Host`, or with none. Return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_host=True)
        if host is not None:
            connection.putheader("Host", host.format(port=port))
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def running_api(names: tuple[str, ...]) -> Iterator[int]:
    folder = Path(__file__).parent / "gateway"
    deployment = replace(read_deployment(folder / "template.yaml", {}), schedules=())
    sock = socket.create_server(("127.0.0.1", 0))
    server = ApiServer(deployment, {}, environments=1, names=names)
    thread = threading.Thread(target=server.run, args=[sock])
    thread.start()
    port = sock.getsockname()[1]
    send(port, "localhost:{port}")  # waits until it responds, so that it can be stopped
    try:
        yield port
    finally:
        server.stop()
        thread.join()


@contextmanager
def running_server(kind: str, names: tuple[str, ...]) -> Iterator[int]:
    """Run a server of `make dev` as it does, and yield its port."""
    with ExitStack() as parts:
        port = free_port()
        if kind == "API":
            port = parts.enter_context(running_api(names))
        elif kind == "issuer":
            parts.enter_context(running_issuer(f"http://localhost:{port}/", port, names=names))
        elif kind == "site":
            variables = LocalStackSettings.from_environment({}).spa_variables("client")
            parts.enter_context(
                running_site(port, "http://localhost:3000", variables, names, has_app=False)
            )
        elif kind == "S3":
            parts.enter_context(running_storage(port, DEPLOYMENT, names)).first_line()
        else:
            start = parts.enter_context(running_dynamodb(Engine(), port=port, names=names))
            start()
        yield port


@pytest.mark.parametrize("kind", ["API", "issuer", "site", "S3", "DynamoDB"])
def test_a_server_responds_to_its_own_names_only(kind: str) -> None:
    with running_server(kind, (NAME,)) as port:
        for host in [*OWN, f"{NAME}:{{port}}"]:
            assert send(port, host)[0] != 421, host
        for other in OTHERS:
            status, body = send(port, other)
            assert status in (400, 421), other  # 400: HTTP/1.1 itself forbids it
            assert b"evil" not in body
            if status == 421:
                assert body == REFUSAL
        assert send(port, "evil.example.com:{port}") == (421, REFUSAL)


def test_another_name_of_this_machine_must_be_allowed() -> None:
    for kind in ("API", "issuer"):
        with running_server(kind, ()) as port:
            assert send(port, f"{NAME}:{{port}}")[0] == 421


def test_the_address_of_a_socket_is_allowed() -> None:
    """Processes of this machine reach the engine of `make sam-local` at the bridge's address."""
    with (
        socket.create_server(("127.0.0.5", 0)) as sock,
        serving(Flask("empty"), sock),
    ):
        hosts = allowed_hosts((), sock)
        port = sock.getsockname()[1]
        assert f"127.0.0.5:{port}" in hosts
        assert f"127.0.0.6:{port}" not in hosts


def test_the_default_port_may_be_left_out() -> None:
    class OnPort80(socket.socket):
        def getsockname(self) -> tuple[str, int]:
            return "127.0.0.1", 80

    with OnPort80() as sock:
        assert {"localhost", "localhost:80", "[::1]", NAME} < allowed_hosts([NAME], sock)


def test_allowed_hosts_are_names() -> None:
    settings = LocalStackSettings.from_environment(
        {"ALLOWED_HOSTS": f" {NAME}, My-Laptop,10.0.0.5"}
    )
    assert settings.allowed_hosts == (NAME, "my-laptop", "10.0.0.5")
    assert LocalStackSettings.from_environment({"ALLOWED_HOSTS": " "}).allowed_hosts == ()


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*.example.com",
        "a:3000",
        "http://a",
        "a,,b",
        "a b",
        "-a",
        "a.",
        "a\nb",
        "ä",
        ",".join(["a"] * 21),
        "a" * 64,
        "a." * 150 + "a",
    ],
)
def test_anything_else_in_allowed_hosts_is_an_error(text: str) -> None:
    with pytest.raises(StartupError, match="ALLOWED_HOSTS must be"):
        LocalStackSettings.from_environment({"ALLOWED_HOSTS": text})


def test_sam_local_allows_the_name_that_its_containers_use() -> None:
    shipped = json.loads(sam_local.SHIPPED_VARIABLES.read_text())["Parameters"]
    settings = sam_local.settings_for_containers(LocalStackSettings.from_environment({}))
    for variable in ("AUTH0_JWKS_URI", "AWS_ENDPOINT_URL_DYNAMODB"):
        host = shipped[variable].partition("://")[2].partition(":")[0]
        assert host in settings.allowed_hosts
