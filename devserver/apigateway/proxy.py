"""The events that a REST API sends to functions, and the results that it accepts from them."""

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from devserver.apigateway.authorization import Authorization
from devserver.apigateway.http import Request, Response
from devserver.template.deployment import Route
from devserver.template.intrinsics import ACCOUNT, REGION

API_ID = "local"

# These headers of a function reach the client as x-amzn-Remapped-….
REMAPPED_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
    }
)

_RESULT_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# Events have these names as here. Others are as the client sent them, and HTTP/2 is in lower case.
_CAPITALISED = {"authorization": "Authorization", "host": "Host", "user-agent": "User-Agent"}


class MalformedResponse(Exception):
    """A function's result does not have the form of a proxy integration."""


def method_arn(stage: str, request: Request) -> str:
    """Return the ARN for policies. It has the path as it was sent, not the resource."""
    path = request.path.lstrip("/")
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{stage}/{request.method}/{path}"


def request_context(stage: str, request: Request, route: Route | None) -> dict[str, Any]:
    """Return `requestContext` without the authorizer's part. The path has no stage here."""
    now = time.time()
    request_id = str(uuid.uuid4())
    host = request.headers.get("host", ["localhost"])[0]
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "extendedRequestId": request_id[:8],
        "httpMethod": request.method,
        "identity": {
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", [None])[0],
        },
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "local",
        "resourcePath": None if route is None else route.resource,
        "stage": stage,
    }


def authorizer_event(
    arn: str, request: Request, route: Route, path_parameters: Mapping[str, str], context: Any
) -> dict[str, Any]:
    """Return the event for a REQUEST authorizer."""
    return {
        "type": "REQUEST",
        "methodArn": arn,
        **_request_members(request, route, path_parameters),
        "requestContext": context,
    }


def proxy_event(
    request: Request,
    route: Route,
    path_parameters: Mapping[str, str],
    context: Mapping[str, Any],
    authorization: Authorization | None,
) -> dict[str, Any]:
    """Return the event for a Lambda proxy integration."""
    if authorization is not None:
        authorizer = {**authorization.context, "principalId": authorization.principal_id}
        context = {**context, "authorizer": authorizer}
    body, is_base64 = _body(request.body)
    return {
        **_request_members(request, route, path_parameters),
        "requestContext": context,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def proxy_response(payload: str) -> Response:
    """Return the response that a function's result means. Raises MalformedResponse.

    Base64 is not decoded, because the API declares no binary media types. Recordings of AWS show
    which results are malformed (tests/recordings).
    """
    try:
        result = json.loads(payload)
        if not result or result.keys() - _RESULT_MEMBERS:
            raise MalformedResponse
        headers = _response_headers(result)
        body = result.get("body") or ""
        status = int(result.get("statusCode", 200))
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise MalformedResponse from e
    if not isinstance(body, str) or not 100 <= status <= 599:
        raise MalformedResponse
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return Response(status, headers, body.encode())


def _request_members(
    request: Request, route: Route, path_parameters: Mapping[str, str]
) -> dict[str, Any]:
    headers = {_CAPITALISED.get(name, name): values for name, values in request.headers.items()}
    return {
        "resource": route.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()}
        or None,
        "multiValueQueryStringParameters": request.query or None,
        "pathParameters": dict(path_parameters) or None,
        "stageVariables": None,
    }


def _body(body: bytes) -> tuple[str | None, bool]:
    """Return the body as text; as base64 if it is not UTF-8, so that nothing is lost."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _response_headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the values of both members. Raise TypeError if one of them has another form."""
    headers = []
    for name, values in (result.get("multiValueHeaders") or {}).items():
        if not isinstance(values, list):
            raise TypeError
        headers += [(_renamed(name), _header_value(value)) for value in values]
    for name, value in (result.get("headers") or {}).items():
        headers.append((_renamed(name), _header_value(value)))
    return headers


def _header_value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _renamed(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED_HEADERS else name
