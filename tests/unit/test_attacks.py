"""Attacks on the authorizer, each named after the clause or advisory that describes it.

Each one is refused for its own reason, and none causes an exception.
"""

import base64
import hashlib
import hmac
import json
import math
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from hypothesis import given
from hypothesis import strategies as st

from blog_auth import refusals
from blog_auth.access_token import AccessTokenVerifier
from blog_auth.errors import Undecided
from blog_auth.key_set import COOL_DOWN, KeySet
from blog_auth.refusals import Refusal
from functions.authorizer import app
from tests.support.samples import (
    AUDIENCE,
    ISSUER,
    NOW,
    Clock,
    LambdaContext,
    Signer,
    claims,
    key_set_document,
    sample_event,
)

SIGNER = Signer()
VALID = SIGNER.sign(claims())
HEADER, PAYLOAD, SIGNATURE = VALID.split(".")
DESCRIPTIONS = {
    refusal.description: refusal
    for refusal in vars(refusals).values()
    if isinstance(refusal, Refusal)
}


class _ReadyClock(Clock):
    """A key set's clock whose cool-down has always passed."""

    def __call__(self) -> float:
        self.now += COOL_DOWN
        return self.now


@pytest.fixture(autouse=True, scope="module")
def _verifier() -> Iterator[None]:
    keys = KeySet("https://x/", fetch=lambda _: key_set_document(SIGNER.jwk()), clock=_ReadyClock())
    own, app.verifier = app.verifier, AccessTokenVerifier(app.settings, {ISSUER: keys}, Clock())
    yield
    app.verifier = own


def decision(authorization: str) -> Refusal | None:
    """Return the authorizer's refusal of an Authorization header, or None for an Allow."""
    event = sample_event("authorizer-request")
    event["multiValueHeaders"]["Authorization"] = [authorization]
    response = app.handler(event, LambdaContext())
    json.dumps(response, ensure_ascii=False).encode()  # as Lambda's runtime encodes it
    effect = response["policyDocument"]["Statement"][0]["Effect"]
    if effect == "Allow":
        return None
    return DESCRIPTIONS[response["context"]["auth_error_description"]]


def refusal_of(token: str) -> Refusal:
    refusal = decision(f"Bearer {token}")
    assert refusal is not None, "allowed!"
    return refusal


def encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: Any, payload: Any = None) -> str:
    """Return a token with any header and payload, correctly signed with the issuer's key and
    RS256."""
    text = f"{encoded(header)}.{encoded(claims() if payload is None else payload)}"
    signature = SIGNER.private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{encoded(signature)}"


def header(**members: Any) -> dict[str, Any]:
    return {"alg": "RS256", "kid": SIGNER.key_id} | members


def test_the_unchanged_token_is_allowed() -> None:
    assert decision(f"Bearer {VALID}") is None
    assert decision(f"Bearer {signed(header())}") is None


# RFC 8725 §3.1: algorithm verification


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "none ", ""])
@pytest.mark.parametrize("signature", ["", SIGNATURE, "eA"])
def test_rfc_8725_3_1_alg_none_in_every_spelling(algorithm: str, signature: str) -> None:
    token = f"{encoded(header(alg=algorithm))}.{PAYLOAD}.{signature}"
    expected = refusals.WRONG_ALGORITHM if signature else refusals.MALFORMED
    assert refusal_of(token) == expected


@pytest.mark.parametrize("form", ["pem", "jwk", "der"])
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_cve_2022_29217_hmac_with_the_public_key(form: str, algorithm: str) -> None:
    public = SIGNER.private.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    secret = {
        "pem": public.public_bytes(serialization.Encoding.PEM, info),
        "der": public.public_bytes(serialization.Encoding.DER, info),
        "jwk": json.dumps(SIGNER.jwk()).encode(),
    }[form]
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
    text = f"{encoded(header(alg=algorithm))}.{PAYLOAD}"
    token = f"{text}.{encoded(hmac.digest(secret, text.encode(), digest[algorithm]))}"
    assert refusal_of(token) == refusals.WRONG_ALGORITHM


