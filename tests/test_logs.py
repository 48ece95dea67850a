"""The logs of the whole suite contain no personal data. These tests run last."""

import json

import pytest

from tests.conftest import LINES, LOG_FILES
from tests.support.logs import logged, personal


def test_the_suites_logs_contain_no_personal_data(pytestconfig: pytest.Config) -> None:
    lines = pytestconfig.stash[LINES]
    for path in pytestconfig.stash[LOG_FILES]:
        lines += path.read_text().splitlines()
    requests = [line for line in lines if '"message":"request"' in line]
    if len(requests) < 100:
        pytest.skip("reads the logs of the tests before it: run all of them, `make test`")
    assert list(personal(lines)) == []


@pytest.mark.parametrize(
    "value",
    [
        "auth0|6500000000000000000a11ce",
        "auth0%7C65",
        "alice@example.com",
        "abc@clients",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln",
        "Bearer aaaaaaaaaaaaaaaaaaaaaaaa",
        "Alice Exemplary",
    ],
)
def test_personal_data_is_found(value: str) -> None:
    line = json.dumps({"level": "INFO", "message": "request", "detail": f"x {value} y"})
    assert len(list(personal(logged(f"another\n{line}\n")))) >= 1


def test_the_log_line_of_a_request_is_not_personal() -> None:
    line = json.dumps(
        {
            "level": "INFO",
            "location": "handler:74",
            "method": "GET",
            "route": "/authors/{author_id}",
            "client_id": "blog-spa",
            "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:function",
        }
    )
    assert list(personal([line, "GET '/authors/mfrggzdfmztwq2lknnwg23tpob' 200 1.0 ms"])) == []
