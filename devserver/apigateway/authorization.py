"""A Lambda authorizer's part of API Gateway: the result cache and the policy evaluation."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_CACHED = 10_000


class MalformedPolicy(Exception):
    """API Gateway does not accept the authorizer's response."""


@dataclass(frozen=True)
class Authorization:
    """An authorizer's response: a policy, and the context for handlers and gateway responses."""

    principal_id: str
    statements: tuple[Mapping[str, Any], ...]
    context: Mapping[str, str]

    @classmethod
    def parse(cls, response: Any) -> "Authorization":
        """Parse a response.

        Raises MalformedPolicy, for which API Gateway sends AUTHORIZER_CONFIGURATION_ERROR.
        """
        try:
            statements = response["policyDocument"]["Statement"]
            context = response.get("context") or {}
            if not all(isinstance(value, str | int | float) for value in context.values()):
                raise MalformedPolicy("the context holds more than strings, numbers and booleans")
            for statement in statements:
                if statement["Effect"] not in ("Allow", "Deny"):
                    raise MalformedPolicy("an effect is neither Allow nor Deny")
                _ = statement["Action"], statement["Resource"]
            return cls(
                principal_id=str(response["principalId"]),
                statements=tuple(statements),
                context={name: _as_text(value) for name, value in context.items()},
            )
        except (KeyError, TypeError, AttributeError) as e:
            raise MalformedPolicy("a member is missing or of the wrong type") from e

    def allows(self, arn: str) -> bool:
        """Return whether a statement allows this method's ARN and none denies it."""
        effects = {
            statement["Effect"]
            for statement in self.statements
            if _any_matches(statement["Action"], "execute-api:Invoke")
            and _any_matches(statement["Resource"], arn)
        }
        return effects == {"Allow"}


class ResultCache:
    """A cache of results by identity source, for all routes, as long as the authorizer says."""

    def __init__(self, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._ttl = ttl
        self._clock = clock
        self._results: OrderedDict[str, tuple[float, Authorization]] = OrderedDict()

    def get(self, identity: str) -> Authorization | None:
        """Return the cached result, or None."""
        cached_at, result = self._results.get(identity, (None, None))
        return result if cached_at is not None and self._clock() - cached_at < self._ttl else None

    def put(self, identity: str, result: Authorization) -> None:
        """Cache a result. Remove the oldest one if there are too many."""
        if self._ttl > 0:
            self._results[identity] = self._clock(), result
            self._results.move_to_end(identity)
            if len(self._results) > MAX_CACHED:
                self._results.popitem(last=False)


def _as_text(value: str | float) -> str:
    """Return a context value as API Gateway passes it on: always as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _any_matches(patterns: str | list[str], subject: str) -> bool:
    """Return whether one of IAM's patterns matches: * is any run of characters, ? is one."""
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), subject, re.S)
        for pattern in patterns
    )
