"""Access tokens: valid ones are accepted, and each invalid one is refused for its own reason."""

import base64
import hashlib
import hmac
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blog_auth import refusals
from blog_auth.access_token import AccessTokenVerifier, bearer_token
from blog_auth.errors import TokenRefused
from blog_auth.key_set import COOL_DOWN, KeySet
from blog_auth.refusals import Refusal
from blog_auth.settings import Issuer, Settings
from tests.support.samples import (
    ALICE,
    AUDIENCE,
    ISSUER,
    NOW,
    Clock,
    Signer,
    claims,
    key_set_document,
)

SIGNER = Signer()
CUSTOM_SIGNER = Signer("custom-key")
CUSTOM_ISSUER = "https://login.example.com/"


def _key_set(signer: Signer) -> KeySet:
    """Return a key set whose cool-down has always passed."""
    clock = itertools.count(NOW, COOL_DOWN).__next__
    return KeySet("https://x/", fetch=lambda _: key_set_document(signer.jwk()), clock=clock)


VERIFIER = AccessTokenVerifier(
    Settings((Issuer(ISSUER, ""), Issuer(CUSTOM_ISSUER, "")), AUDIENCE),
    {ISSUER: _key_set(SIGNER), CUSTOM_ISSUER: _key_set(CUSTOM_SIGNER)},
    Clock(),
)
VALID = SIGNER.sign(claims())


def refusal_of(token: str) -> Refusal:
    with pytest.raises(TokenRefused) as refused:
        VERIFIER.verify(token)
    return refused.value.refusal


def _encoded(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_a_valid_token_returns_its_claims() -> None:
    token = VERIFIER.verify(SIGNER.sign(claims(permissions=["author:posts", "x:y"])))
    assert token.sub == ALICE
    assert token.client_id == "blog-spa"
    assert token.scope == "openid profile"
    assert token.permissions == ("author:posts", "x:y")
    assert token.expires_at == NOW + 3600


def test_either_claim_may_name_the_application() -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(azp=..., client_id="cli"))).client_id == "cli"
    assert VERIFIER.verify(SIGNER.sign(claims(azp=...))).client_id == ""


@pytest.mark.parametrize(
    ("changes", "is_machine"),
    [
        ({}, False),
        ({"sub": "importer@clients"}, True),
        ({"gty": "client-credentials"}, True),
        ({"gty": ["client-credentials"]}, True),
        ({"gty": "client_credentials"}, True),
        ({"gty": "password"}, False),
        ({"gty": "refresh_token"}, False),
        ({"sub_profile": "ai_agent"}, True),
        ({"sub_profile": "service client_instance"}, True),
        ({"sub_profile": ["device"]}, True),
        ({"sub_profile": "user"}, False),
        ({"sub_profile": ""}, False),
        ({"sub": "blog-spa"}, True),  # as azp
        ({"sub": "cli", "azp": "blog-spa", "client_id": "cli"}, True),
        ({"sub": "cli", "azp": ..., "client_id": "cli"}, True),
        ({"azp": ...}, False),
    ],
)
def test_a_machine_is_recognised_by_each_way_to_say_so(
    changes: dict[str, Any], is_machine: bool
) -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(**changes))).is_machine == is_machine


@pytest.mark.parametrize("sub", ["x" * 255, "é" * 127])
def test_a_subject_has_at_most_255_bytes(sub: str) -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(sub=sub))).sub == sub
    assert refusal_of(SIGNER.sign(claims(sub=sub + "éx"))) == refusals.BAD_CLAIM


def test_a_token_of_8_kb_is_accepted_and_one_byte_more_is_refused() -> None:
    padding = 8_192 - len(SIGNER.sign(claims(padding="")))
    text = "x" * (padding * 3 // 4 - 2)
    while len(token := SIGNER.sign(claims(padding=text))) < 8_192:
        text += "x"
    assert len(token) in (8_192, 8_193)
    if len(token) == 8_192:
        assert VERIFIER.verify(token)
    assert VERIFIER.verify(SIGNER.sign(claims(padding=text[:-3])))
    assert refusal_of(SIGNER.sign(claims(padding=text + "xxx"))) == refusals.TOO_LARGE


def test_each_issuer_has_its_own_keys() -> None:
    assert VERIFIER.verify(CUSTOM_SIGNER.sign(claims(iss=CUSTOM_ISSUER))).sub == ALICE
    crossed = SIGNER.sign(claims(iss=CUSTOM_ISSUER))
    assert refusal_of(crossed) == refusals.UNKNOWN_KEY


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]])
def test_the_audience_may_be_a_string_or_a_list(audience: Any) -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(aud=audience)))


@pytest.mark.parametrize("token_type", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_access_token_types_are_accepted(token_type: str) -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(), typ=token_type))


