"""The cost of a request at DynamoDB, measured at its client."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})


@dataclass(frozen=True)
class Cost:
    """The cost of a request.

    Round trips (concurrent calls are one), calls, capacity units as the engine reports them, and
    seconds: of this process's CPU, and elapsed.
    """

    round_trips: int
    calls: int
    reads: float
    writes: float
    cpu: float
    seconds: float


class Meter:
    """Requests the consumed capacity of each call of a client, and adds it up."""

    def __init__(self, client: Any) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._reset()
        events = client.meta.events
        events.register("before-parameter-build.dynamodb", _ask_for_capacity)
        events.register("before-call.dynamodb", self._started)
        events.register("after-call.dynamodb", self._ended)

    def _reset(self) -> None:
        self._round_trips = self._calls = 0
        self._reads = self._writes = 0.0

    def of(self, act: Callable[[], Any]) -> Cost:
        """Return the cost of calling a function."""
        self._reset()
        cpu, started = time.process_time(), time.perf_counter()
        act()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        return Cost(self._round_trips, self._calls, self._reads, self._writes, cpu, seconds)

    def _started(self, **_: Any) -> None:
        with self._lock:
            self._calls += 1
            self._round_trips += self._under_way == 0
            self._under_way += 1

    def _ended(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        units = sum(
            one["CapacityUnits"] for one in (consumed if isinstance(consumed, list) else [consumed])
        )
        with self._lock:
            self._under_way -= 1
            if model.name in _READS:
                self._reads += units
            else:
                self._writes += units


def _ask_for_capacity(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"
