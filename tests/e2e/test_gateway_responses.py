"""The gateway's own responses, of every type in the template, as an app receives them."""

import pytest

from devserver.apigateway.gateway_responses import DEFAULTS
from tests.support.stack import ALLOWED_ORIGIN, DEPLOYMENT, Client, Stack

RESPONSES = DEPLOYMENT.gateway_responses


@pytest.mark.parametrize("kind", sorted(RESPONSES))
def test_each_gateway_response_is_a_problem_that_other_origins_can_read(
    stack: Stack, visitor: Client, kind: str
) -> None:
    if stack.log is None:
        pytest.skip("only the devserver returns them on request")
    response = visitor.get("/posts", headers={"X-Gateway-Response": kind})
    assert response.status_code == (RESPONSES[kind].status or DEFAULTS[kind][0])
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN
    assert response.headers["Cache-Control"] == "private, no-store"
    body = response.json()
    assert body["instance"] == f"urn:uuid:{response.headers['x-amzn-RequestId']}"
    assert body.get("status", response.status_code) == response.status_code
    assert body["title"]
    if response.status_code in (429, 503, 504):
        assert int(response.headers["Retry-After"]) > 0
        assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
    assert body["detail"] or kind == "ACCESS_DENIED", "the authorizer gives the reason"
