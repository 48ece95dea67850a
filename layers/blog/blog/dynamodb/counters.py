"""Counters of several kinds of writes, and the conditions that they depend on."""

from blog.dynamodb.actions import IS_THERE, Action, Item, Refused
from blog.dynamodb.keys import Key, stats_key
from blog.errors import NotFound

_IS_PUBLIC = "#is_public = :is_public"


def increment(key: Key, counter: str) -> Action:
    """Build the action that adds one, also to an item that does not exist yet."""
    return Action(key, values={"by": 1}, update=f"ADD #{counter} :by")


def decrement(key: Key, counter: str) -> Action:
    """Build the action that subtracts one; refused if there is no such item."""
    return Action(key, condition=IS_THERE, values={"by": -1}, update=f"ADD #{counter} :by")


def no_such_post(_: Item | None) -> NotFound:
    """Return the error for a post that is not public."""
    return NotFound("There is no such post.")


def increment_if_public(post_id: str, counter: str, refused: Refused = no_such_post) -> Action:
    """Build the action that adds one to a post's counter; refused unless the post is public."""
    return Action(
        stats_key(post_id),
        condition=_IS_PUBLIC,
        values={"is_public": True, "by": 1},
        update=f"ADD #{counter} :by",
        refused=refused,
    )


def require_public(post_id: str, refused: Refused = no_such_post) -> Action:
    """Build the check that a post is public."""
    return Action(
        stats_key(post_id),
        condition=_IS_PUBLIC,
        values={"is_public": True},
        is_check=True,
        refused=refused,
    )
