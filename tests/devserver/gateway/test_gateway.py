"""The dev server's gateway behaves as API Gateway documents, over real HTTP and processes."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from devserver.api_server import ApiServer
from devserver.lambda_.environments import LONGEST_WAIT
from devserver.template.deployment import read_deployment, without_timeouts

HERE = Path(__file__).parent
GATEWAY_TIMEOUT = 2.0
ENVIRONMENTS = 3
ORIGIN = "https://app.example.com"


class Api:
    """A client that sends exactly the given bytes."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        path: str,
        *fields: tuple[str, str],
        method: str = "GET",
        body: bytes | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers by lower-case name, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path)
            for name, value in fields:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()
        finally:
            connection.close()

    def state(self, path: str, *fields: tuple[str, str], **more: Any) -> dict[str, Any]:
        """Return the state that the probe reports."""
        status, _, body = self.send(path, *fields, **more)
        assert status == 200, body
        state: dict[str, Any] = json.loads(body)
        return state


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    with _running(folder) as port:
        yield Api(port)


class _running:  # noqa: N801 - a context manager
    """The API of a folder's template, served from a thread."""

    def __init__(
        self, folder: Path, *, timeout: float | None = None, longest_wait: float = LONGEST_WAIT
    ) -> None:
        sock = socket.create_server(("127.0.0.1", 0))
        self._port: int = sock.getsockname()[1]
        deployment = read_deployment(folder / "template.yaml", {})
        if timeout is not None:
            deployment = without_timeouts(deployment, timeout)
        self._server = ApiServer(
            deployment,
            {},
            environments=ENVIRONMENTS,
            longest_wait=longest_wait,
            integration_timeout=timeout or GATEWAY_TIMEOUT,
        )
        self._thread = threading.Thread(target=self._server.run, args=[sock])

    def __enter__(self) -> int:
        self._thread.start()
        return self._port

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()


def authorized(behavior: str) -> tuple[str, str]:
    return ("Authorization", behavior)


def test_a_missing_identity_source_never_reaches_the_authorizer(api: Api) -> None:
    before = api.state("/guarded/echo", authorized("count-1"))["event"]["requestContext"]
    for fields in ([], [("Authorization", "")], [("Authorization", "  ")]):
        status, headers, body = api.send("/guarded/echo", *fields)
        assert status == 401
        assert json.loads(body) == {"type": "UNAUTHORIZED"}
        assert headers["x-amzn-errortype"] == "UnauthorizedException"
        assert headers["access-control-allow-origin"] == ORIGIN
        assert headers["www-authenticate"] == "Bearer"
    after = api.state("/guarded/echo", authorized("count-2"))["event"]["requestContext"]
    assert int(after["authorizer"]["calls"]) == int(before["authorizer"]["calls"]) + 1


def test_authorizer_results_are_cached_by_identity_for_all_routes(api: Api) -> None:
    first = api.state("/guarded/echo", authorized("cached"))["event"]
    again = api.state("/guarded/other", authorized("cached"))["event"]
    other = api.state("/guarded/echo", authorized("not cached"))["event"]
    calls = [event["requestContext"]["authorizer"]["calls"] for event in (first, again, other)]
    assert calls[0] == calls[1] != calls[2]


def test_a_cached_policy_for_one_route_denies_the_others(api: Api) -> None:
    assert api.send("/guarded/echo", authorized("this-route"))[0] == 200
    assert api.send("/guarded/other", authorized("this-route"))[0] == 401


def test_the_authorizers_context_reaches_handlers_as_text(api: Api) -> None:
    authorizer = api.state("/guarded/echo", authorized("text"))["event"]["requestContext"][
        "authorizer"
    ]
    assert authorizer["flag"] == "true"
    assert isinstance(authorizer["calls"], str)
    assert authorizer["principalId"] == "p"


def test_a_deny_gets_its_gateway_response_with_the_context_in_the_body(api: Api) -> None:
    status, _, body = api.send("/guarded/echo", authorized("deny"))
    assert status == 401
    assert json.loads(body) == {"type": "ACCESS_DENIED", "why": "in fixed words", "no": ""}


def test_an_authorizer_that_raises_is_a_failure_and_is_not_cached(api: Api) -> None:
    for _ in range(2):
        status, _, body = api.send("/guarded/echo", authorized("raise"))
        assert (status, json.loads(body)["type"]) == (503, "AUTHORIZER_FAILURE")


