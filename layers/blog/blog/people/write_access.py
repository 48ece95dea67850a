"""Write access: whether a user may write, checked inside the transaction of each write.

So a ban takes effect at once, and not when a token or a cache expires. The item under `ban_key`
holds what takes write access away: a ban, or a block by an erasure or a merge (`closed_for`). It
also counts the user's writes of an hour (rate_limits.py).
"""

from typing import Literal

from blog.dynamodb.actions import Action, Item, Refused
from blog.dynamodb.keys import ban_key
from blog.errors import Conflict, Forbidden

_IS_BANNED = "attribute_exists(#banned_at)"
_NOT_BANNED = "attribute_not_exists(#banned_at)"
NOT_CLOSED = "attribute_not_exists(#closed_for)"
CAN_WRITE = f"{_NOT_BANNED} AND {NOT_CLOSED}"


def block_error(item: Item | None, *, is_ban_ignored: bool = False) -> Conflict | Forbidden | None:
    """Return why a user may not write, from the item under `ban_key`; None if they may.

    Forbidden if they are banned or their account was merged into another. Conflict during an
    erasure.
    """
    match (item or {}).get("closed_for"):
        case "erasure":
            return Conflict(
                "Your account is being erased. You can write again when GET /me/erasure says done."
            )
        case "merge":
            return Forbidden("This account was merged into another account of yours. Log in again.")
    if "banned_at" in (item or {}) and not is_ban_ignored:
        return Forbidden("You are banned from writing here.")
    return None


def raise_if_blocked(item: Item | None) -> None:
    """Raise the `block_error` of the item under `ban_key`, before a write that would fail."""
    if error := block_error(item):
        raise error


def require_can_write(author_id: str, refused: Refused | None = block_error) -> Action:
    """Build the check that a user has write access."""
    return Action(ban_key(author_id), condition=CAN_WRITE, is_check=True, refused=refused)


def require_closed(author_id: str, refused: Refused | None = None) -> Action:
    """Build the check that an erasure or a merge blocks a user.

    After it, the user may write again, so what it would remove may be in use.
    """
    condition = "attribute_exists(#closed_for)"
    return Action(ban_key(author_id), condition=condition, is_check=True, refused=refused)


def block(
    author_id: str, reason: Literal["erasure", "merge"], refused: Refused | None = None
) -> Action:
    """Build the write that blocks a user.

    Refused if another erasure or merge blocks them, and while another account is being merged
    into theirs. A ban does not matter.
    """
    return Action(
        ban_key(author_id),
        condition=f"{NOT_CLOSED} AND attribute_not_exists(#merging_from)",
        values={"closed_for": reason},
        update="SET #closed_for = :closed_for",
        refused=refused,
    )


def begin_merge_into(author_id: str, old_author_id: str) -> Action:
    """Build the write that prevents an erasure of this user while another account is merged."""
    nothing_else = "attribute_not_exists(#merging_from) OR #merging_from = :old"
    return Action(
        ban_key(author_id),
        condition=f"{NOT_CLOSED} AND ({nothing_else})",
        values={"old": old_author_id},
        update="SET #merging_from = :old",
    )


def end_merge_into(author_id: str, old_author_id: str, item: Item) -> Action:
    """Build the write that ends this, and leaves a ban. `item` is the stored one."""
    return _remove("merging_from", author_id, old_author_id, item)


def unblock(author_id: str, item: Item) -> Action:
    """Build the write that ends an erasure, and leaves a ban. `item` is the stored one."""
    return _remove("closed_for", author_id, "erasure", item)


def _remove(attribute: str, author_id: str, value: str, item: Item) -> Action:
    """Remove an attribute, or the whole item if no ban is left in it."""
    key, has_value = ban_key(author_id), f"#{attribute} = :value"
    if "banned_at" in item:
        condition, update = f"{has_value} AND {_IS_BANNED}", f"REMOVE #{attribute}"
    else:
        condition, update = f"{has_value} AND {_NOT_BANNED}", ""
    return Action(key, condition=condition, values={"value": value}, update=update)
