"""`make dev`: its output, its processes, and its open ports."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from devserver.startup import running_issuer
from tests.support.samples import ROOT
from tests.support.stack import (
    LEFT_OUT,
    SECONDS_TO_START,
    await_health,
    free_port,
    free_ports,
    inherited_environment,
    start_devserver,
)

PATH = f"{ROOT / 'layers' / 'auth'}{os.pathsep}{ROOT / 'layers' / 'blog'}"


def _descendants(pid: int) -> list[int]:
    """Return all descendants of a process, found with ps."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = [tuple(map(int, line.split())) for line in listing.splitlines()]
    response, layer = [], [pid]
    while layer:
        layer = [child for child, parent in parents if parent in layer]
        response += layer
    return response


def run(module: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": PATH, **LEFT_OUT, **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_START,
        check=False,
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_responds_to_this_machine_only_and_leaves_no_process_behind(
    tmp_path: Path, ending: int
) -> None:
    ports = free_ports()
    log = tmp_path / "log"
    process = start_devserver(log, ports)
    api = f"http://127.0.0.1:{ports['API_PORT']}"
    await_health(api, process, log)
    posts = requests.get(f"{api}/posts", timeout=10).json()["items"]
    assert len(posts) >= 3, "the sample posts exist before /health responds"
    data_port = re.search(r"Data\s+http://127\.0\.0\.1:(\d+)", log.read_text())
    assert data_port is not None
    # 127.0.0.2 is this machine too: a server that listens on all addresses would respond there
    for port in (*map(int, ports.values()), int(data_port[1])):
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", port)) == 0
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.2", port)) != 0
    children = _descendants(process.pid)
    assert len(children) >= 2
    process.send_signal(ending)
    assert process.wait(10) == 0
    time.sleep(0.2)
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    text = log.read_text()
    assert f"http://localhost:{ports['API_PORT']}" in text
    assert f"http://localhost:{ports['SPA_PORT']} (to read only, without the app: SPA=off)" in text
    assert "gone when this ends" in text
    assert "Traceback" not in text


def _may_trace_its_parent() -> bool:
    """Return whether a process sees signals that its parent ignores (kernel.yama.ptrace_scope)."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    is_restricted = scope.exists() and scope.read_text().strip() != "0"
    return sys.platform == "linux" and (not is_restricted or os.geteuid() == 0)


@pytest.mark.skipif(
    not _may_trace_its_parent(),
    reason="needs Linux with kernel.yama.ptrace_scope=0: make does not pass SIGINT on",
)
@pytest.mark.parametrize(
    "start",
    ["{make} & echo $! > {pid}; wait $!", "echo $$ > {pid}; exec {make}"],
    ids=["make ignores SIGINT", "only make gets SIGINT"],
)
def test_sigint_to_make_ends_everything(tmp_path: Path, start: str) -> None:
    ports, log, pid = free_ports(), tmp_path / "log", tmp_path / "pid"
    # The environment of this run, which must not be set up again.
    make = f"make --no-print-directory --old-file=.venv/ready PY={sys.executable} dev"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["sh", "-c", start.format(make=make, pid=pid)],
            cwd=ROOT,
            env={**inherited_environment(), **LEFT_OUT, **ports},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        await_health(f"http://127.0.0.1:{ports['API_PORT']}", shell, log)
        descendants = _descendants(int(pid.read_text()))
        assert len(descendants) >= 3
        os.kill(int(pid.read_text()), signal.SIGINT)
        shell.wait(15)
        time.sleep(0.2)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
    for child in descendants:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
    for port in ports.values():
        with socket.socket() as sock:
            assert sock.connect_ex(("127.0.0.1", int(port))) != 0
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("variable", ["API_PORT", "ISSUER_PORT", "SPA_PORT", "S3_PORT"])
def test_a_port_in_use_is_a_clear_error(variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = str(sock.getsockname()[1])
        result = run("devserver", **free_ports() | {variable: port})
    assert result.returncode == 1
    assert f"Port {port} is taken" in result.stderr
    assert f"{variable}=" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_in_use_on_another_address_of_localhost_is_an_error() -> None:
    if "::1" not in {address[4][0] for address in socket.getaddrinfo("localhost", None)}:
        pytest.skip("localhost has only 127.0.0.1: add ::1 localhost to /etc/hosts")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as sock:
        port = str(sock.getsockname()[1])
        result = run("devserver", **free_ports() | {"API_PORT": port})
    assert f"Port {port} is taken" in result.stderr


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"API_PORT": "many"}, "API_PORT"),
        ({"ENVIRONMENTS": "0"}, "ENVIRONMENTS"),
        ({"AUTH0_DOMAIN": "tenant.example.com"}, "AUTH0_AUDIENCE"),
        ({"AUTH0_DOMAIN": "https://tenant.example.com", "AUTH0_AUDIENCE": "x"}, "AUTH0_DOMAIN"),
        ({"AUTH0_AUDIENCE": "https://api"}, "AUTH0_DOMAIN"),
        ({**free_ports(), "DYNAMODB_ENDPOINT": "http://127.0.0.1:9"}, "DYNAMODB_ENDPOINT"),
        ({**free_ports(), "DYNAMODB_ENDPOINT": "nonsense"}, "DYNAMODB_ENDPOINT"),
        ({"DYNAMODB": "local"}, "DYNAMODB must be moto or dynoxide"),
        ({"TIMEOUTS": "never"}, "TIMEOUTS must be on or off"),
        ({"COMMENTS_PER_HOUR": "none"}, "COMMENTS_PER_HOUR"),
    ],
)
def test_an_invalid_variable_is_named(variables: dict[str, str], named: str) -> None:
    result = run("devserver", **variables)
    assert result.returncode == 1
    assert named in result.stderr
    assert "Traceback" not in result.stderr


def _command(folder: Path, name: str, exit_code: int) -> None:
    """Create a command that only succeeds or fails."""
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)


def test_an_engine_that_cannot_be_built_names_the_missing_tool(tmp_path: Path) -> None:
    variables = {"DYNAMODB": "dynoxide", "XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}
    result = run("devserver", **variables, **free_ports())
    assert result.returncode == 1
    assert "needs Rust's Cargo" in result.stderr
    _command(tmp_path, "cargo", 1)
    result = run("devserver", **variables, **free_ports())
    assert result.returncode == 1
    assert "Dynoxide could not be built" in result.stderr
    assert "Traceback" not in result.stderr


def test_make_test_sam_local_names_the_missing_tool(tmp_path: Path) -> None:
    result = run("tests.support.sam_local", PATH=str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("make test-sam-local: SAM CLI is missing")


def test_make_sam_local_names_the_missing_tool(tmp_path: Path) -> None:
    for missing, (name, exit_code) in {
        "SAM CLI is missing": ("sam", 0),
        "Python 3.13 is missing": ("python3.13", 0),
        "Docker is missing": ("docker", 1),
        "Docker does not respond": ("docker", 0),
    }.items():
        result = run("devserver.sam_local", PATH=str(tmp_path), **free_ports())
        assert result.returncode == 1
        assert missing in result.stderr
        assert "Traceback" not in result.stderr
        _command(tmp_path, name, exit_code)


def test_make_token_prints_only_a_token() -> None:
    port = free_port()
    with running_issuer(f"http://localhost:{port}/", port):
        result = run("devserver.token", ISSUER_PORT=str(port), TOKEN_USER="bob")
        unknown = run("devserver.token", ISSUER_PORT=str(port), TOKEN_USER="mallory")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", result.stdout)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "alice, bob, moderator" in unknown.stderr


def test_make_token_refuses_an_invalid_lifetime() -> None:
    result = run("devserver.token", EXPIRES_IN="abc")
    assert (result.returncode, result.stdout) == (1, "")
    assert "EXPIRES_IN" in result.stderr


def test_make_token_without_an_issuer_explains_how_to_start_one() -> None:
    result = run("devserver.token", ISSUER_PORT=str(free_port()))
    assert (result.returncode, result.stdout) == (1, "")
    assert "make dev" in result.stderr


def test_make_token_for_a_real_tenant_explains_how_to_get_a_token() -> None:
    result = run("devserver.token", AUTH0_DOMAIN="tenant.example.com", AUTH0_AUDIENCE="https://api")
    assert (result.returncode, result.stdout) == (1, "")
    assert "real tenant" in result.stderr