@pytest.mark.parametrize(
    "algorithm",
    ["RS384", "RS512", "PS256", "ES256", "ES256K", "EdDSA", "rs256", "RS256 ", "RSA", "A256KW",
     None, True, 256, ["RS256"], {"RS256": 1}],
)  # fmt: skip
def test_rfc_8725_3_1_any_other_algorithm(algorithm: Any) -> None:
    assert refusal_of(signed(header(alg=algorithm))) == refusals.WRONG_ALGORITHM


def test_rfc_7515_4_1_1_a_header_without_algorithm() -> None:
    assert refusal_of(signed({"kid": SIGNER.key_id})) == refusals.WRONG_ALGORITHM


def test_rfc_8725_3_1_other_signature_types_named_rs256() -> None:
    text = f"{encoded(header())}.{PAYLOAD}".encode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    others = [
        SIGNER.private.sign(text, pss, hashes.SHA256()),
        SIGNER.private.sign(text, padding.PKCS1v15(), hashes.SHA512()),
        ec.generate_private_key(ec.SECP256R1()).sign(text, ec.ECDSA(hashes.SHA256())),
        ed25519.Ed25519PrivateKey.generate().sign(text),
        hmac.digest(b"secret", text, hashlib.sha256),
    ]
    for other in others:
        assert refusal_of(f"{text.decode()}.{encoded(other)}") == refusals.BAD_SIGNATURE


# RFC 8725 §3.5, §3.10: keys that the sender chooses


@pytest.fixture
def trap() -> Iterator[tuple[str, list[Any]]]:
    """Yield the address of a listening server that must get no request."""
    visitors: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def wait() -> None:
            try:
                visitors.append(server.accept()[1])
            except OSError:
                return

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/keys", visitors
        server.close()


@pytest.mark.parametrize("member", ["jku", "x5u"])
def test_rfc_8725_3_10_an_address_in_the_header_is_not_fetched(
    member: str, trap: tuple[str, list[Any]]
) -> None:
    address, visitors = trap
    assert refusal_of(signed(header(**{member: address}))) == refusals.MALFORMED
    assert refusal_of(signed(header(kid=address))) == refusals.UNKNOWN_KEY
    assert visitors == []


@pytest.mark.parametrize("member", ["jwk", "x5c"])
def test_cve_2018_0114_a_key_embedded_in_the_header(member: str) -> None:
    mallory = Signer()
    token = mallory.sign(claims(sub="auth0|mallory"), **{member: [mallory.jwk()]})
    assert refusal_of(token) == refusals.MALFORMED
    token = mallory.sign(claims(sub="auth0|mallory"), **{member: mallory.jwk()})
    assert refusal_of(token) == refusals.MALFORMED


@pytest.mark.parametrize(
    "key_id",
    ["../../../../dev/null", "/dev/null", "key-1' OR '1'='1", "key-1\x00", "key-1\n", "KEY-1",
     " key-1", "", "%6bey-1", "http://127.0.0.1/", "| id", "x" * 4_000],
)  # fmt: skip
def test_rfc_8725_3_10_a_key_id_is_only_compared(key_id: str) -> None:
    assert refusal_of(signed(header(kid=key_id))) == refusals.UNKNOWN_KEY


@pytest.mark.parametrize("key_id", [None, 1, True, [], ["key-1"], {"key-1": 1}])
def test_rfc_7515_4_1_4_a_key_id_that_is_not_a_string(key_id: Any) -> None:
    assert refusal_of(signed(header(kid=key_id))) == refusals.MALFORMED


# RFC 7515 §4.1.11, RFC 7797: extensions that change what is signed


@pytest.mark.parametrize(
    "members",
    [{"crit": []}, {"crit": ["exp"], "exp": 1}, {"crit": ["b64"], "b64": False}, {"b64": False},
     {"b64": True}, {"crit": None}],
)  # fmt: skip
def test_rfc_7515_4_1_11_critical_extensions(members: dict[str, Any]) -> None:
    assert refusal_of(signed(header(**members))) == refusals.MALFORMED


