"""The rights that the template's roles give each function."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

# By the name of a function: actions, and the ARNs, with wildcards, that they are allowed on.
Rights = Mapping[str, Iterable[tuple[str, str]]]
NO_RIGHTS: Rights = {}


def rights_of(
    functions: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, Mapping[str, Any]],
    policies: Mapping[str, Mapping[str, Any]],
) -> dict[str, list[tuple[str, str]]]:
    """Return the rights of each function from resolved properties.

    The policies are permissions boundaries.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for name, properties in functions.items():
        role = roles[properties["Role"].rpartition(":")[2]]
        given = [one for policy in role.get("Policies", []) for one in _rights(policy)]
        boundary = role.get("PermissionsBoundary")
        found[name] = list(bounded(given, _rights(policies[boundary])) if boundary else given)
    return found


def _rights(policy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in _several(statement["Action"]):
            for resource in _several(statement["Resource"]):
                yield action, resource


def bounded(
    rights: Iterable[tuple[str, str]], boundary: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Return the rights that a permissions boundary leaves.

    The boundary may have wildcards in actions and resources, a right only in its resource.
    """
    limits = list(boundary)
    for action, resource in rights:
        there = [limit for actions, limit in limits if fnmatchcase(action, actions)]
        if any(fnmatchcase(resource, limit) for limit in there):
            yield action, resource
        else:
            yield from ((action, limit) for limit in there if fnmatchcase(limit, resource))


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