def test_a_malformed_policy_is_a_configuration_error(api: Api) -> None:
    status, headers, _ = api.send("/guarded/echo", authorized("malformed"))
    assert status == 500
    assert headers["x-amzn-errortype"] == "AuthorizerConfigurationException"


@pytest.mark.parametrize("path", ["/nowhere", "/open", "/open/a/b", "/", "/guarded"])
def test_an_unknown_route_gets_missing_authentication_token(api: Api, path: str) -> None:
    status, headers, body = api.send(path)
    assert status == 403
    assert headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert json.loads(body) == {"message": "Missing Authentication Token"}


def test_an_unknown_method_gets_missing_authentication_token(api: Api) -> None:
    assert api.send("/open/echo", method="PUT")[0] == 403


def test_a_preflight_needs_no_token(api: Api) -> None:
    status, headers, _ = api.send("/guarded/echo", method="OPTIONS")
    assert status == 200
    assert headers["access-control-allow-origin"] == ORIGIN
    assert headers["access-control-allow-methods"] == "GET,OPTIONS"
    assert headers["access-control-allow-headers"] == "Authorization"


def test_a_fixed_path_has_priority_over_a_variable_one(api: Api) -> None:
    assert api.state("/open/fixed")["event"]["resource"] == "/open/fixed"
    assert api.state("/open/fixed/")["event"]["resource"] == "/open/fixed"
    assert api.state("/rest/a/b")["event"]["pathParameters"] == {"proxy": "a/b"}


def test_the_event_has_the_form_of_a_proxy_integration(api: Api) -> None:
    event = api.state(
        "/open/c%23%20%C3%A9?a=1&a=2&b=x%26y&empty=",
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        method="POST",
        body='{"é": 1}'.encode(),
    )["event"]
    # Paths stay encoded: AWS recorded by LocalStack, test_apigateway_lambda.snapshot.json (2024).
    assert event["path"] == "/open/c%23%20%C3%A9"
    assert event["pathParameters"] == {"behavior": "c%23%20%C3%A9"}
    assert event["queryStringParameters"] == {"a": "2", "b": "x&y", "empty": ""}
    assert event["multiValueQueryStringParameters"]["a"] == ["1", "2"]
    assert event["multiValueHeaders"]["x-twice"] == ["1", "2"]
    assert event["headers"]["x-twice"] == "2"
    assert (event["body"], event["isBase64Encoded"]) == ('{"é": 1}', False)
    assert event["requestContext"]["path"] == "/open/c%23%20%C3%A9"
    assert "authorizer" not in event["requestContext"]


def test_a_missing_query_and_body_are_null_in_the_event(api: Api) -> None:
    event = api.state("/open/echo")["event"]
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None


def test_a_body_that_is_not_utf_8_arrives_as_base64(api: Api) -> None:
    event = api.state("/open/echo", method="POST", body=b"\xff\xfe")["event"]
    assert (event["body"], event["isBase64Encoded"]) == ("//4=", True)


@pytest.mark.parametrize("behavior", ["broken", "exit", "malformed", "no-status", "large"])
def test_a_function_that_fails_is_502_with_a_fixed_body(api: Api, behavior: str) -> None:
    status, headers, body = api.send(f"/open/{behavior}")
    assert status == 502
    assert json.loads(body) == {"type": "DEFAULT_5XX", "message": "Internal server error"}
    assert headers["access-control-allow-origin"] == ORIGIN
    assert b"secret" not in body
    assert api.state("/open/echo"), "the next request succeeds again"


def test_a_function_that_cannot_be_loaded_is_502(api: Api) -> None:
    assert api.send("/unloadable")[0] == 502
    assert api.send("/unloadable")[0] == 502


def test_a_function_that_exceeds_its_own_timeout_is_killed_and_502(api: Api) -> None:
    before = api.state("/open/echo")["pid"]
    assert api.send("/open/sleep-5")[0] == 502
    after = api.state("/open/echo")["pid"]
    assert after != before
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


def test_a_function_that_exceeds_the_gateways_timeout_is_504_and_continues(api: Api) -> None:
    started = time.monotonic()
    status, headers, body = api.send("/guarded/sleep-3", authorized("timeout"))
    assert status == 504
    assert headers["x-amzn-errortype"] == "InternalServerErrorException"
    assert json.loads(body)["message"] == "Endpoint request timed out"
    assert time.monotonic() - started >= GATEWAY_TIMEOUT
    assert api.state("/guarded/echo", authorized("timeout"))