# Signatures


@pytest.mark.parametrize("length", [0, 1, 2, 40, 100, len(SIGNATURE) - 2, len(SIGNATURE) - 1])
def test_rfc_7515_5_2_truncated_signatures(length: int) -> None:
    token = f"{HEADER}.{PAYLOAD}.{SIGNATURE[:length]}"
    assert refusal_of(token) in (refusals.BAD_SIGNATURE, refusals.MALFORMED)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 512])
def test_cve_2022_21449_signatures_of_zeros_only(size: int) -> None:
    assert refusal_of(f"{HEADER}.{PAYLOAD}.{encoded(bytes(size))}") == refusals.BAD_SIGNATURE


def test_rfc_7515_5_2_a_signature_of_another_token() -> None:
    other = SIGNER.sign(claims(sub="auth0|other")).rpartition(".")[2]
    assert refusal_of(f"{HEADER}.{PAYLOAD}.{other}") == refusals.BAD_SIGNATURE


# RFC 7515 §2, RFC 4648 §3.5: a token has exactly one encoding


def test_rfc_4648_3_5_unused_bits_that_are_not_zero() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(SIGNATURE[-1])
    for spare in range(1, 16):
        twin = SIGNATURE[:-1] + alphabet[last ^ spare]
        assert refusal_of(f"{HEADER}.{PAYLOAD}.{twin}") == refusals.MALFORMED


@pytest.mark.parametrize(
    "token",
    [f"{VALID}=", f"{VALID}==", f"{HEADER}=.{PAYLOAD}.{SIGNATURE}", f"{HEADER}==.{PAYLOAD}.eA",
     VALID.replace("_", "/").replace("-", "+") + "/", f"{VALID}%3D", f"{VALID}\r\n", f"\t{VALID}",
     f"{HEADER}\n.{PAYLOAD}.{SIGNATURE}", f"{VALID}\x00", f"{VALID}\u200b"],
)  # fmt: skip
def test_rfc_7515_2_base64url_without_padding_or_foreign_characters(token: str) -> None:
    assert refusal_of(token) == refusals.MALFORMED


@pytest.mark.parametrize("value", [[], "RS256", 1, None, True])
def test_rfc_7519_7_2_a_header_or_payload_that_is_not_an_object(value: Any) -> None:
    assert refusal_of(signed(value)) == refusals.MALFORMED
    text = f"{encoded(header())}.{encoded(value)}"
    assert refusal_of(f"{text}.{SIGNATURE}") == refusals.MALFORMED


@pytest.mark.parametrize(
    "document",
    [b'{"alg":"none","alg":"RS256","kid":"key-1"}', b'{"alg":"RS256","kid":"x","kid":"key-1"}',
     b'{"alg":"RS256","kid":"key-1","\\u0061lg":"none"}'],
)  # fmt: skip
def test_rfc_8725_2_4_duplicate_members_of_a_header(document: bytes) -> None:
    assert refusal_of(signed(document)) == refusals.MALFORMED


def test_rfc_8725_2_4_duplicate_claims() -> None:
    document = json.dumps(claims()).encode()
    twice = document[:-1] + b', "sub": "auth0|mallory"}'
    assert refusal_of(signed(header(), twice)) == refusals.MALFORMED


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_rfc_7519_7_2_json_in_other_encodings(encoding: str) -> None:
    assert refusal_of(signed(json.dumps(header()).encode(encoding))) == refusals.MALFORMED
    other = json.dumps(claims()).encode(encoding)
    assert refusal_of(signed(header(), other)) == refusals.MALFORMED


def test_rfc_7519_7_2_broken_utf_8() -> None:
    assert refusal_of(signed(b'{"alg":"RS256","kid":"\xff"}')) == refusals.MALFORMED


@pytest.mark.parametrize("depth", [500, 2_000])
def test_cve_2020_10735_deeply_nested_json_and_long_numbers(depth: int) -> None:
    deep = b'{"alg":' + b"[" * depth + b"]" * depth + b"}"
    assert refusal_of(signed(deep)) in (refusals.WRONG_ALGORITHM, refusals.MALFORMED)
    digits = b'{"alg":"RS256","kid":"key-1","x":' + b"9" * 4_500 + b"}"
    assert refusal_of(signed(digits)) in (refusals.MALFORMED, refusals.TOO_LARGE)


