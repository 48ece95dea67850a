"""CloudWatch metrics as log lines, in its Embedded Metric Format.

By hand, because Powertools' Logger and Metrics, for these few lines, added a tenth to the
authorizer's cold start where it was measured, and all of their package to its layer.
"""

import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or "Blog"  # the stack's name
SERVICE = "authorizer"

_LOGGABLE = re.compile(r"[A-Za-z0-9_.:@|-]{1,64}")


def count(
    metric: str,
    dimensions: Mapping[str, str],
    properties: Mapping[str, str | None],
    seconds: Mapping[str, float] | None = None,
) -> None:
    """Write one line: a metric of one, by its dimensions and by the first of them alone, with
    properties to search by; and metrics in seconds, of the service as a whole."""
    by = [["service", *dimensions], ["service", *list(dimensions)[:1]]]
    seconds = seconds or {}
    directives = [_directive(by if len(dimensions) > 1 else by[:1], {metric: "Count"})]
    if seconds:
        directives.append(_directive([["service"]], dict.fromkeys(seconds, "Seconds")))
    line = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives},
        "service": SERVICE,
        metric: 1,
        **seconds,
        **dimensions,
        **properties,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def _directive(dimensions: Sequence[Sequence[str]], units: Mapping[str, str]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": unit} for name, unit in units.items()]
    return {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}


def loggable(text: str) -> str:
    """The text, if it has the form of an id; what is not verified may hold anything."""
    return text if _LOGGABLE.fullmatch(text) else ""