def test_clocks_may_differ_by_ten_seconds() -> None:
    assert VERIFIER.verify(SIGNER.sign(claims(exp=NOW - 9)))
    assert VERIFIER.verify(SIGNER.sign(claims(nbf=NOW + 10, iat=NOW + 10)))
    assert refusal_of(SIGNER.sign(claims(exp=NOW - 10))) == refusals.EXPIRED
    assert refusal_of(SIGNER.sign(claims(nbf=NOW + 11))) == refusals.NOT_YET_VALID
    assert refusal_of(SIGNER.sign(claims(iat=NOW + 11))) == refusals.NOT_YET_VALID


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"iss": "https://evil.example.com/"}, refusals.WRONG_ISSUER),
        ({"iss": ISSUER.rstrip("/")}, refusals.WRONG_ISSUER),
        ({"iss": ISSUER.upper()}, refusals.WRONG_ISSUER),
        ({"iss": ISSUER + "x"}, refusals.WRONG_ISSUER),
        ({"iss": [ISSUER]}, refusals.WRONG_ISSUER),
        ({"iss": ...}, refusals.WRONG_ISSUER),
        ({"aud": "https://other.example.com/api"}, refusals.WRONG_AUDIENCE),
        ({"aud": AUDIENCE[:-1]}, refusals.WRONG_AUDIENCE),
        ({"aud": f"{AUDIENCE}x"}, refusals.WRONG_AUDIENCE),
        ({"aud": []}, refusals.WRONG_AUDIENCE),
        ({"aud": ...}, refusals.BAD_CLAIM),
        ({"aud": {AUDIENCE: 1}}, refusals.BAD_CLAIM),
        ({"aud": [AUDIENCE, 1]}, refusals.BAD_CLAIM),
        ({"exp": ...}, refusals.BAD_CLAIM),
        ({"exp": None}, refusals.BAD_CLAIM),
        ({"exp": True}, refusals.BAD_CLAIM),
        ({"exp": "9999999999"}, refusals.BAD_CLAIM),
        ({"exp": [NOW + 60]}, refusals.BAD_CLAIM),
        ({"exp": -1}, refusals.BAD_CLAIM),
        ({"exp": float("nan")}, refusals.MALFORMED),
        ({"exp": float("inf")}, refusals.MALFORMED),
        ({"other": float("nan")}, refusals.MALFORMED),
        ({"scope": "a\x00b"}, refusals.BAD_CLAIM),
        ({"scope": "\ud800"}, refusals.BAD_CLAIM),
        ({"azp": "a\nb"}, refusals.BAD_CLAIM),
        ({"permissions": ["\ud800"]}, refusals.BAD_CLAIM),
        ({"permissions": [""]}, refusals.BAD_CLAIM),
        ({"exp": 10**400}, refusals.BAD_CLAIM),
        ({"exp": NOW - 60}, refusals.EXPIRED),
        ({"nbf": "0"}, refusals.BAD_CLAIM),
        ({"nbf": None}, refusals.BAD_CLAIM),
        ({"iat": False}, refusals.BAD_CLAIM),
        ({"sub": ...}, refusals.BAD_CLAIM),
        ({"sub": None}, refusals.BAD_CLAIM),
        ({"sub": 5}, refusals.BAD_CLAIM),
        ({"sub": ""}, refusals.BAD_CLAIM),
        ({"sub": " "}, refusals.BAD_CLAIM),
        ({"sub": f" {ALICE}"}, refusals.BAD_CLAIM),
        ({"sub": f"{ALICE}\n"}, refusals.BAD_CLAIM),
        ({"sub": "a\x00b"}, refusals.BAD_CLAIM),
        ({"sub": "\ud800"}, refusals.BAD_CLAIM),
        ({"sub": "x" * 256}, refusals.BAD_CLAIM),
        ({"scope": ["openid"]}, refusals.BAD_CLAIM),
        ({"permissions": "moderate:content"}, refusals.BAD_CLAIM),
        ({"permissions": ["a b"]}, refusals.BAD_CLAIM),
        ({"permissions": [1]}, refusals.BAD_CLAIM),
        ({"azp": 1}, refusals.BAD_CLAIM),
        ({"nonce": "n"}, refusals.ID_TOKEN),
        ({"at_hash": "n"}, refusals.ID_TOKEN),
        ({"cnf": {"jkt": "0ZcOCORZNYy"}}, refusals.SENDER_CONSTRAINED),  # RFC 9449
        ({"cnf": {"x5t#S256": "bwcK0esc3AC"}}, refusals.SENDER_CONSTRAINED),  # RFC 8705
        ({"cnf": None}, refusals.SENDER_CONSTRAINED),
        ({"gty": 1}, refusals.BAD_CLAIM),
        ({"sub_profile": ["user", 1]}, refusals.BAD_CLAIM),
        ({"sub": "\U0001f600" * 64}, refusals.BAD_CLAIM),
        ({"aud": "blog-spa", "email": "a@example.com", "scope": ...}, refusals.ID_TOKEN),
        ({"aud": "blog-spa", "email": "a@example.com"}, refusals.WRONG_AUDIENCE),
    ],
)
def test_an_invalid_claim_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    assert refusal_of(SIGNER.sign(claims(**changes))) == refusal


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        ({"kid": "another"}, refusals.UNKNOWN_KEY),
        ({"typ": "dpop+jwt"}, refusals.WRONG_TYPE),
        ({"crit": ["exp"]}, refusals.MALFORMED),
        ({"jwk": SIGNER.jwk()}, refusals.MALFORMED),
        ({"jku": "https://evil.example.com/"}, refusals.MALFORMED),
        ({"x5u": "https://evil.example.com/"}, refusals.MALFORMED),
        ({"x5c": ["MII"]}, refusals.MALFORMED),
    ],
)
def test_an_invalid_header_is_refused(header: dict[str, Any], refusal: Refusal) -> None:
    assert refusal_of(SIGNER.sign(claims(), **header)) == refusal