@pytest.mark.parametrize("size", [8_193, 1_000_000])
def test_rfc_8725_3_11_tokens_of_any_size(size: int) -> None:
    assert refusal_of("x" * size) == refusals.TOO_LARGE
    assert refusal_of(f"{HEADER}.{'A' * size}.{SIGNATURE}") == refusals.TOO_LARGE


# Other serialisations and kinds of token


def test_rfc_7515_7_2_json_serialisation() -> None:
    members = {"payload": PAYLOAD, "protected": HEADER, "signature": SIGNATURE}
    general = {"payload": PAYLOAD, "signatures": [{"protected": HEADER, "signature": SIGNATURE}]}
    for token in (json.dumps(members), json.dumps(general)):
        assert decision(f"Bearer {token}") in (refusals.NOT_BEARER, refusals.MALFORMED)
        compact = token.replace(" ", "")
        assert refusal_of(compact) in (refusals.OPAQUE, refusals.MALFORMED)


def test_rfc_7519_5_2_a_nested_token() -> None:
    nested = signed(header(cty="JWT"), VALID.encode())
    assert refusal_of(nested) == refusals.MALFORMED


def test_rfc_7516_an_encrypted_token_is_opaque() -> None:
    jwe = f"{encoded({'alg': 'dir', 'enc': 'A256GCM'})}..{encoded(b'iv')}.{encoded(b'x')}.eA"
    assert refusal_of(jwe) == refusals.OPAQUE


@pytest.mark.parametrize("token_type", ["dpop+jwt", "logout+jwt", "secevent+jwt", "", 1, None, []])
def test_rfc_8725_3_11_other_types_of_token(token_type: Any) -> None:
    assert refusal_of(signed(header(typ=token_type))) == refusals.WRONG_TYPE


@pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash"])
def test_rfc_9068_4_an_id_token_in_place_of_an_access_token(claim: str) -> None:
    assert refusal_of(signed(header(), claims(**{claim: "x"}))) == refusals.ID_TOKEN


# RFC 8725 §3.8, §3.9: issuer and audience


@pytest.mark.parametrize(
    "issuer",
    [ISSUER[:-1], ISSUER + "/", ISSUER.upper(), ISSUER.replace("https", "http"), f"{ISSUER}x",
     ISSUER.replace("tenant.", "tenant.example.com.evil."), f" {ISSUER}", f"{ISSUER}#",
     "https://tenant.example.com:443/", [ISSUER], {ISSUER: 1}, None, 1, ""],
)  # fmt: skip
def test_rfc_8725_3_8_an_issuer_that_only_looks_similar(issuer: Any) -> None:
    assert refusal_of(signed(header(), claims(iss=issuer))) == refusals.WRONG_ISSUER


@pytest.mark.parametrize(
    "audience",
    [AUDIENCE[:-1], AUDIENCE + "/", AUDIENCE.upper(), f"{AUDIENCE} other", f"x{AUDIENCE}", "",
     [], [AUDIENCE + "x"], [f"{AUDIENCE},other"]],
)  # fmt: skip
def test_rfc_8725_3_9_an_audience_that_only_looks_similar(audience: Any) -> None:
    assert refusal_of(signed(header(), claims(aud=audience))) == refusals.WRONG_AUDIENCE


@pytest.mark.parametrize("audience", [None, 1, {AUDIENCE: 1}, [[AUDIENCE]], [AUDIENCE, None], ...])
def test_rfc_7519_4_1_3_an_audience_of_the_wrong_type(audience: Any) -> None:
    assert refusal_of(signed(header(), claims(aud=audience))) == refusals.BAD_CLAIM


