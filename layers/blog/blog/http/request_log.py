"""One line for each request, as JSON on standard output, with nothing of anybody's in it.

By hand, because Powertools' Logger, for this one line, took a quarter of a handler's own time where
it was measured. Faults of ours are its to log.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from blog import clock

_ROOT = re.compile("Root=(1-[0-9a-f]{8}-[0-9a-f]{24})")
_json = json.JSONEncoder(separators=(",", ":")).encode
_SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")


class RequestLine:
    """What is known of a request before it is answered, and why it was refused, if it was."""

    def __init__(self, event: Mapping[str, Any], context: LambdaContext) -> None:
        self.refusal: str | None = None
        self.ids = {
            "correlation_id": event["requestContext"]["requestId"],
            "function_request_id": context.aws_request_id,
        }
        self._method = event["httpMethod"]
        self._route = event.get("resource")

    def write(self, status: int) -> None:
        """Write it, now that there is an answer."""
        line = {
            "level": "INFO",
            "message": "request",
            "timestamp": clock.to_rfc3339(clock.now()),
            "service": _SERVICE,
            **self.ids,
            "xray_trace_id": _trace_id(os.environ.get("_X_AMZN_TRACE_ID", "")),
            "method": self._method,
            "route": self._route,
            "status": status,
            "refusal": self.refusal,
        }
        told = {name: value for name, value in line.items() if value is not None}
        sys.stdout.write(_json(told) + "\n")


def _trace_id(header: str) -> str | None:
    """That of `Root=1-…;Parent=…`, which Lambda sets anew for each request."""
    root = _ROOT.search(header)
    return root[1] if root else None
