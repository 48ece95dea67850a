"""CloudWatch metrics as log lines, in its Embedded Metric Format.

By hand, because Powertools' Logger and Metrics, for these few lines, added a tenth to the
authorizer's cold start where it was measured, and all of their package to its layer.
"""

import json
import re
import sys
import time
from collections.abc import Mapping

NAMESPACE = "Blog"
SERVICE = "authorizer"

_LOGGABLE = re.compile(r"[A-Za-z0-9_.:@|-]{1,64}")


def count(metric: str, dimensions: Mapping[str, str], properties: Mapping[str, str | None]) -> None:
    """Write one line: a metric of one, by its dimensions, with properties to search by."""
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["service", *dimensions]],
                    "Metrics": [{"Name": metric, "Unit": "Count"}],
                }
            ],
        },
        "service": SERVICE,
        metric: 1,
        **dimensions,
        **properties,
    }
    sys.stdout.write(json.dumps(line) + "\n")


def loggable(text: str) -> str:
    """The text, if it has the form of an id; what is not verified may hold anything."""
    return text if _LOGGABLE.fullmatch(text) else ""
