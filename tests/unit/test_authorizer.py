"""The authorizer function: an Allow for the stage, a Deny with fixed words, or an exception."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from blog_auth import emf, refusals
from blog_auth.access_token import AccessTokenVerifier
from blog_auth.errors import Undecided
from blog_auth.key_fetch import KeySetUnusable
from blog_auth.key_set import KeySet
from functions.authorizer import app
from tests.support.samples import (
    ALICE,
    ISSUER,
    NOW,
    ROOT,
    Clock,
    LambdaContext,
    Signer,
    claims,
    key_set_document,
    sample_event,
)

SIGNER = Signer()
STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcde12345/v1/*"


@pytest.fixture(autouse=True)
def _verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the function's verifier by one whose keys need no network."""
    keys = KeySet("https://x/", fetch=lambda _: key_set_document(SIGNER.jwk()), clock=Clock())
    verifier = AccessTokenVerifier(app.settings, {ISSUER: keys}, Clock())
    monkeypatch.setattr(app, "verifier", verifier)


def decide(*authorization: str) -> dict[str, Any]:
    event = sample_event("authorizer-request")
    event["multiValueHeaders"]["Authorization"] = list(authorization)
    return app.handler(event, LambdaContext())


def test_a_valid_token_is_allowed_for_the_whole_stage() -> None:
    response = decide(f"Bearer {SIGNER.sign(claims(permissions=['a:b', 'c:d']))}")
    assert response["principalId"] == ALICE
    assert response["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": STAGE}
    ]
    assert response["context"] == {
        "sub": ALICE,
        "scope": "openid profile",
        "permissions": "a:b c:d",
        "client_id": "blog-spa",
        "exp": str(NOW + 3600),
        "machine": "false",
    }
    machine = decide(f"Bearer {SIGNER.sign(claims(gty='client-credentials'))}")
    assert machine["context"]["machine"] == "true"


@pytest.mark.parametrize(
    ("authorization", "refusal"),
    [
        (["Bearer opaque"], refusals.OPAQUE),
        (["Bearer an.access.token"], refusals.MALFORMED),
        (["Basic YTpi"], refusals.NOT_BEARER),
        (["Bearer a", "Bearer b"], refusals.TWO_HEADERS),
        ([f"Bearer {SIGNER.sign(claims(exp=NOW - 60))}"], refusals.EXPIRED),
        ([f"Bearer {SIGNER.sign(claims(nonce='n'))}"], refusals.ID_TOKEN),
    ],
)
def test_a_bad_token_is_denied_with_fixed_words(
    authorization: list[str], refusal: refusals.Refusal
) -> None:
    response = decide(*authorization)
    (statement,) = response["policyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == STAGE
    assert response["context"] == {
        "auth_error": "invalid_token",
        "auth_error_description": refusal.description,
    }


def test_the_sample_event_is_denied_without_an_exception() -> None:
    response = app.handler(sample_event("authorizer-request"), LambdaContext())
    assert response["policyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_it_raises_when_it_cannot_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_uri: str) -> bytes:
        raise KeySetUnusable("down")

    keys = KeySet("https://x/", fetch=down, clock=Clock())
    verifier = AccessTokenVerifier(app.settings, {ISSUER: keys}, Clock())
    monkeypatch.setattr(app, "verifier", verifier)
    with pytest.raises(Undecided):
        decide(f"Bearer {SIGNER.sign(claims())}")


def test_the_settings_reach_the_key_sets_and_garbage_collection_is_enabled() -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "layers" / "auth"),
        "AUTH0_KEYS_MAX_AGE": "1234",
    }
    program = "import app, gc; print(gc.isenabled(), [k._max_age for k in app.key_sets.values()])"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=ROOT / "functions" / "authorizer",
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.splitlines()[-1] == "True [1234.0]"


def test_decisions_are_metrics_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    decide("Bearer opaque")
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "decision", "reason"], ["service", "decision"]]
    assert directive["Metrics"] == [{"Name": "Decisions", "Unit": "Count"}]
    assert (line["Decisions"], line["decision"], line["reason"]) == (1, "deny", "opaque")
    for name in directive["Dimensions"][0]:
        assert isinstance(line[name], str), "a dimension's value is in the line"


def test_a_decision_without_metrics_is_the_same_line_without_their_directives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decide("Bearer opaque")
    monkeypatch.setattr(emf, "IS_ENABLED", False)
    decide("Bearer opaque")
    with_metrics, without = map(json.loads, capsys.readouterr().out.splitlines())
    assert with_metrics.pop("_aws")["CloudWatchMetrics"]
    assert without == with_metrics


def test_fetches_are_metrics_by_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    next(iter(app.key_sets.values())).preload()
    line = json.loads(capsys.readouterr().out)
    assert (line["KeySetFetches"], line["outcome"]) == (1, "connection")
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "outcome"]]


def test_the_age_of_the_keys_is_a_metric_once_there_are_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    documents = [key_set_document(SIGNER.jwk())]

    def fetch(_uri: str) -> bytes:
        if not documents:
            raise KeySetUnusable("down")
        return documents.pop()

    keys = KeySet("https://x/", fetch=fetch, clock=clock, on_fetch=app._count_fetch)
    keys.preload()
    clock.now += 700
    with pytest.raises(Undecided):
        keys.key("any")
    fresh, stale = map(json.loads, capsys.readouterr().out.splitlines())
    assert (fresh["outcome"], fresh["KeySetAge"]) == ("ok", 0)
    assert (stale["outcome"], stale["KeySetAge"]) == ("down", 700)
    assert stale["_aws"]["CloudWatchMetrics"][1] == {
        "Namespace": "Blog",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "KeySetAge", "Unit": "Seconds"}],
    }


def test_a_failed_decision_is_logged_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(_uri: str) -> bytes:
        raise KeySetUnusable("down")

    keys = KeySet("https://x/", fetch=down, clock=Clock())
    monkeypatch.setattr(app, "verifier", AccessTokenVerifier(app.settings, {ISSUER: keys}, Clock()))
    with pytest.raises(Undecided):
        decide(f"Bearer {SIGNER.sign(claims())}")
    line = json.loads(capsys.readouterr().out)
    assert (line["decision"], line["reason"]) == ("undecided", "no_keys")
    assert (line["kid"], line["client_id"]) == ("key-1", "blog-spa")


def test_claims_and_headers_are_logged_only_if_they_look_like_ids(
    capsys: pytest.CaptureFixture[str],
) -> None:
    decide(f"Bearer {SIGNER.sign(claims(azp='mail to alice@example.com'), kid='a b')}")
    line = json.loads(capsys.readouterr().out)
    assert (line["kid"], line["client_id"]) == ("", "")
    decide(f"Bearer {SIGNER.sign(claims(exp=NOW - 60))}")
    line = json.loads(capsys.readouterr().out)
    assert (line["reason"], line["kid"], line["client_id"]) == ("expired", "key-1", "blog-spa")


def test_each_decision_logs_one_line_without_the_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = SIGNER.sign(claims())
    decide(f"Bearer {token}")
    decide("Bearer an.access.token")
    lines = capsys.readouterr().out.splitlines()
    allowed, denied = map(json.loads, lines)
    assert (allowed["decision"], allowed["kid"], allowed["client_id"]) == (
        "allow",
        "key-1",
        "blog-spa",
    )
    assert (denied["decision"], denied["reason"]) == ("deny", "malformed")
    assert allowed["correlation_id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    for line in lines:
        assert ALICE not in line
        assert not any(part in line for part in token.split("."))
        assert "an.access.token" not in line
