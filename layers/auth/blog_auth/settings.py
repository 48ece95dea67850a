"""The trusted issuers and the audience, read once from the environment.

They are plain dataclasses, because importing pydantic would slow the authorizer's cold start.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from blog_auth.errors import SettingsError

# Hosts where plain http is no risk: this machine, and the machine that a container runs on.
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal"})

DEFAULT_KEYS_MAX_AGE = 86_400

_ADDRESS_CHARACTERS = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*|[0-9a-f:]+")
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.I)


@dataclass(frozen=True)
class Issuer:
    """An issuer's name in its tokens (RFC 7519 §4.1.1), and the address of its keys."""

    name: str
    jwks_uri: str


@dataclass(frozen=True)
class Settings:
    """The trusted issuers, the main one first, and the API's own audience.

    `client_ids` are the applications whose tokens are accepted; if it is empty, all are.
    `keys_max_age` is how long known keys stay valid while fetches fail, in seconds.
    """

    issuers: tuple[Issuer, ...]
    audience: str
    client_ids: frozenset[str] = frozenset()
    keys_max_age: float = DEFAULT_KEYS_MAX_AGE

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read `AUTH0_DOMAIN` or `AUTH0_ISSUER`, `AUTH0_AUDIENCE`, and the optional variables.

        `AUTH0_ISSUER` may be a comma-separated list of addresses of one tenant. `AUTH0_JWKS_URI`
        replaces the key address of the first issuer. `AUTH0_CLIENT_IDS` is a comma-separated list
        of applications. `AUTH0_KEYS_MAX_AGE` is in seconds. An empty variable counts as absent.

        Raises SettingsError, which names the variable.
        """
        names = _issuer_names(environment)
        audience = environment.get("AUTH0_AUDIENCE", "")
        if not audience:
            raise SettingsError("AUTH0_AUDIENCE", "is missing: the API's identifier at Auth0")
        if audience != audience.strip():
            raise SettingsError("AUTH0_AUDIENCE", "must not have white space around it")
        jwks_uris = [f"{name}.well-known/jwks.json" for name in names]
        if jwks_uri := environment.get("AUTH0_JWKS_URI", ""):
            _check_address("AUTH0_JWKS_URI", jwks_uri)
            jwks_uris[0] = jwks_uri
        return cls(
            issuers=tuple(map(Issuer, names, jwks_uris)),
            audience=audience,
            client_ids=_client_ids(environment),
            keys_max_age=_keys_max_age(environment),
        )


def _client_ids(environment: Mapping[str, str]) -> frozenset[str]:
    listed = environment.get("AUTH0_CLIENT_IDS", "")
    names = [name.strip() for name in listed.split(",")] if listed else []
    if not all(names):
        raise SettingsError("AUTH0_CLIENT_IDS", "holds an empty name")
    return frozenset(names)


def _keys_max_age(environment: Mapping[str, str]) -> float:
    text = environment.get("AUTH0_KEYS_MAX_AGE", "") or str(DEFAULT_KEYS_MAX_AGE)
    if not text.isascii() or not text.isdecimal() or not 600 <= int(text) <= 604_800:
        raise SettingsError("AUTH0_KEYS_MAX_AGE", "must be 600 to 604800 seconds")
    return float(text)


def _issuer_names(environment: Mapping[str, str]) -> list[str]:
    domain = environment.get("AUTH0_DOMAIN", "")
    listed = environment.get("AUTH0_ISSUER", "")
    if domain and listed:
        raise SettingsError("AUTH0_DOMAIN", "and AUTH0_ISSUER are both set: set one of them")
    if domain:
        if not _HOST_NAME.fullmatch(domain):
            raise SettingsError("AUTH0_DOMAIN", "must be a host name, such as tenant.eu.auth0.com")
        return [f"https://{domain.lower()}/"]
    if not listed:
        raise SettingsError("AUTH0_DOMAIN", "or AUTH0_ISSUER is missing: the tenant to trust")
    names = [name.strip() for name in listed.split(",")]
    for name in names:
        _check_address("AUTH0_ISSUER", name)
        if not name.endswith("/"):
            raise SettingsError("AUTH0_ISSUER", "must end with a slash, as Auth0's issuers do")
    if len(set(names)) < len(names):
        raise SettingsError("AUTH0_ISSUER", "names an issuer twice")
    return names


def _check_address(variable: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # reading an invalid port raises ValueError
    except ValueError:
        host = None
    if (
        not host
        or parts.username is not None
        or parts.query
        or parts.fragment
        or not _ADDRESS_CHARACTERS.fullmatch(address)
        or not _HOST.fullmatch(host)
    ):
        raise SettingsError(variable, "must be an address such as https://tenant.eu.auth0.com/")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL_HOSTS):
        raise SettingsError(variable, "must start with https://")
