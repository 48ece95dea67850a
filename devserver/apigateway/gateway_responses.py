"""API Gateway's own responses by type, in the form that the template's GatewayResponses set."""

import json
import re
from collections.abc import Mapping
from typing import Any

from devserver.apigateway.http import Response
from devserver.template.deployment import GatewayResponse

INTERNAL = "InternalServerErrorException"

# Type: default status and message as API Gateway documents them, and the value of x-amzn-ErrorType.
# AWS documents no such value: these are recorded, except those of types that nobody has recorded.
DEFAULTS = {
    "ACCESS_DENIED": (
        403,
        "User is not authorized to access this resource",
        "AccessDeniedException",
    ),
    "API_CONFIGURATION_ERROR": (500, "Internal server error", INTERNAL),
    "AUTHORIZER_CONFIGURATION_ERROR": (
        500,
        "Internal server error",
        "AuthorizerConfigurationException",
    ),
    "AUTHORIZER_FAILURE": (500, "Internal server error", "AuthorizerFailureException"),
    "BAD_REQUEST_BODY": (400, "Invalid request body", "BadRequestException"),
    "BAD_REQUEST_PARAMETERS": (400, "Invalid request parameters", "BadRequestException"),
    "DEFAULT_4XX": (400, "Bad Request", "BadRequestException"),
    "DEFAULT_5XX": (500, "Internal server error", INTERNAL),
    "EXPIRED_TOKEN": (
        403,
        "The security token included in the request is expired",
        "ExpiredTokenException",
    ),
    "INTEGRATION_FAILURE": (504, "Internal server error", INTERNAL),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out", INTERNAL),
    "INVALID_API_KEY": (403, "Forbidden", "ForbiddenException"),
    "INVALID_SIGNATURE": (
        403,
        "The request signature does not match",
        "InvalidSignatureException",
    ),
    "MISSING_AUTHENTICATION_TOKEN": (
        403,
        "Missing Authentication Token",
        "MissingAuthenticationTokenException",
    ),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded", "LimitExceededException"),
    "REQUEST_TOO_LARGE": (413, "Request Too Long", "RequestTooLargeException"),
    "RESOURCE_NOT_FOUND": (404, "Not Found", "ResourceNotFoundException"),
    "THROTTLED": (429, "Too Many Requests", "TooManyRequestsException"),
    "UNAUTHORIZED": (401, "Unauthorized", "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type", "BadRequestException"),
    "WAF_FILTERED": (403, "Forbidden", "ForbiddenException"),
    # An error of the Lambda function has no type: API Gateway sends 502 with DEFAULT_5XX.
    "BAD_GATEWAY": (502, "Internal server error", INTERNAL),
}

_VARIABLE = re.compile(r"\$context((?:\.[A-Za-z0-9_]+)+)")


def gateway_response(
    kind: str, responses: Mapping[str, GatewayResponse], context: Mapping[str, Any]
) -> Response:
    """Return the response of a type, in the template's form if it has one."""
    status, message, error_type = DEFAULTS[kind]
    default = "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX"
    response = responses.get(kind) or responses.get(default) or GatewayResponse(None, {}, None)
    error = {"message": message, "messageString": json.dumps(message), "responseType": kind}
    variables = {**context, "error": error}
    template = response.template or '{"message":$context.error.messageString}'
    headers = {
        "Content-Type": "application/json",
        "x-amzn-ErrorType": error_type,
        **response.headers,
    }
    return Response(
        status=response.status or status,
        headers=[(name, _substitute(value, variables)) for name, value in headers.items()],
        body=_substitute(template, variables).encode(),
    )


def _substitute(template: str, variables: Mapping[str, Any]) -> str:
    """Replace variables, and escape nothing, as API Gateway does."""

    def value(match: re.Match[str]) -> str:
        resolved: Any = variables
        for name in match[1][1:].split("."):
            resolved = resolved.get(name) if isinstance(resolved, Mapping) else None
        return "" if resolved is None else str(resolved)

    return _VARIABLE.sub(value, template)
