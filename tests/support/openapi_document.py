"""The OpenAPI document that is deployed with the function that serves it."""

import json
from typing import Any

from tests.support.samples import ROOT

DOCUMENT: dict[str, Any] = json.loads((ROOT / "functions/public/openapi.json").read_text())
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, Any] = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}
