"""Profiles: names, pictures and texts of users, which responses join to what they wrote.

Access tokens carry no name. The app sends it once, and then it shows everywhere at once.
"""

from blog.clock import now
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import author_stats_key, ban_key, merged_key, profile_key
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable
from blog.identifiers import is_author_id
from blog.people.person import Author, Person
from blog.people.rate_limits import RateLimits, counted, end_of_hour
from blog.people.schemas import (
    Account,
    Allowance,
    Limits,
    ProfileChanges,
    ProfileClearing,
    PublicProfile,
)
from blog.people.write_access import (
    CLEARED_MEMBERS,
    is_cleared,
    require_can_name,
    require_can_write,
)
from blog_auth.identity import Identity


class Profiles:
    """The profiles of one table. With `site_url`, no new name may be the site's host or name."""

    def __init__(self, table: Table, site_url: str | None = None, site_name: str = "") -> None:
        self._table = table
        self._site_url = site_url
        self._site_name = site_name

    def public(self, author_id: str) -> PublicProfile:
        """Return an author as everyone sees them, with a neutral name if they have set none.

        Follows a merge to the account that the author has now. Raises NotFound for an author of
        whom nothing is public.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        profile, stats, merged = self._read(author_id)
        if merged:
            return self.public(merged["to"])
        author = public_profile(author_id, profile, stats)
        if author is None:
            raise NotFound("There is no such author.")
        return author

    def account(self, person: Person, identity: Identity, limits: RateLimits) -> Account:
        """Return the user's own account, also before there is a profile. Writes nothing."""
        ban = ban_key(person.author_id)
        keys = [profile_key(person.author_id), author_stats_key(person.author_id), ban]
        items = self._table.get_all(keys)
        profile, stats, block = (items.get(key, {}) for key in keys)
        return Account(
            sub=person.sub,
            author_id=person.author_id,
            name=profile.get("name"),
            bio=profile.get("bio"),
            picture=profile.get("picture"),
            website=profile.get("website"),
            approves_first_comments=profile.get("approves_first_comments", False),
            profile_cleared=_clearing(block),
            permissions=sorted(identity.permissions),
            post_count=stats.get("post_count", 0),
            follower_count=stats.get("follower_count", 0),
            following_count=stats.get("following_count", 0),
            limits=_allowances(block, limits),
        )

    def edit(self, person: Person, changes: ProfileChanges) -> None:
        """Store the fields that were sent and leave the rest, so that no race loses another field.

        The first call creates the profile. Raises Unprocessable for the site's name, Forbidden for
        a banned user and for a name, bio or picture while the profile is cleared, WriteContended
        and Unavailable.
        """
        changed = changes.provided()
        if not changed:
            return
        if "name" in changed:
            self._require_free(changed["name"])
        names = any(changed.get(member) is not None for member in CLEARED_MEMBERS)
        allowed = require_can_name if names else require_can_write
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in sorted(changed))
        self._table.write(
            [
                allowed(person.author_id),
                Action(profile_key(person.author_id), values=changed, update=update),
                # So a follow of this author needs a condition on one item only.
                Action(
                    author_stats_key(person.author_id),
                    values={"has_profile": True},
                    update="SET #has_profile = :has_profile",
                ),
            ]
        )

    def _require_free(self, name: str) -> None:
        from blog.names import RESERVED, is_of_site  # noqa: PLC0415 - it loads slowly

        if self._site_url is not None and is_of_site(name, self._site_url, self._site_name):
            raise Unprocessable([FieldError("name", RESERVED)])

    def _read(self, author_id: str) -> tuple[Item, Item, Item]:
        keys = [profile_key(author_id), author_stats_key(author_id), merged_key(author_id)]
        items = self._table.get_all(keys)
        profile, stats, merged = (items.get(key, {}) for key in keys)
        return profile, stats, merged


def _allowances(block: Item, limits: RateLimits) -> Limits:
    """Return what is left of each limit, from the item that counts the user's writes."""
    hour, counts = counted(block, now())
    left = {
        kind: Allowance(limit=limit, left=max(0, limit - counts[kind]))
        for kind, limit in limits.per_hour.items()
    }
    return Limits(resets_at=end_of_hour(hour), **left)


def _clearing(block: Item) -> ProfileClearing | None:
    """Return why the profile is cleared, from the item that also says it; None if it is not."""
    if not is_cleared(block):
        return None
    return ProfileClearing(reason=block["cleared_reason"], at=block["cleared_at"])


def public_profile(author_id: str, profile: Item | None, stats: Item) -> PublicProfile | None:
    """Return an author as everyone sees them, from the stored items; None if nothing is public."""
    if not profile and not stats.get("post_count") and not stats.get("comment_count"):
        return None
    profile = profile or {}
    author = Author.of(author_id, profile)
    return PublicProfile(
        id=author_id,
        name=author.name,
        bio=profile.get("bio"),
        picture=author.picture,
        website=profile.get("website"),
        post_count=stats.get("post_count", 0),
        follower_count=stats.get("follower_count", 0),
    )
