"""Parts of transactions that more than one kind of write has: counters, and what they depend on."""

from blog.dynamodb.actions import IS_THERE, Action
from blog.dynamodb.keys import Key, stats_key

_IS_PUBLIC = "#is_public = :is_public"


def increment(key: Key, counter: str) -> Action:
    """One more, from nothing if need be."""
    return Action(key, values={"by": 1}, update=f"ADD #{counter} :by")


def decrement(key: Key, counter: str) -> Action:
    """One less; refused where there is no such item."""
    return Action(key, condition=IS_THERE, values={"by": -1}, update=f"ADD #{counter} :by")


def increment_if_public(post_id: str, counter: str) -> Action:
    """One more of a post; refused unless everyone may read it."""
    values = {"is_public": True, "by": 1}
    return Action(
        stats_key(post_id), condition=_IS_PUBLIC, values=values, update=f"ADD #{counter} :by"
    )


def require_public(post_id: str) -> Action:
    """That everyone may read a post, as a condition alone."""
    values = {"is_public": True}
    return Action(stats_key(post_id), condition=_IS_PUBLIC, values=values, is_check=True)
