"""Sample events, and real keys and signatures for tests."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parent.parent.parent
ISSUER = "https://tenant.example.com/"
AUDIENCE = "https://blog.example.com/api"
ALICE = "auth0|6500000000000000000a11ce"
BOB = "auth0|650000000000000000000b0b"
CAROL = "auth0|6500000000000000000ca401"
DAVE = "google-oauth2|100000000000000000042"
MODERATOR = "auth0|65000000000000000000a0d0"
NOW = 1_800_000_000  # the time of the tests' clocks, in seconds since 1970


def sample_event(name: str) -> dict[str, Any]:
    """Return an event of events/."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


class LambdaContext:
    """A Lambda context object with the attributes that the code reads."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "3f8c2f0a-0000-4000-8000-000000000000"

    def __init__(self, milliseconds: int = 15_001) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the same remaining time at every call."""
        return self._milliseconds


class Clock:
    """A clock that advances only when a test sets it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Signer:
    """An issuer's RSA key."""

    def __init__(self, key_id: str = "key-1", bits: int = 2048) -> None:
        self.key_id = key_id
        self.private = rsa.generate_private_key(public_exponent=65_537, key_size=bits)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """Return the public key as a JWK. A change of None removes a member."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        key.pop("key_ops", None)
        key |= {"kid": self.key_id, "use": "sig", "alg": "RS256"} | changes
        return {name: value for name, value in key.items() if value is not None}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Return a JWT with these claims, valid or not, and these header members."""
        headers = {"kid": self.key_id} | header
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(payload, self.private, algorithm="RS256", headers=headers)


def key_set_document(*keys: dict[str, Any]) -> bytes:
    """Return a JWKS with these keys."""
    return json.dumps({"keys": keys}).encode()


VALID_CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": ALICE,
    "aud": [AUDIENCE, f"{ISSUER}userinfo"],
    "iat": NOW - 60,
    "exp": NOW + 3600,
    "azp": "blog-spa",
    "scope": "openid profile",
    "permissions": [],
}


def claims(**changes: Any) -> dict[str, Any]:
    """Return valid claims with changes. A change of Ellipsis removes a claim."""
    changed = copy.deepcopy(VALID_CLAIMS) | changes
    return {name: value for name, value in changed.items() if value is not ...}


def self_signed_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for localhost and its key to one file; return its path."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)
    )
    return path
