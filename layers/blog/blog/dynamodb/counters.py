"""Counters of several kinds of writes, and the conditions that they depend on."""

from blog.dynamodb.actions import IS_THERE, Action, Item, Refused
from blog.dynamodb.keys import Key, author_stats_key, stats_key
from blog.errors import NotFound

_IS_PUBLIC = "#is_public = :is_public"
_IS_KNOWN = "#has_profile = :true OR #post_count > :none OR #comment_count > :none"


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


def no_such_author(_: Item | None) -> NotFound:
    """Return the error for an author of whom nothing is public."""
    return NotFound("There is no such author.")


def increment_if_known(author_id: str, counter: str) -> Action:
    """Build the action that adds one to an author's counter.

    Refused if nothing of the author is public.
    """
    return Action(
        author_stats_key(author_id),
        condition=_IS_KNOWN,
        values={"true": True, "none": 0, "by": 1},
        update=f"ADD #{counter} :by",
        refused=no_such_author,
    )


def require_known(author_id: str) -> Action:
    """Build the check that something of an author is public."""
    return Action(
        author_stats_key(author_id),
        condition=_IS_KNOWN,
        values={"true": True, "none": 0},
        is_check=True,
        refused=no_such_author,
    )
