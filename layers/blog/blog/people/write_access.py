"""Whether a person may write at all: checked inside each write's transaction.

So a ban bites at once, and not when a token or a cache expires.
"""

from typing import Literal

from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import Key, ban_key
from blog.errors import Conflict, Forbidden

_NOT_CLOSED = "attribute_not_exists(#closed_for)"
_OPEN = f"attribute_not_exists(#banned_at) AND {_NOT_CLOSED}"


def require_can_write(author_id: str) -> Action:
    """The part of a transaction that is refused while this person may not write."""
    return Action(ban_key(author_id), condition=_OPEN, is_check=True)


def raise_if_blocked(item: Item | None) -> None:
    """Raise for what lies under `ban_key`, if it keeps this person from writing.

    Forbidden where they are banned or were joined to another account; Conflict while their things
    are being erased.
    """
    if item is None:
        return
    match item.get("closed_for"):
        case "erasure":
            raise Conflict("Your things are being erased: write when GET /me/erasure says done.")
        case "merge":
            raise Forbidden("This account was joined to another one of yours: log in again.")
    if "banned_at" in item:
        raise Forbidden("You are banned from writing here.")


def is_gate(key: Key) -> bool:
    """Whether it was the gate that refused."""
    return key.sk == "BAN"


def require_not_closed(author_id: str) -> Action:
    """The part of a transaction that is refused while this person's things are erased, or after
    they were joined to another account; a ban does not matter."""
    return Action(ban_key(author_id), condition=_NOT_CLOSED, is_check=True)


def require_closed(author_id: str) -> Action:
    """The part of a transaction that is refused unless their things are being erased or were joined
    to another account: what it removes may be theirs again afterwards."""
    return Action(ban_key(author_id), condition="attribute_exists(#closed_for)", is_check=True)


def block(author_id: str, why: Literal["erasure", "merge"]) -> Action:
    """What keeps this person from writing; refused where something does already but a ban, and
    while another account is joined to theirs."""
    condition = f"{_NOT_CLOSED} AND attribute_not_exists(#merging_from)"
    update = "SET #closed_for = :closed_for"
    return Action(
        ban_key(author_id), condition=condition, values={"closed_for": why}, update=update
    )


def begin_merge_into(author_id: str, old_author_id: str) -> Action:
    """What keeps this person from being erased while another account is joined to theirs."""
    nothing_else = "attribute_not_exists(#merging_from) OR #merging_from = :old"
    condition = f"{_NOT_CLOSED} AND ({nothing_else})"
    values = {"old": old_author_id}
    return Action(
        ban_key(author_id), condition=condition, values=values, update="SET #merging_from = :old"
    )


def end_merge_into(author_id: str, old_author_id: str, item: Item) -> Action:
    """What ends that; a ban stays."""
    return _without("merging_from", author_id, old_author_id, item)


def unblock(author_id: str, item: Item) -> Action:
    """What ends an erasure; a ban stays, under the author id alone."""
    return _without("closed_for", author_id, "erasure", item)


def _without(mark: str, author_id: str, value: str, item: Item) -> Action:
    """The gate without a mark, and none where nothing is left of it; `item` is as it was read."""
    still = f"#{mark} = :value AND attribute_%s(#banned_at)"
    if "banned_at" in item:
        update = f"REMOVE #{mark}"
        return Action(
            ban_key(author_id), condition=still % "exists", values={"value": value}, update=update
        )
    return Action(ban_key(author_id), condition=still % "not_exists", values={"value": value})
