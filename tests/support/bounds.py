"""The cost of requests, counted at the client of DynamoDB, and tables of it in the documentation.

Read units are computed from the sizes of what DynamoDB returns, because moto does not report them.

Sources: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html for
the size of an item, and read-write-operations.html in the same guide for units. Reads have no
filter and no projection. So they cost a unit for each 4 KB, or half if they are eventually
consistent: of the sum for a Query, and of each item otherwise. A missing item counts like a small
one. The units of a call are rounded up.
"""

import json
import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.support.samples import ROOT

UNIT = 4096
PAGE = ROOT / "docs" / "scaling.md"
TOLERANCE = 1.1


class Cost(NamedTuple):
    """The use of DynamoDB by one operation.

    `actions` and `put_bytes` are those of the largest transaction.
    """

    calls: int = 0
    queries: int = 0
    read_units: int = 0
    query_units: int = 0
    actions: int = 0
    put_bytes: int = 0


class Counter:
    """Counts the calls of a client of DynamoDB."""

    def __init__(self, client: Any) -> None:
        self._lock = threading.Lock()  # calls run side by side
        self._cost = Cost()
        client.meta.events.register("provide-client-params.dynamodb", self._before)
        client.meta.events.register("after-call.dynamodb", self._after)

    def of(self, act: Callable[[], Any]) -> Cost:
        """Return the cost of calling a function."""
        self._cost = Cost()
        act()
        return self._cost

    def _before(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        requests = params.get("RequestItems", {}).values()
        gets = [one for one in requests if "Keys" in one]
        is_consistent = any(one.get("ConsistentRead") for one in (params, *gets))
        context["share"] = 1 if is_consistent else 0.5
        context["wanted"] = sum(len(one["Keys"]) for one in requests if "Keys" in one)
        actions = params.get("TransactItems", [])
        puts = [item_size(action["Put"]["Item"]) for action in actions if "Put" in action]
        with self._lock:
            self._cost = self._cost._replace(
                actions=max(self._cost.actions, len(actions)),
                put_bytes=max(self._cost.put_bytes, sum(puts)),
            )

    def _after(self, parsed: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        units = 0
        if model.name == "GetItem":
            units = _units([item_size(parsed.get("Item", {}))])
        elif model.name == "BatchGetItem":
            found = [item_size(one) for many in parsed["Responses"].values() for one in many]
            missing = context["wanted"] - len(found)
            units = sum(_units([size]) for size in found) + missing
        elif model.name == "Query":
            units = _units(map(item_size, parsed["Items"]))
        units = math.ceil(units * context["share"])
        with self._lock:
            self._cost = self._cost._replace(
                calls=self._cost.calls + 1,
                queries=self._cost.queries + (model.name == "Query"),
                read_units=self._cost.read_units + units,
                query_units=self._cost.query_units + (units if model.name == "Query" else 0),
            )


def _units(sizes: Iterable[int]) -> int:
    return max(1, math.ceil(sum(sizes) / UNIT))


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item in bytes, as DynamoDB stores it."""
    return sum(len(name) + _size(value) for name, value in item.items())


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "B":
            return len(content)
        case "N":
            return len(content.strip("-")) // 2 + 2
        case "L":
            return 3 + sum(1 + _size(one) for one in content)
        case "M":
            return 3 + len(content) + item_size(content)
    return 1


def bytes_sent(response: Mapping[str, Any]) -> int:
    """Return the size of a response as Lambda sends it: JSON, in which the body is a string.

    The runtime of Python 3.13 does not escape other characters than ASCII (`Encoder` in
    awslambdaric/lambda_runtime_marshaller.py).
    """
    return len(json.dumps(response, ensure_ascii=False).encode())


Rows = Mapping[str, Sequence[int]]


def documented(heading: str) -> dict[str, list[int]]:
    """Return the rows of the table below a heading, by the name in their first column."""
    below = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line.strip("|").split("|") for line in re.findall(r"^\|.*\|$", below, re.M)[2:]]
    return {
        name.strip().strip("`"): [int(cell.replace(",", "")) for cell in cells]
        for name, *cells in table
    }


def require_documented(heading: str, measured: Rows) -> None:
    """Fail unless the table below this heading has a row for each measurement, and is true.

    A number in it is a bound of the measured one, and at most a tenth above it.
    """
    rows = "\n".join(
        f"| `{name}` | {' | '.join(f'{_rounded(one):,}' for one in numbers)} |"
        for name, numbers in measured.items()
    )
    print(f"\n{heading}:\n{rows}")  # noqa: T201 - for pytest -s
    found = documented(heading)
    is_true = found.keys() == measured.keys() and all(
        is_bound(bound, number)
        for name, numbers in measured.items()
        for bound, number in zip(found[name], numbers, strict=True)
    )
    assert is_true, f"the table below {heading!r} in docs/scaling.md should have\n{rows}"


def is_bound(bound: int, number: int) -> bool:
    return number <= bound <= number * TOLERANCE + 1


def _rounded(number: int) -> int:
    """Round a number up to three digits."""
    step = int(10 ** max(0, len(str(number)) - 3))
    return math.ceil(number / step) * step
