"""An issuer's public keys: fetched, checked, cached and refreshed.

PyJWT's own client drops good keys when a fetch fails. It also fetches for every unknown key id, so
anyone can make it call the issuer. This one keeps its keys and limits its attempts.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from blog_auth.errors import Undecided
from blog_auth.key_fetch import KeySetUnusable, PendingKeySet, fetch_key_set
from blog_auth.settings import DEFAULT_KEYS_MAX_AGE

SOFT_TTL = 600.0  # seconds after which keys are fetched again
COOL_DOWN = 30.0  # seconds between two attempts to fetch, successful or not
MIN_KEY_BITS = 2048
MIN_EXPONENT = 65_537


class KeySet:
    """The signing keys at one JWKS address (RFC 7517). It is safe for several threads.

    Keys are fetched again after SOFT_TTL. Cache-Control is ignored, because Auth0 sends 15 s. The
    clock is the wall clock, because a monotonic clock stops during a SnapStart snapshot.
    """

    def __init__(
        self,
        uri: str,
        *,
        max_age: float = DEFAULT_KEYS_MAX_AGE,
        on_fetch: Callable[[str, float | None], None] = lambda _outcome, _age: None,
        fetch: Callable[[str], bytes] = fetch_key_set,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Set the limit and the callback.

        `max_age` is how long known keys stay valid while fetches fail, in seconds. `on_fetch` is
        called after each fetch with two arguments: `ok` or an error code, and the age of the
        current keys in seconds. The age is None if there are no keys.
        """
        self._uri = uri
        self._max_age = max_age
        self._on_fetch = on_fetch
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, PyJWK | None] = {}
        self._fetched_at = float("-inf")
        self._attempted_at = float("-inf")

    def preload(self, pending: PendingKeySet | None = None) -> None:
        """Fetch the keys at a cold start, before the first token.

        It can use a fetch that has started earlier. If it fails, the first token fetches again.
        """
        with self._lock:
            self._take(pending.document if pending else partial(self._fetch, self._uri))

    def key(self, key_id: str) -> PyJWK | None:
        """Return the key with this id, or None if the issuer does not publish one.

        Raises Undecided if there are no valid keys, if two keys have this id, or if the id is
        unknown and the last attempt to fetch is less than COOL_DOWN ago.
        """
        with self._lock:  # so that threads that wait for the same fetch cause only one
            was_refreshed = self._is_older_than(SOFT_TTL) and self._refresh()
            if self._is_older_than(self._max_age):
                raise Undecided("no_keys")
            if key_id not in self._keys and not was_refreshed and not self._refresh():
                raise Undecided("unknown_key_cooling_down")
            if key_id in self._keys and self._keys[key_id] is None:
                raise Undecided("duplicate_key_ids")
            return self._keys.get(key_id)

    def _is_older_than(self, seconds: float) -> bool:
        """Return whether the last fetch is that long ago, or in the future of a clock set back."""
        return not 0 <= self._clock() - self._fetched_at < seconds

    def _refresh(self) -> bool:
        """Fetch, unless the last attempt is less than COOL_DOWN ago; return whether it worked."""
        now = self._clock()
        if 0 <= now - self._attempted_at < COOL_DOWN:
            return False
        self._attempted_at = now
        return self._take(partial(self._fetch, self._uri))

    def _take(self, fetched: Callable[[], bytes]) -> bool:
        try:
            self._keys = parse_key_set(fetched())
        except KeySetUnusable as e:
            age = self._clock() - self._fetched_at
            self._on_fetch(e.outcome, age if self._keys else None)
            return False
        self._on_fetch("ok", 0.0)
        self._fetched_at = self._clock()
        return True


def parse_key_set(document: bytes) -> dict[str, PyJWK | None]:
    """Return the RS256 verification keys of a JWKS by their ids, and skip other keys.

    An id that two different keys have gets None, because neither of them can be chosen (RFC 7517
    §4.5). Raises KeySetUnusable if the document is not a JWKS, or has no key with an id of its own.
    """
    try:
        members = [member for member in json.loads(document)["keys"] if isinstance(member, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise KeySetUnusable("not_a_key_set") from e
    keys: dict[str, PyJWK | None] = {}
    numbers: dict[str, RSAPublicNumbers] = {}
    for member in filter(_is_for_rs256, members):
        try:
            key = PyJWK(member, algorithm="RS256")
        except (PyJWTError, ValueError, TypeError):
            continue  # an invalid key does not make the others unusable
        if _is_strong(key):
            key_id, own = member["kid"], key.key.public_numbers()
            keys.setdefault(key_id, key)
            if numbers.setdefault(key_id, own) != own:
                keys[key_id] = None
    if not any(keys.values()):
        raise KeySetUnusable("duplicate_key_ids" if keys else "no_usable_key")
    return keys


def _is_for_rs256(member: dict[str, Any]) -> bool:
    operations = member.get("key_ops", ["verify"])
    return (
        member.get("kty") == "RSA"
        and isinstance(member.get("kid"), str)
        and member.get("use", "sig") == "sig"
        and member.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _is_strong(key: PyJWK) -> bool:
    public = key.key
    if not isinstance(public, RSAPublicKey) or public.key_size < MIN_KEY_BITS:
        return False
    exponent = public.public_numbers().e
    return exponent >= MIN_EXPONENT and exponent % 2 == 1
