"""An issuer's public keys: fetched, checked, kept, and fetched again when it is time.

PyJWT's own client drops good keys when a fetch fails and fetches for every unknown key id, so
that anyone can make it call the issuer. This one keeps the keys it has and counts its attempts.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from blog_auth.errors import Undecided

SOFT_TTL = 600.0  # seconds after which keys are fetched again
HARD_TTL = 86_400.0  # seconds for which known keys serve on while fetches fail
COOL_DOWN = 30.0  # seconds between two attempts to fetch, whatever became of them
FETCH_SECONDS = 3.0  # for a whole fetch
MAX_BYTES = 65_536
MIN_KEY_BITS = 2048
MIN_EXPONENT = 65_537

Fetch = Callable[[str], bytes]


class KeySetUnusable(Exception):
    """The issuer's key set could not be fetched, or what came is no key set."""


class KeySet:
    """The signing keys behind one JWKS address (RFC 7517), for many threads at once.

    The clock is that of the wall, because a monotonic one stands still in a SnapStart snapshot.
    """

    def __init__(
        self, uri: str, *, fetch: Fetch | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._uri = uri
        self._fetch = fetch or fetch_bytes
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = float("-inf")
        self._attempted_at = float("-inf")

    def preload(self) -> None:
        """Fetch ahead of the first token, at a cold start; a failure is left to that token."""
        with self._lock:
            self._refresh()
            self._attempted_at = float("-inf")

    def key(self, key_id: str) -> PyJWK | None:
        """The key of that id, or None if the issuer does not publish one.

        Raises Undecided if that cannot be told: no keys were to be had, or the id is unknown and
        the last attempt to fetch is less than COOL_DOWN ago.
        """
        with self._lock:  # so that many who wait for one fetch cause one fetch
            is_fresh = self._is_older_than(SOFT_TTL) and self._refresh()
            if self._is_older_than(HARD_TTL):
                raise Undecided("the issuer's keys cannot be had")
            if key_id not in self._keys and not is_fresh and not self._refresh():
                raise Undecided("the key is unknown and may be new")
            return self._keys.get(key_id)

    def _is_older_than(self, seconds: float) -> bool:
        """Whether the last fetch is that long ago, or in the future of a clock set back."""
        return not 0 <= self._clock() - self._fetched_at < seconds

    def _refresh(self) -> bool:
        """Fetch, unless the last attempt was a moment ago; whether the keys are new."""
        now = self._clock()
        if 0 <= now - self._attempted_at < COOL_DOWN:
            return False
        self._attempted_at = now
        try:
            self._keys = parse_key_set(self._fetch(self._uri))
        except KeySetUnusable:
            return False
        self._fetched_at = self._clock()
        return True


def parse_key_set(document: bytes) -> dict[str, PyJWK]:
    """The RS256 verification keys of a JWKS by their ids; keys of no use here are passed over.

    Raises KeySetUnusable if it is no JWKS, holds no such key, or an id twice.
    """
    try:
        members = json.loads(document)["keys"]
        candidates = [member for member in members if _is_for_rs256(member)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        raise KeySetUnusable("not a JSON Web Key Set") from e
    keys: dict[str, PyJWK] = {}
    for member in candidates:
        if member["kid"] in keys:
            raise KeySetUnusable("two keys share an id")
        try:
            key = PyJWK(member, algorithm="RS256")
        except (PyJWTError, ValueError, TypeError):
            continue  # one odd key is no reason to do without the others
        if _is_strong(key):
            keys[member["kid"]] = key
    if not keys:
        raise KeySetUnusable("no usable key")
    return keys


def _is_for_rs256(member: dict[str, Any]) -> bool:
    return (
        member.get("kty") == "RSA"
        and isinstance(member.get("kid"), str)
        and member.get("use", "sig") == "sig"
        and member.get("alg", "RS256") == "RS256"
        and "verify" in member.get("key_ops", ["verify"])
    )


def _is_strong(key: PyJWK) -> bool:
    public = key.key
    return (
        isinstance(public, RSAPublicKey)
        and public.key_size >= MIN_KEY_BITS
        and public.public_numbers().e >= MIN_EXPONENT
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """None: a redirect is an answer like any other that is no key set."""


def fetch_bytes(uri: str) -> bytes:
    """GET an address from the settings: no proxy, no redirect, at most MAX_BYTES.

    Raises KeySetUnusable.
    """
    deadline = time.monotonic() + FETCH_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    request = urllib.request.Request(uri, headers={"Accept": "application/json"})  # noqa: S310 - settings admit http(s) alone
    received = bytearray()
    try:
        with opener.open(request, timeout=FETCH_SECONDS) as response:
            while chunk := response.read1(MAX_BYTES + 1):
                received += chunk
                if len(received) > MAX_BYTES:
                    raise KeySetUnusable("larger than a key set has reason to be")
                if time.monotonic() > deadline:
                    raise KeySetUnusable("too slow")
    except (OSError, http.client.HTTPException) as e:  # URLError is an OSError
        raise KeySetUnusable("cannot be fetched") from e
    return bytes(received)