def _with_header(header: Any) -> str:
    _, payload, signature = VALID.split(".")
    return f"{_encoded(header)}.{payload}.{signature}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "RS512", None])
def test_no_other_algorithm_is_accepted(algorithm: Any) -> None:
    token = _with_header({"alg": algorithm, "kid": SIGNER.key_id})
    assert refusal_of(token) == refusals.WRONG_ALGORITHM


def test_the_public_key_cannot_be_used_as_an_hmac_secret() -> None:
    secret = json.dumps(SIGNER.jwk()).encode()
    signed = f"{_encoded({'alg': 'HS256', 'kid': SIGNER.key_id})}.{_encoded(claims())}"
    signature = _encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))
    assert refusal_of(f"{signed}.{signature}") == refusals.WRONG_ALGORITHM


@pytest.mark.parametrize("key_id", [None, 5, ["key-1"], {}])
def test_a_key_id_must_be_a_string(key_id: Any) -> None:
    assert refusal_of(_with_header({"alg": "RS256", "kid": key_id})) == refusals.MALFORMED


def test_a_signature_by_another_key_with_the_same_id_is_refused() -> None:
    assert refusal_of(Signer().sign(claims())) == refusals.BAD_SIGNATURE


def test_a_claim_changed_after_signing_is_refused() -> None:
    header, _, signature = VALID.split(".")
    token = f"{header}.{_encoded(claims(sub='auth0|mallory'))}.{signature}"
    assert refusal_of(token) == refusals.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        ("opaque", refusals.OPAQUE),
        ("a.b.c.d.e", refusals.OPAQUE),
        ("a.b", refusals.MALFORMED),
        ("a.b.c.d", refusals.MALFORMED),
        ("..", refusals.MALFORMED),
        ("not.a.jwt", refusals.MALFORMED),
        (VALID + "=", refusals.MALFORMED),
        (VALID + "\n", refusals.MALFORMED),
        (VALID.replace(".", ". ", 1), refusals.MALFORMED),
        ("é.é.é", refusals.MALFORMED),
        (VALID.rpartition(".")[0] + ".", refusals.MALFORMED),
        ("x" * 8_193, refusals.TOO_LARGE),
    ],
)
def test_a_text_that_is_not_a_jwt_is_refused(token: str, refusal: Refusal) -> None:
    assert refusal_of(token) == refusal


@pytest.mark.parametrize(
    "header",
    [
        [],
        "RS256",
        b"{",
        b"\xff",
        b"[" * 5_000,
        b'\xef\xbb\xbf{"alg":"RS256","kid":"key-1"}',
        b'{"alg":"none","alg":"RS256","kid":"key-1"}',
    ],
)
def test_a_header_must_be_one_json_object_without_duplicates(header: Any) -> None:
    assert refusal_of(_with_header(header)) == refusals.MALFORMED


@given(st.text(max_size=300))
def test_any_text_is_refused_and_never_crashes(text: str) -> None:
    refusal_of(text)


@given(st.data())
def test_only_the_unchanged_token_is_accepted(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(VALID) - 1))
    character = data.draw(st.characters(codec="ascii").filter(lambda c: c != VALID[place]))
    refusal_of(VALID[:place] + character + VALID[place + 1 :])


def test_one_bearer_header_contains_the_token() -> None:
    assert bearer_token(["Bearer abc"]) == "abc"
    assert bearer_token(["bearer  abc"]) == "abc"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ([], refusals.NO_TOKEN),
        (["Bearer a", "Bearer b"], refusals.TWO_HEADERS),
        (["Basic abc"], refusals.NOT_BEARER),
        (["Bearer"], refusals.NOT_BEARER),
        (["Bearer "], refusals.NOT_BEARER),
        (["Bearer a b"], refusals.NOT_BEARER),
        (["abc"], refusals.NOT_BEARER),
    ],
)
def test_any_other_authorization_header_is_refused(fields: list[str], refusal: Refusal) -> None:
    with pytest.raises(TokenRefused) as refused:
        bearer_token(fields)
    assert refused.value.refusal == refusal


def test_refusals_are_safe_in_a_template_without_escaping() -> None:
    texts = [value for value in vars(refusals).values() if isinstance(value, Refusal)]
    assert len(texts) > 10
    assert len({refusal.code for refusal in texts}) == len(texts)
    for refusal in texts:
        assert not set(refusal.description) & set("\"'\\$<>\n"), refusal
        assert refusal.description.isascii()
        assert refusal.clause.startswith("RFC ")
