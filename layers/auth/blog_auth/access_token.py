"""Verification of access tokens: signature, issuer, audience, times and other claims.

PyJWT checks the signature. This module reads the segments and claims itself, because PyJWT is more
lenient than a resource server should be. PyJWT accepts `exp: "9999999999"` and `exp: true` as
times, decodes base64 with invalid characters, and uses the last of two members with one name.
"""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jwt.algorithms import RSAAlgorithm

from blog_auth import refusals
from blog_auth.errors import NoAllow, TokenRefused
from blog_auth.identity import LEEWAY
from blog_auth.key_set import KeySet
from blog_auth.settings import Settings

MAX_BYTES = 8_192
MAX_SUBJECT_BYTES = 255
LATEST_TIME = 253_402_300_799  # the last second of the year 9999

_SEGMENTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
# By the number of characters of an incomplete part: those whose left-over bits are 0.
_LAST_CHARACTERS = {1: "", 2: "AQgw", 3: "AEIMQUYcgkosw048"}
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_KEYS_IN_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c"})
_ID_TOKEN_CLAIMS = frozenset({"nonce", "at_hash", "c_hash"})
_PROFILE_CLAIMS = frozenset({"sid", "name", "nickname", "email"})  # only choose the refusal's text
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # not safe in UTF-8 or in a log
_PERMISSION = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_CLIENT_CREDENTIALS = frozenset({"client-credentials", "client_credentials"})
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)


@dataclass(frozen=True)
class AccessToken:
    """The verified claims that this API uses. `expires_at` is in seconds since 1970.

    `is_machine` says whether an application acts for itself (client credentials), not for a user.
    """

    sub: str
    client_id: str
    key_id: str
    scope: str
    permissions: tuple[str, ...]
    expires_at: int
    is_machine: bool


class AccessTokenVerifier:
    """Verifies access tokens of the trusted issuers for this API's audience."""

    def __init__(
        self, settings: Settings, key_sets: Mapping[str, KeySet], clock: Callable[[], float]
    ) -> None:
        """Take one key set for each trusted issuer, by the issuer's name."""
        self._audience = settings.audience
        self._client_ids = settings.client_ids
        self._key_sets = key_sets
        self._clock = clock

    def verify(self, token: str) -> AccessToken:
        """Return the claims of a token that passes every check.

        Raises TokenRefused with the first reason against the token, and Undecided if the issuer's
        keys are not available. Before the signature is verified, only the names of the issuer and
        the key are used, to choose among the trusted issuers and their keys.
        """
        key_id, claims, signature = _read_unverified(token)
        try:
            self._verify_signature(token, signature, key_id, claims.get("iss"))
            return self._verify_claims(claims, key_id)
        except NoAllow as e:
            e.key_id = key_id
            e.client_id = str(claims.get("azp") or claims.get("client_id") or "")
            raise

    def _verify_signature(self, token: str, signature: bytes, key_id: str, issuer: object) -> None:
        if not isinstance(issuer, str) or issuer not in self._key_sets:
            raise TokenRefused(refusals.WRONG_ISSUER)
        key = self._key_sets[issuer].key(key_id)
        if key is None:
            raise TokenRefused(refusals.UNKNOWN_KEY)
        signed, _, _ = token.rpartition(".")
        if not _RS256.verify(signed.encode(), key.key, signature):
            raise TokenRefused(refusals.BAD_SIGNATURE)

    def _verify_claims(self, claims: dict[str, Any], key_id: str) -> AccessToken:
        if _ID_TOKEN_CLAIMS & claims.keys():
            raise TokenRefused(refusals.ID_TOKEN)
        if self._audience not in _audiences(claims):
            is_profile = _PROFILE_CLAIMS & claims.keys() and "scope" not in claims
            raise TokenRefused(refusals.ID_TOKEN if is_profile else refusals.WRONG_AUDIENCE)
        if "cnf" in claims:  # RFC 9449 §6 (DPoP), RFC 8705 §3 (mTLS)
            raise TokenRefused(refusals.SENDER_CONSTRAINED)
        now = self._clock()
        expires_at = _time(claims, "exp")
        if expires_at is None:
            raise TokenRefused(refusals.BAD_CLAIM)
        if now >= expires_at + LEEWAY:
            raise TokenRefused(refusals.EXPIRED)
        for name in ("nbf", "iat"):
            not_before = _time(claims, name)
            if not_before is not None and now < not_before - LEEWAY:
                raise TokenRefused(refusals.NOT_YET_VALID)
        client_id = _text(claims, "azp") or _text(claims, "client_id")
        if self._client_ids and client_id not in self._client_ids:
            raise TokenRefused(refusals.FOREIGN_CLIENT)
        subject = _subject(claims)
        return AccessToken(
            sub=subject,
            client_id=client_id,
            key_id=key_id,
            scope=_text(claims, "scope"),
            permissions=_permissions(claims),
            expires_at=int(expires_at),
            is_machine=_is_machine(claims, subject),
        )


