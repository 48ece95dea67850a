"""Profiles: what people tell of themselves, joined to what they wrote when it is read.

Access tokens carry no name: the app sends it once, and it shows everywhere at once.
"""

from blog.errors import NotFound, WriteContended
from blog.identifiers import is_author_id
from blog.keys import author_stats_key, profile_key
from blog.models import Account, ProfileChanges, PublicProfile
from blog.people import Author, Person
from blog.retries import WRITE_TRIES, pauses
from blog.table import Action, Item, Table, TransactionContended
from blog_auth.identity import Identity


class Profiles:
    """The people of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def public(self, author_id: str) -> PublicProfile:
        """An author as everyone sees them, with a neutral name if they gave none.

        Raises NotFound for whom nothing public is known of.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        profile, stats = self._read(author_id)
        if not profile and not stats.get("post_count"):
            raise NotFound("There is no such author.")
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

    def account(self, person: Person, identity: Identity) -> Account:
        """Oneself, also before there is a profile; nothing is written."""
        profile, stats = self._read(person.author_id)
        return Account(
            sub=person.sub,
            author_id=person.author_id,
            name=profile.get("name"),
            bio=profile.get("bio"),
            picture=profile.get("picture"),
            website=profile.get("website"),
            permissions=sorted(identity.permissions),
            post_count=stats.get("post_count", 0),
            follower_count=stats.get("follower_count", 0),
            following_count=stats.get("following_count", 0),
        )

    def edit(self, person: Person, changes: ProfileChanges) -> None:
        """Store what was sent and leave the rest, so that no race loses another field; the first
        time it makes the profile. Raises WriteContended and Unavailable."""
        given = changes.given()
        if not given:
            return None
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in sorted(given))
        action = Action(profile_key(person.author_id), values=given, update=update)
        for _ in pauses(WRITE_TRIES):
            try:
                return self._table.transact([action])
            except TransactionContended:
                continue
        raise WriteContended

    def _read(self, author_id: str) -> tuple[Item, Item]:
        profile, stats = profile_key(author_id), author_stats_key(author_id)
        items = self._table.get_all([profile, stats])
        return items.get(profile, {}), items.get(stats, {})
