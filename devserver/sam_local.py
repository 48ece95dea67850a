"""Run the API in Lambda's containers with SAM CLI: `make sam-local`.

It builds for this machine's architecture. Then it starts the issuer, DynamoDB and S3 where only
containers and this machine reach them, and `sam local start-api`. One Ctrl-C or SIGTERM ends all of
it.
"""

import asyncio
import json
import os
import platform
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from devserver.settings import ROOT, LocalStackSettings, StartupError, bound_socket, port_setting
from devserver.signals import treat_sigterm_as_interrupt
from devserver.template.intrinsics import LOCAL_CREDENTIAL, REGION

if TYPE_CHECKING:
    from devserver.startup import Backends

CONTAINERS_HOST = "host.docker.internal"
SHIPPED_VARIABLES = ROOT / "devserver" / "sam-local.json"
BUILD = ROOT / ".aws-sam" / "local"  # apart from `make build`, whose result is deployed
SECONDS_TO_END = 30
SIOCGIFADDR = 0x8915

GREETING = """
  API     {api}   (sam local; the first request of each function starts its container)
  Issuer  {issuer}
"""


def main() -> int:
    """Check the tools, build, start everything, and wait. Return the exit code."""
    treat_sigterm_as_interrupt()
    try:
        settings = settings_for_containers(LocalStackSettings.from_environment())
        dynamodb_port = port_setting(os.environ, "DYNAMODB_PORT", 8000)
        check_tools()
        bridge = _bridge_address()
        _check_ports(settings, bridge, dynamodb_port)
        from devserver.startup import running_backends  # noqa: PLC0415 - slow

        _build()
        with running_backends(settings, bridge, dynamodb_port) as backends:
            greeting = GREETING.format(api=settings.api_url, issuer=settings.issuer_url)
            print(greeting, file=sys.stderr)
            variables = _variables_file(settings, dynamodb_port)
            with _sam_local(settings.api_port, variables) as sam:
                return asyncio.run(_wait_for_end(sam, backends, settings.tick))
    except StartupError as e:
        print(f"make sam-local: {e}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as e:
        print(f"make sam-local: {e.cmd[0]} failed. {e.stderr or ''}", file=sys.stderr)
        return e.returncode
    except KeyboardInterrupt:
        return 0


def settings_for_containers(settings: LocalStackSettings) -> LocalStackSettings:
    """Return settings that allow the name by which containers reach the issuer and DynamoDB."""
    return replace(settings, allowed_hosts=(*settings.allowed_hosts, CONTAINERS_HOST))


def _check_ports(settings: LocalStackSettings, bridge: str, dynamodb_port: int) -> None:
    """Raise StartupError if a port is taken. The build takes long, so this comes first."""
    bound_socket("API_PORT", settings.api_port).close()
    bound_socket("S3_PORT", settings.s3_port).close()
    bound_socket("DYNAMODB_PORT", dynamodb_port, bridge).close()


def _build() -> None:
    """Build the functions for this machine's architecture."""
    build = ["sam", "build", "--build-dir", str(BUILD), "--parameter-overrides", _architecture()]
    subprocess.run(build, cwd=ROOT, check=True)


async def _wait_for_end(
    sam: subprocess.Popen[bytes], backends: "Backends", tick: float | None
) -> int:
    """Wait for the end of SAM CLI, and return its exit code.

    Meanwhile, scheduled functions and those that uploads trigger run outside of containers, because
    sam local supports neither.
    """
    from devserver.lambda_.environments import running_pools  # noqa: PLC0415 - slow
    from devserver.lambda_.eventbridge import running_events  # noqa: PLC0415 - slow

    async with (
        running_pools(backends.deployment.functions, backends.variables, 1) as pools,
        running_events(backends.deployment, pools, backends.storage, tick),
    ):
        while (code := sam.poll()) is None:
            await asyncio.sleep(0.2)
        return code


def check_tools() -> None:
    """Raise StartupError if a tool is missing. It says how to get the tool."""
    if shutil.which("sam") is None:
        raise StartupError("SAM CLI is missing. `make sam-local` installs it.")
    if not _runs("python3.13", "--version"):
        raise StartupError(
            "Python 3.13 is missing. It is the functions' runtime, and sam build needs it."
        )
    if shutil.which("docker") is None:
        raise StartupError("Docker is missing. sam local runs the functions in its containers.")
    if not _runs("docker", "info"):
        raise StartupError("Docker does not respond: start its engine, or get the right to use it.")


def _runs(*command: str) -> bool:
    with suppress(OSError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False


def _bridge_address() -> str:
    """Return the address of this machine that containers reach, and nothing else does.

    Docker Desktop forwards the loopback of its host instead.
    """
    if platform.system() != "Linux":
        return "127.0.0.1"
    query = '{{index .Options "com.docker.network.bridge.name"}}'
    inspected = subprocess.run(
        ["docker", "network", "inspect", "bridge", "--format", query],
        capture_output=True,
        text=True,
        check=True,
    )
    return _address_of_interface(inspected.stdout.strip())


def _address_of_interface(name: str) -> str:
    """Return the IPv4 address of a network interface (Linux, netdevice(7))."""
    import fcntl  # noqa: PLC0415 - Windows has none

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            packed = fcntl.ioctl(sock, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
        except OSError as e:
            raise StartupError(
                f"Docker's bridge {name} is not on this machine. Is Docker rootless? "
                "Containers cannot reach the issuer and DynamoDB."
            ) from e
    return socket.inet_ntoa(packed[20:24])


def _architecture() -> str:
    """Return the template's parameter for this machine's architecture."""
    name = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return f"Architecture={name}"


def _variables_file(settings: LocalStackSettings, dynamodb_port: int) -> Path:
    """Write the variables of the repository with the ports and the tenant of this run."""
    document = json.loads(SHIPPED_VARIABLES.read_text())
    variables = document["Parameters"]
    variables["AWS_ENDPOINT_URL_DYNAMODB"] = (
        settings.engine.endpoint or f"http://{CONTAINERS_HOST}:{dynamodb_port}"
    )
    # The address for browsers: functions sign addresses for them, and do not call S3 themselves.
    variables["AWS_ENDPOINT_URL_S3"] = settings.s3_url
    keys = f"http://{CONTAINERS_HOST}:{settings.issuer_port}/.well-known/jwks.json"
    parameters = settings.parameters()
    variables |= {
        "AUTH0_DOMAIN": parameters["Auth0Domain"],
        "AUTH0_ISSUER": parameters["Auth0Issuer"],
        "AUTH0_AUDIENCE": parameters["Auth0Audience"],
        "AUTH0_JWKS_URI": "" if settings.uses_real_tenant else keys,
    }
    path = ROOT / ".aws-sam" / "sam-local.json"
    path.write_text(json.dumps(document, indent=2))
    return path


@contextmanager
def _sam_local(port: int, variables: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `sam local start-api`, and end it with SIGTERM: in the background it ignores SIGINT."""
    sam = subprocess.Popen(
        [
            "sam",
            "local",
            "start-api",
            "--template",
            str(BUILD / "template.yaml"),
            "--config-file",  # otherwise SAM CLI looks for one beside the template
            str(ROOT / "samconfig.toml"),
            "--port",
            str(port),
            "--env-vars",
            str(variables),
            "--parameter-overrides",
            _architecture(),
        ],
        cwd=ROOT,
        env=_with_local_credentials(os.environ),
        start_new_session=True,
    )
    try:
        yield sam
    finally:
        with suppress(ProcessLookupError):
            os.killpg(sam.pid, signal.SIGTERM)
        try:
            sam.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            os.killpg(sam.pid, signal.SIGKILL)


def _with_local_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the local credentials and the table's region."""
    return {
        **environment,
        "AWS_ACCESS_KEY_ID": LOCAL_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": LOCAL_CREDENTIAL,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
    }


if __name__ == "__main__":
    sys.exit(main())