def _read_unverified(token: str) -> tuple[str, dict[str, Any], bytes]:
    """Return the key id, the claims and the signature of a well-formed token."""
    if len(token) > MAX_BYTES:
        raise TokenRefused(refusals.TOO_LARGE)
    if token.count(".") in (0, 4):  # a random string, or five encrypted segments (RFC 7516)
        raise TokenRefused(refusals.OPAQUE)
    match = _SEGMENTS.fullmatch(token)
    if match is None:
        raise TokenRefused(refusals.MALFORMED)
    header, claims, signature = map(_decoded, match.groups())
    return _key_id(_json_object(header)), _json_object(claims), signature


def _key_id(header: dict[str, Any]) -> str:
    if header.get("alg") != "RS256":
        raise TokenRefused(refusals.WRONG_ALGORITHM)
    token_type = header.get("typ", "JWT")
    if not isinstance(token_type, str) or token_type.lower() not in _TYPES:
        raise TokenRefused(refusals.WRONG_TYPE)
    key_id = header.get("kid")
    # crit and b64 change what is signed. Keys in the header come from the sender (RFC 8725 §3.5).
    if not isinstance(key_id, str) or header.keys() & {"crit", "b64", *_KEYS_IN_HEADERS}:
        raise TokenRefused(refusals.MALFORMED)
    return key_id


def _decoded(segment: str) -> bytes:
    """Decode base64url whose alphabet is checked, without padding (RFC 7515 §2).

    Raises TokenRefused if bits are left over that are not zero (RFC 4648 §3.5): they would give one
    token several encodings.
    """
    characters_of_a_part = len(segment) % 4
    if characters_of_a_part and segment[-1] not in _LAST_CHARACTERS[characters_of_a_part]:
        raise TokenRefused(refusals.MALFORMED)
    return urlsafe_b64decode(segment + "=" * (-characters_of_a_part % 4))


def _json_object(document: bytes) -> dict[str, Any]:
    try:
        value = _JSON.decode(document.decode())
    except (ValueError, RecursionError) as e:
        raise TokenRefused(refusals.MALFORMED) from e
    if not isinstance(value, dict):
        raise TokenRefused(refusals.MALFORMED)
    return value


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(members)
    if len(unique) < len(members):
        raise ValueError("duplicate member")
    return unique


# json.loads would make a decoder for each call.
_JSON = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def _audiences(claims: dict[str, Any]) -> list[str]:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or not all(isinstance(name, str) for name in audiences):
        raise TokenRefused(refusals.BAD_CLAIM)
    return audiences


def _time(claims: dict[str, Any], name: str) -> float | None:
    """Return a NumericDate (RFC 7519 §2), or None if the claim is absent."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(refusals.BAD_CLAIM)
    if not 0 <= value <= LATEST_TIME:  # also rejects NaN and infinities
        raise TokenRefused(refusals.BAD_CLAIM)
    return value


def _subject(claims: dict[str, Any]) -> str:
    """Return the subject, at most 255 bytes: OpenID Connect Core §2 allows 255 ASCII characters."""
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or subject != subject.strip()
        or _UNPRINTABLE.search(subject)
        or not 1 <= len(subject.encode()) <= MAX_SUBJECT_BYTES
    ):
        raise TokenRefused(refusals.BAD_CLAIM)
    return subject


def _is_machine(claims: dict[str, Any], subject: str) -> bool:
    """Return whether an application acts for itself, by any of the ways to say so.

    Auth0 adds `@clients` to the subject, or `gty`. RFC 9068 §2.2 makes the subject the client id.
    `sub_profile` names what the subject is (draft-mora-oauth-entity-profiles).
    """
    clients = {_text(claims, "azp"), _text(claims, "client_id")}
    profile = _words(claims, "sub_profile")
    return (
        subject.endswith("@clients")
        or subject in clients
        or not _words(claims, "gty").isdisjoint(_CLIENT_CREDENTIALS)
        or bool(profile and "user" not in profile)
    )


def _words(claims: dict[str, Any], name: str) -> set[str]:
    """Return the words of a claim that is a text or a list of texts."""
    value = claims.get(name, "")
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise TokenRefused(refusals.BAD_CLAIM)
    return {word for part in parts for word in part.split()}


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    if not isinstance(value, str) or _UNPRINTABLE.search(value):
        raise TokenRefused(refusals.BAD_CLAIM)
    return value


def _permissions(claims: dict[str, Any]) -> tuple[str, ...]:
    """Return Auth0's `permissions` claim: names without spaces, present if RBAC is enabled."""
    permissions = claims.get("permissions", [])
    if not isinstance(permissions, list):
        raise TokenRefused(refusals.BAD_CLAIM)
    for name in permissions:
        if not isinstance(name, str) or not _PERMISSION.fullmatch(name):
            raise TokenRefused(refusals.BAD_CLAIM)
    return tuple(permissions)


def bearer_token(authorization: list[str]) -> str:
    """Return the token in a request's Authorization headers (RFC 6750 §2.1).

    Raises TokenRefused unless there is exactly one header with the scheme Bearer and one token.
    """
    if not authorization:
        raise TokenRefused(refusals.NO_TOKEN)
    if len(authorization) > 1:
        raise TokenRefused(refusals.TWO_HEADERS)
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token or " " in token:
        raise TokenRefused(refusals.NOT_BEARER)
    return token
