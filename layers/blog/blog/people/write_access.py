"""Write access: whether a user may write, checked inside the transaction of each write.

So a ban takes effect at once, and not when a token or a cache expires. The item under `ban_key`
holds what takes write access away: a ban, or a block by an erasure or a merge (`closed_for`). It
also says whether a moderator has cleared the user's profile, and counts the user's writes of an
hour (rate_limits.py).
"""

from typing import Literal

from blog.dynamodb.actions import Action, Item, Refused
from blog.dynamodb.keys import ban_key
from blog.errors import Conflict, Forbidden

_NOT_BANNED = "attribute_not_exists(#banned_at)"
_IS_CLEARED = "attribute_exists(#cleared_at)"
_NOT_CLEARED = "attribute_not_exists(#cleared_at)"
NOT_CLOSED = "attribute_not_exists(#closed_for)"
CAN_WRITE = f"{_NOT_BANNED} AND {NOT_CLOSED}"
# What others know a user by. A moderator can clear it in the profile.
CLEARED_MEMBERS = ("name", "bio", "picture")
# The decisions of moderators, and the marks of their ends. They stay after an erasure or a merge.
_STAYING = ("banned_at", "unbanned_at", "cleared_at", "uncleared_at")


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


def require_can_name(author_id: str) -> Action:
    """Build the check that a user has write access, and may set what others know them by.

    A user may not while their profile is cleared.
    """
    condition = f"{CAN_WRITE} AND {_NOT_CLEARED}"
    return Action(ban_key(author_id), condition=condition, is_check=True, refused=_naming_error)


def _naming_error(item: Item | None) -> Conflict | Forbidden | None:
    if error := block_error(item):
        return error
    if is_cleared(item):
        return Forbidden(
            "A moderator has cleared your profile. You cannot set a name, a bio or a picture."
        )
    return None


def is_cleared(item: Item | None) -> bool:
    """Return whether a user's profile is cleared, from the item under `ban_key`."""
    return "cleared_at" in (item or {})


def require_still(item: Item | None, author_id: str) -> Action:
    """Build the check that a user's profile is cleared, or not, as in the stored item."""
    condition = _IS_CLEARED if is_cleared(item) else _NOT_CLEARED
    return Action(ban_key(author_id), condition=condition, is_check=True)


def require_undecided(author_id: str) -> Action:
    """Build the check that a user is not banned, and that their profile is not cleared."""
    condition = f"{_NOT_BANNED} AND {_NOT_CLEARED}"
    return Action(ban_key(author_id), condition=condition, is_check=True)


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
    """Build the write that ends this, and leaves decisions of moderators.

    `item` is the stored one.
    """
    return _remove("merging_from", author_id, old_author_id, item)


def unblock(author_id: str, item: Item) -> Action:
    """Build the write that ends an erasure, and leaves decisions of moderators.

    `item` is the stored one.
    """
    return _remove("closed_for", author_id, "erasure", item)


def _remove(attribute: str, author_id: str, value: str, item: Item) -> Action:
    """Remove an attribute, or the whole item if no decision of a moderator is left in it.

    Without the mark of a decision's end, a restore would take the decision for lost.
    """
    if any(name in item for name in _STAYING):
        stays = " OR ".join(f"attribute_exists(#{name})" for name in _STAYING)
        update = f"REMOVE #{attribute}"
    else:
        stays = " AND ".join(f"attribute_not_exists(#{name})" for name in _STAYING)
        update = ""
    condition = f"#{attribute} = :value AND ({stays})"
    return Action(ban_key(author_id), condition=condition, values={"value": value}, update=update)
