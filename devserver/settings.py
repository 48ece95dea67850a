"""Settings of the local stack, from environment variables, with errors that name the variable."""

import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blog.limits import PER_HOUR
from blog_auth.errors import SettingsError
from blog_auth.settings import Settings

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "template.yaml"
TENANT_VARIABLES = ("AUTH0_DOMAIN", "AUTH0_ISSUER", "AUTH0_AUDIENCE")
AUDIENCE = "https://blog.example.com/api"  # of the API, at the local issuer
SPA_PORT = 5173  # unless the variable of this name says otherwise
MAX_ALLOWED_HOSTS = 20
# Fixed, so that authors keep their ids between starts. Not a secret, and used nowhere else.
AUTHOR_ID_KEY = "author-ids-of-the-local-stack-are-public"


class StartupError(Exception):
    """The local stack cannot start, for a reason that its user can remove."""


@dataclass(frozen=True)
class Engine:
    """The DynamoDB engine: moto, Dynoxide, or one that runs already at an address.

    Dynoxide keeps its data in a folder, or in memory without one.
    """

    is_dynoxide: bool = False
    endpoint: str | None = None
    folder: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Engine":
        """Read the engine's variables. Raises StartupError, which names the wrong variable."""
        name = environment.get("DYNAMODB") or "moto"
        if name not in ("moto", "dynoxide"):
            raise StartupError(f"DYNAMODB must be moto or dynoxide, not {name!r}.")
        data = environment.get("DYNAMODB_DATA") or ROOT / ".dynamodb"
        folder = None if data == "off" else Path(data).absolute()
        return cls(name == "dynoxide", environment.get("DYNAMODB_ENDPOINT") or None, folder)

    def __str__(self) -> str:
        """Describe the engine for the greeting."""
        if self.endpoint is not None:
            return "as DYNAMODB_ENDPOINT says"
        if not self.is_dynoxide:
            return "moto, in memory: gone when this ends"
        return (
            f"Dynoxide, kept in {self.folder}"
            if self.folder
            else "Dynoxide, in memory: gone when this ends"
        )


@dataclass(frozen=True)
class LocalStackSettings:
    """Ports, addresses and switches of the local stack.

    `environments` limits the execution environments of a function. `tick` is the interval of
    scheduled functions in seconds, or None for the template's. `per_hour` has the rate limits of
    users by kind. `allowed_hosts` are names of this machine beside localhost.
    """

    api_port: int
    issuer_port: int
    spa_port: int
    serves_spa: bool
    s3_port: int
    environments: int
    tick: int | None
    has_timeouts: bool
    engine: Engine
    per_hour: Mapping[str, int]
    auth0_issuer: str | None
    auth0_domain: str | None
    auth0_audience: str
    auth0_client_id: str | None
    allowed_hosts: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "LocalStackSettings":
        """Read all variables. Raises StartupError, which names the wrong variable."""
        tenant = {name: environment.get(name, "") for name in TENANT_VARIABLES}
        if any(tenant.values()):
            try:
                Settings.from_environment(tenant)
            except SettingsError as e:
                raise StartupError(f"{e}.") from e
        return cls(
            api_port=port_setting(environment, "API_PORT", 3000),
            issuer_port=port_setting(environment, "ISSUER_PORT", 9400),
            spa_port=port_setting(environment, "SPA_PORT", SPA_PORT),
            serves_spa=_switch(environment, "SPA"),
            s3_port=port_setting(environment, "S3_PORT", 9401),
            environments=_number(environment, "ENVIRONMENTS", 4, "a number from 1 to 100", 100),
            tick=_number(environment, "TICK", 0, "a number of seconds", 3600)
            if environment.get("TICK")
            else None,
            has_timeouts=_switch(environment, "TIMEOUTS"),
            engine=Engine.from_environment(environment),
            per_hour={
                kind: _number(environment, f"{kind.upper()}_PER_HOUR", limit, "a number", 10**9 - 1)
                for kind, limit in PER_HOUR.items()
            },
            auth0_issuer=tenant["AUTH0_ISSUER"] or None,
            auth0_domain=tenant["AUTH0_DOMAIN"] or None,
            auth0_audience=tenant["AUTH0_AUDIENCE"] or AUDIENCE,
            auth0_client_id=environment.get("AUTH0_CLIENT_ID") or None,
            allowed_hosts=_host_names(environment),
        )

    @property
    def uses_real_tenant(self) -> bool:
        """Return whether tokens come from Auth0 and not from the local issuer."""
        return bool(self.auth0_domain or self.auth0_issuer)

    @property
    def api_url(self) -> str:
        """Return the address of the API."""
        return f"http://localhost:{self.api_port}"

    @property
    def issuer_url(self) -> str:
        """Return the address of the local issuer, with its final slash."""
        return f"http://localhost:{self.issuer_port}/"

    @property
    def spa_url(self) -> str:
        """Return the address of the site with the app."""
        return f"http://localhost:{self.spa_port}"

    @property
    def s3_url(self) -> str:
        """Return the address at which browsers upload and fetch images."""
        return f"http://localhost:{self.s3_port}"

    def parameters(self) -> dict[str, str]:
        """Return the template's parameters for this machine."""
        return {
            "Auth0Domain": self.auth0_domain or "",
            "Auth0Issuer": self.auth0_issuer or ("" if self.auth0_domain else self.issuer_url),
            "Auth0Audience": self.auth0_audience,
            "AuthorIdKey": AUTHOR_ID_KEY,
            "SiteUrl": self.spa_url,
            "Cdn": "on",  # the local stack serves the site as CloudFront does
            "StoredText": "compressed",
            **{f"{_camel_case(kind)}PerHour": str(limit) for kind, limit in self.per_hour.items()},
        }

    def check_ports(self) -> None:
        """Raise StartupError if one of the ports is taken."""
        bound_socket("API_PORT", self.api_port).close()
        bound_socket("SPA_PORT", self.spa_port).close()
        bound_socket("S3_PORT", self.s3_port).close()
        if not self.uses_real_tenant:
            bound_socket("ISSUER_PORT", self.issuer_port).close()

    def spa_variables(self, client_id: str) -> dict[str, str]:
        """Return the variables for the app's build.

        The client is the local one unless a tenant's is set.
        """
        issuer, _, _ = (self.auth0_issuer or self.issuer_url).partition(",")
        domain = self.auth0_domain or issuer.strip().rstrip("/")
        return {
            "VITE_API_URL": self.api_url,
            "VITE_MEDIA_ORIGIN": self.s3_url,
            "VITE_AUTH0_DOMAIN": domain,
            "VITE_AUTH0_CLIENT_ID": self.auth0_client_id or client_id,
            "VITE_AUTH0_AUDIENCE": self.auth0_audience,
        }