# RFC 7519 §4.1.4 to §4.1.6: times


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [None, True, False, "9999999999", str(NOW), "", [NOW], {"t": NOW}, -1, -0.5, float("nan"),
     float("inf"), float("-inf"), 10**300, 1e300, 253_402_300_800],
)  # fmt: skip
def test_rfc_7519_2_a_time_of_the_wrong_type_or_out_of_range(claim: str, value: Any) -> None:
    is_number = not isinstance(value, float) or math.isfinite(value)
    expected = refusals.BAD_CLAIM if is_number else refusals.MALFORMED  # JSON has no NaN
    assert refusal_of(signed(header(), claims(**{claim: value}))) == expected


def test_rfc_7519_4_1_4_a_token_without_an_expiry() -> None:
    assert refusal_of(signed(header(), claims(exp=...))) == refusals.BAD_CLAIM


def test_rfc_7519_4_1_6_a_token_from_the_future() -> None:
    assert refusal_of(signed(header(), claims(iat=NOW + 60))) == refusals.NOT_YET_VALID
    assert refusal_of(signed(header(), claims(nbf=NOW + 60))) == refusals.NOT_YET_VALID


# RFC 7519 §4.1.2: the subject


@pytest.mark.parametrize(
    "subject",
    [..., None, "", " ", 0, True, [], ["auth0|alice"], {}, " x", "x ", "\u00a0x", "x\u2028", "\x00",
     "a\x7fb", "a\x85b", "\udfff", "x" * 256],
)  # fmt: skip
def test_rfc_7519_4_1_2_an_empty_or_invalid_subject(subject: Any) -> None:
    assert refusal_of(signed(header(), claims(sub=subject))) == refusals.BAD_CLAIM


def test_rfc_9068_2_2_a_token_of_an_application_that_is_not_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app.verifier, "_client_ids", frozenset({"blog-spa"}))
    assert decision(f"Bearer {VALID}") is None
    for client in ("other", "", ...):
        foreign = signed(header(), claims(azp=client))
        assert refusal_of(foreign) == refusals.FOREIGN_CLIENT


# RFC 6750 §2.1: the header


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic YTpi", VALID, f"Token {VALID}", f"Bearer {VALID} {VALID}",
     f"Bearer: {VALID}", f"Bearer\t{VALID}", f"Bearer,{VALID}", f'Bearer "{VALID}"', "\x00", "é"],
)  # fmt: skip
def test_rfc_6750_2_1_headers_with_another_format(authorization: str) -> None:
    assert decision(authorization) in (refusals.NOT_BEARER, refusals.MALFORMED)


# For any input: a Deny or the defined exception, and an Allow only for the unchanged token


def allowed(authorization: str) -> bool:
    try:
        return decision(authorization) is None
    except Undecided:
        return False


@given(st.text(max_size=300))
def test_no_random_text_is_allowed(text: str) -> None:
    assert not allowed(text)
    assert not allowed(f"Bearer {text}")


@given(st.binary(max_size=200), st.binary(max_size=400), st.binary(max_size=300))
def test_no_three_segments_of_bytes_are_allowed(one: bytes, two: bytes, three: bytes) -> None:
    assert not allowed(f"Bearer {encoded(one)}.{encoded(two)}.{encoded(three)}")


@given(st.data())
def test_no_mutation_of_a_valid_token_is_allowed(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(VALID) - 1))
    end = data.draw(st.integers(start, min(len(VALID), start + 5)))
    mutated = VALID[:start] + data.draw(st.text(max_size=5)) + VALID[end:]
    if mutated.strip(" ") != VALID:
        assert not allowed(f"Bearer {mutated}")


TEXTS = st.text(st.characters(), max_size=20)  # lone surrogates too
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(header() | {"typ": 1, "crit": 1, "jwk": 1})), JSON_VALUES)
def test_no_header_member_causes_an_exception(member: str, value: Any) -> None:
    decision(f"Bearer {signed(header(**{member: value}))}")


@given(st.sampled_from(sorted(claims())), JSON_VALUES)
def test_no_claim_causes_an_exception(name: str, value: Any) -> None:
    decision(f"Bearer {signed(header(), claims(**{name: value}))}")