def test_requests_that_are_too_large_never_reach_a_function(api: Api) -> None:
    megabyte = 1024 * 1024
    for size in (7 * megabyte, 11 * megabyte):
        status, headers, _ = api.send("/open/echo", method="POST", body=b"x" * size)
        assert status == 413
        assert headers["x-amzn-errortype"] == "RequestTooLargeException"


def test_a_truncated_request_never_reaches_a_function(api: Api) -> None:
    before = api.state("/open/echo")["invocations"]
    with socket.create_connection(("127.0.0.1", api.port)) as sock:
        sock.sendall(b"POST /open/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{}")
    time.sleep(0.3)
    assert api.state("/open/echo")["invocations"] == before + 1


def test_some_headers_of_a_function_are_renamed(api: Api) -> None:
    status, headers, _ = api.send("/open/headers")
    assert status == 401
    assert "www-authenticate" not in headers
    assert headers["x-amzn-remapped-www-authenticate"] == "Bearer"
    assert headers["x-amzn-remapped-date"] == "never"
    assert headers["content-type"] == "application/json", (
        "the default, because the function sets none"
    )


def test_base64_is_not_decoded_without_binary_media_types(api: Api) -> None:
    assert api.send("/open/base64")[2] == b"aGk="


def test_an_environment_is_reused_and_has_only_the_functions_variables(api: Api) -> None:
    first, second = api.state("/open/echo"), api.state("/open/echo")
    assert first["pid"] == second["pid"]
    assert second["invocations"] == first["invocations"] + 1
    environment = first["environment"]
    assert environment["GREETING"] == f"hello {ORIGIN}"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "OpenFunction"
    assert "HOME" not in environment
    assert 0 < first["remaining"] <= 1_000


def test_concurrent_requests_get_environments_of_their_own_up_to_the_limit(api: Api) -> None:
    for _ in range(2):
        with ThreadPoolExecutor(12) as pool:
            states = list(pool.map(lambda _: api.state("/open/sleep-0.2"), range(12)))
    assert len({state["pid"] for state in states}) == ENVIRONMENTS


def test_a_function_whose_environments_are_all_busy_is_throttled(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    with _running(tmp_path, longest_wait=0.05) as port:
        api = Api(port)
        with ThreadPoolExecutor(ENVIRONMENTS + 4) as pool:
            answers = list(pool.map(api.send, ["/open/sleep-0.8"] * (ENVIRONMENTS + 4)))
        assert sorted(status for status, _, _ in answers) == [200] * ENVIRONMENTS + [500] * 4
        headers, body = next(answer[1:] for answer in answers if answer[0] == 500)
        assert headers["x-amzn-errortype"] == "InternalServerErrorException"
        assert json.loads(body) == {"type": "DEFAULT_5XX", "message": "Internal server error"}
        assert api.state("/open/echo"), "a free environment responds again"


def test_a_throttled_authorizer_is_a_failure_of_the_authorizer(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    with _running(tmp_path, longest_wait=0.05) as port:
        api = Api(port)
        with ThreadPoolExecutor(ENVIRONMENTS + 1) as pool:
            sent = [
                pool.submit(api.send, "/guarded/echo", authorized(f"slow-{number}"))
                for number in range(ENVIRONMENTS + 1)
            ]
        answers = [future.result() for future in sent]
        assert sorted(status for status, _, _ in answers) == [200] * ENVIRONMENTS + [503]
        body = next(body for status, _, body in answers if status == 503)
        assert json.loads(body) == {"type": "AUTHORIZER_FAILURE"}


def test_changed_code_is_loaded_at_the_next_request(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    with _running(tmp_path) as port:
        api = Api(port)
        assert api.state("/open/echo")
        source = tmp_path / "probe" / "app.py"
        source.write_text("def handler(e, c):\n    return {'statusCode': 200, 'body': 'new'}\n")
        assert api.send("/open/echo")[2] == b"new"


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    with _running(tmp_path) as port:
        pid = Api(port).state("/open/echo")["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def test_an_authorizer_result_is_not_used_after_its_ttl(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    template = tmp_path / "template.yaml"
    template.write_text(
        template.read_text().replace("ReauthorizeEvery: 300", "ReauthorizeEvery: 0")
    )
    with _running(tmp_path) as port:
        api = Api(port)
        calls = [
            api.state("/guarded/echo", authorized("x"))["event"]["requestContext"]["authorizer"][
                "calls"
            ]
            for _ in range(2)
        ]
    assert calls == ["1", "2"]


def test_without_timeouts_a_slow_function_succeeds(tmp_path: Path) -> None:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True)
    with _running(tmp_path, timeout=30) as port:
        assert Api(port).send("/open/sleep-3")[0] == 200
