"""The saved queries of Logs Insights: each one finds real log lines that have all its fields.

The tests implement the part of the query language that the queries use.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from blog.dynamodb.table import Table
from functions.authorizer import app as authorizer
from tests.support.handlers import Call
from tests.support.samples import ROOT, LambdaContext, sample_event

RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
QUERIES = {
    name: one["Properties"]
    for name, one in RESOURCES.items()
    if one["Type"] == "AWS::Logs::QueryDefinition"
}
# Lines that Lambda itself writes, as Logs Insights shows them: for a stopped function, and for each
# call.
BY_LAMBDA = {
    "time": "2026-01-01T00:00:15.000Z 3f8c2f0a Task timed out after 15.00 seconds",
    "memory": "RequestId: 3f8c2f0a Error: Runtime exited with error: signal: killed",
    "exit": "RequestId: 3f8c2f0a Error: Runtime exited Runtime.ExitError",
    "raised": "[ERROR] KeyError: 'x' Traceback (most recent call last): File ...",
}
REPORT = {"@message": "REPORT RequestId: 3f8c2f0a", "@type": "REPORT", "@initDuration": 300.0}
DISCOVERED = {"@timestamp", "@message", "@type", "@initDuration", "@maxMemoryUsed"}
FUNCTIONS = {"as", "bin", "by", "count", "desc", "ispresent", "max", "pct"}

Line = dict[str, Any]


@pytest.fixture
def lines(
    call: Call,
    faults: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> list[Line]:
    """Return the log lines of a request with an internal error, and of one with a bad token."""

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(Table, "get_all", fail)
    call("public-get-post")
    event = sample_event("authorizer-request")
    event["multiValueHeaders"]["Authorization"] = ["Bearer opaque"]
    authorizer.handler(event, LambdaContext())
    written = f"{capsys.readouterr().out}{faults.getvalue()}".splitlines()
    access = RESOURCES["Api"]["Properties"]["AccessLogSetting"]["Format"]
    access = access.replace("$context.requestId", event["requestContext"]["requestId"])
    by_lambda = ({"@message": text} for text in BY_LAMBDA.values())
    return [*map(json.loads, [*written, access]), *by_lambda, REPORT]


@pytest.mark.parametrize("name", QUERIES)
def test_a_saved_query_finds_its_lines(name: str, lines: list[Line]) -> None:
    text = QUERIES[name]["QueryString"].replace("put the id here", lines[0]["correlation_id"])
    found = [line for line in lines if all(check(line) for check in _filters(text))]
    assert found
    assert set(_fields(text)) - {field for line in found for field in line} <= DISCOVERED


def test_one_request_is_found_in_all_logs(lines: list[Line]) -> None:
    text = QUERIES["RequestQuery"]["QueryString"].replace(
        "put the id here", lines[0]["correlation_id"]
    )
    (check,) = _filters(text)
    found = [line.get("message") or line["route"] for line in lines if check(line)]
    assert found == ["request", "authorization", "unexpected error", "$context.resourcePath"]


@pytest.mark.parametrize("kind", BY_LAMBDA)
def test_lambda_errors_are_among_the_errors(kind: str) -> None:
    (check,) = _filters(QUERIES["ErrorsQuery"]["QueryString"])
    assert check({"@message": BY_LAMBDA[kind]})
    assert not check(REPORT)


def _filters(text: str) -> Iterator[Callable[[Line], bool]]:
    for part in re.split(r"\s*\|\s*(?=filter|stats|sort|limit)|\n", text):
        if part.startswith("filter "):
            yield _any_of(part.removeprefix("filter ").split(" or "))


def _any_of(alternatives: Sequence[str]) -> Callable[[Line], bool]:
    terms = [[_term(term) for term in one.split(" and ")] for one in alternatives]
    return lambda line: any(all(term(line) for term in all_of) for all_of in terms)


def _term(text: str) -> Callable[[Line], bool]:
    if match := re.fullmatch(r"(\S+) = \"(.*)\"", text):
        field, value = match.groups()
        return lambda line: line.get(field) == value
    if match := re.fullmatch(r"(\S+) != \"(.*)\"", text):
        field, value = match.groups()
        return lambda line: line.get(field) != value
    if match := re.fullmatch(r"(\S+) >= (\d+)", text):
        field, least = match[1], int(match[2])
        return lambda line: isinstance(line.get(field), int) and line[field] >= least
    if match := re.fullmatch(r"(\S+) like /(.*)/", text):
        field, pattern = match.groups()
        return lambda line: bool(re.search(pattern, str(line.get(field, ""))))
    if match := re.fullmatch(r"ispresent\((\S+)\)", text):
        field = match[1]
        return lambda line: field in line
    raise ValueError(f"an unknown term: {text}")


def _fields(text: str) -> Iterator[str]:
    """Yield the fields that a query uses, without the names that it defines itself."""
    defined = set(re.findall(r" as (\w+)", text))
    for command in re.findall(r"(?:^|\| )(fields|stats) (.+)", text, re.M):
        for word in re.findall(r"(?<![\w@])@?[a-z]\w*", command[1]):
            if word not in FUNCTIONS | defined:
                yield word