def cache_folder() -> Path:
    """Return the folder for files that can be made again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "serverless-blog"


def bound_socket(variable: str, port: int, host: str = "127.0.0.1") -> socket.socket:
    """Return a socket that is bound to a port.

    Raises StartupError if another process has the port, also on another address of `localhost`,
    such as ::1: clients would reach that process instead.
    """
    advice = f"end the process that uses it, or choose another port with {variable}=..."
    if host == "127.0.0.1" and port and _accepts_connections("localhost", port):
        raise StartupError(f"Port {port} is taken: {advice}")
    # asyncio sets TCP_NODELAY only if the protocol is named. Without it, every response on a
    # persistent connection waits 40 ms for an acknowledgement.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as e:
        sock.close()
        raise StartupError(f"Port {port} is taken ({e.strerror}): {advice}") from e
    return sock


def _accepts_connections(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def port_setting(environment: Mapping[str, str], variable: str, default: int) -> int:
    """Return the port that a variable names. Raises StartupError if it is not a port number."""
    return _number(environment, variable, default, "a port number", 65535)


def _camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _host_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the host names of `ALLOWED_HOSTS`. Raises StartupError if one is not a host name.

    A name has no port: each server adds its own. There is no wildcard, because it would let DNS
    rebinding through.
    """
    text = environment.get("ALLOWED_HOSTS") or ""
    names = [name.strip().lower() for name in text.split(",")] if text.strip() else []
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1123 §2.1
    if len(names) > MAX_ALLOWED_HOSTS or not all(
        len(name) <= 253 and re.fullmatch(rf"{label}(\.{label})*", name) for name in names
    ):
        raise StartupError(
            f"ALLOWED_HOSTS must be at most {MAX_ALLOWED_HOSTS} host names, separated by commas "
            "and without ports."
        )
    return tuple(names)


def _switch(environment: Mapping[str, str], variable: str) -> bool:
    text = environment.get(variable) or "on"
    if text not in ("on", "off"):
        raise StartupError(f"{variable} must be on or off, not {text!r}.")
    return text == "on"


def _number(
    environment: Mapping[str, str], variable: str, default: int, kind: str, highest: int
) -> int:
    text = environment.get(variable) or str(default)
    with suppress(ValueError):
        if 0 < int(text) <= highest:
            return int(text)
    raise StartupError(f"{variable} must be {kind}, not {text!r}.")
