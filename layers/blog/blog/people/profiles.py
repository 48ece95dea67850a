"""Profiles: what people tell of themselves, joined to what they wrote when it is read.

Access tokens carry no name: the app sends it once, and it shows everywhere at once.
"""

from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.keys import author_stats_key, merged_key, profile_key
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import is_author_id
from blog.people.person import Author, Person
from blog.people.schemas import Account, ProfileChanges, PublicProfile
from blog.people.write_access import raise_if_blocked, require_can_write
from blog_auth.identity import Identity


class Profiles:
    """The people of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def public(self, author_id: str) -> PublicProfile:
        """An author as everyone sees them, with a neutral name if they gave none; who they are now,
        if their account was joined to another.

        Raises NotFound for whom nothing public is known of.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        profile, stats, moved = self._read(author_id)
        if moved:
            return self.public(moved["to"])
        shown = public_profile(author_id, profile, stats)
        if shown is None:
            raise NotFound("There is no such author.")
        return shown

    def account(self, person: Person, identity: Identity) -> Account:
        """Oneself, also before there is a profile; nothing is written."""
        profile, stats, _ = self._read(person.author_id)
        return Account(
            sub=person.sub,
            author_id=person.author_id,
            name=profile.get("name"),
            bio=profile.get("bio"),
            picture=profile.get("picture"),
            website=profile.get("website"),
            approves_first_comments=profile.get("approves_first_comments", False),
            permissions=sorted(identity.permissions),
            post_count=stats.get("post_count", 0),
            follower_count=stats.get("follower_count", 0),
            following_count=stats.get("following_count", 0),
        )

    def edit(self, person: Person, changes: ProfileChanges) -> None:
        """Store what was sent and leave the rest, so that no race loses another field; the first
        time it makes the profile. Raises Forbidden for who is banned, WriteContended and
        Unavailable."""
        given = changes.provided()
        if not given:
            return None
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in sorted(given))
        try:
            return self._table.write(
                [
                    require_can_write(person.author_id),
                    Action(profile_key(person.author_id), values=given, update=update),
                    # So that who follows this author need look into one item alone.
                    Action(
                        author_stats_key(person.author_id),
                        values={"has_profile": True},
                        update="SET #has_profile = :has_profile",
                    ),
                ]
            )
        except ConditionRefused as e:
            raise_if_blocked(e.item)
            raise

    def _read(self, author_id: str) -> tuple[Item, Item, Item]:
        keys = [profile_key(author_id), author_stats_key(author_id), merged_key(author_id)]
        items = self._table.get_all(keys)
        profile, stats, moved = (items.get(key, {}) for key in keys)
        return profile, stats, moved


def public_profile(author_id: str, profile: Item | None, stats: Item) -> PublicProfile | None:
    """An author as everyone sees them, from what is stored; None where nothing public is known."""
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
