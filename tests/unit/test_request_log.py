"""The log line of a request: the fields that it has, and no others."""

import json
import re
from typing import Any

import pytest

from blog.http.request_log import RequestLine
from blog_auth import emf
from tests.support.samples import LambdaContext, sample_event

TRACE = "Root=1-5e66d96f-7491f09aaaaaaaaaaaaaaaaa;Parent=aaaaaaaaaaaaaaaa;Sampled=0"


def logged_line(
    capsys: pytest.CaptureFixture[str], status: int = 200, refusal: str | None = None
) -> dict[str, Any]:
    context: Any = LambdaContext()
    line = RequestLine(sample_event("public-get-post"), context)
    line.refusal = refusal
    line.write(status)
    written: dict[str, Any] = json.loads(capsys.readouterr().out)
    return written


def test_a_line_describes_the_request_and_its_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    line = logged_line(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert line.pop("service")
    assert line == {
        "level": "INFO",
        "message": "request",
        "correlation_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "function_request_id": "3f8c2f0a-0000-4000-8000-000000000000",
        "xray_trace_id": "1-5e66d96f-7491f09aaaaaaaaaaaaaaaaa",
        "method": "GET",
        "route": "/posts/{post_id}",
        "status": 200,
    }


def test_a_refusal_is_logged_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    line = logged_line(capsys, 404, "NotFound")
    assert (line["status"], line["refusal"]) == (404, "NotFound")


def test_without_tracing_there_is_no_trace_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    assert "xray_trace_id" not in logged_line(capsys)


@pytest.mark.parametrize("header", ["", "Self=1-a;Root=b", "Root=alice@example.com"])
def test_an_invalid_trace_header_is_not_logged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    assert "xray_trace_id" not in logged_line(capsys)


@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_line_of_a_request_over_a_limit_is_a_metric_where_metrics_are_enabled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_enabled: bool
) -> None:
    monkeypatch.setattr(emf, "IS_ENABLED", is_enabled)
    context: Any = LambdaContext()
    line = RequestLine(sample_event("posts-create"), context)
    line.limit = "posts"
    line.write(429)
    written = json.loads(capsys.readouterr().out)
    assert (written["limit"], written["RequestsOverLimit"]) == ("posts", 1)
    assert ("_aws" in written) == is_enabled
    if is_enabled:
        (directive,) = written["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service", "limit"]]
        assert all(written[name] for name in ("service", "limit"))
        assert directive["Metrics"] == [{"Name": "RequestsOverLimit", "Unit": "Count"}]
