"""The log line of each request: JSON on standard output, without personal data.

It is written without Powertools' Logger, which took 25 % of a handler's own time for this line.
The Logger writes unexpected errors.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog import clock
from blog.errors import InternalError, Problem, TooManyRequests, Unavailable, traceback_frames
from blog_auth import emf

OVER_LIMIT = "RequestsOverLimit"
logger = Logger(use_rfc3339=True, utc=True)
_ROOT = re.compile("Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")
_json = json.JSONEncoder(separators=(",", ":")).encode
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")


class RequestLine:
    """The log line of one request.

    `refusal` is the class of the problem, if there was one. `throttled` holds DynamoDB's reasons
    for throttling the request. `limit` names the rate limit that refused it, which also counts in
    the metric RequestsOverLimit.
    """

    def __init__(self, event: Mapping[str, Any], context: LambdaContext) -> None:
        self.refusal: str | None = None
        self.throttled: str | None = None
        self.limit: str | None = None
        self.ids = {
            "correlation_id": event["requestContext"]["requestId"],
            "function_request_id": context.aws_request_id,
        }
        self._method = event["httpMethod"]
        self._route = event.get("resource")

    def refuse(self, problem: Problem, error: Exception) -> None:
        """Note why a request is refused, and log the error behind it if that is unexpected."""
        self.refusal = type(problem).__name__
        if isinstance(problem, Unavailable):
            self.throttled = ", ".join(problem.reasons) or None
        if isinstance(problem, TooManyRequests):
            self.limit = problem.limit
        if isinstance(problem, InternalError):
            details = {"error": type(error).__qualname__, "where": traceback_frames(error)}
            logger.error("unexpected error", extra={**self.ids, **details})

    def write(self, status: int) -> None:
        """Write the line for a response with this status, unless the log level leaves it out."""
        if logger.log_level > logging.INFO:
            return
        line = {
            "level": "INFO",
            "message": "request",
            "timestamp": clock.to_rfc3339(datetime.now(UTC)),
            "service": _SERVICE,
            **self.ids,
            "xray_trace_id": _trace_id(os.environ.get("_X_AMZN_TRACE_ID", "")),
            "method": self._method,
            "route": self._route,
            "status": status,
            "refusal": self.refusal,
            "throttled": self.throttled,
            "limit": self.limit,
        }
        if self.limit is not None:
            line |= {**emf.header(OVER_LIMIT, ("service", "limit")), OVER_LIMIT: 1}
        present = {name: value for name, value in line.items() if value is not None}
        sys.stdout.write(_json(present) + "\n")


def _trace_id(header: str) -> str | None:
    """Return the trace id in `Root=1-…;Parent=…`, which Lambda sets for each request."""
    root = _ROOT.search(header)
    return root[1] if root else None
