"""Moderation: moderators hide posts, ban users, clear profiles and read reports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, Item, Items
from blog.dynamodb.keys import (
    BANNED,
    CLEARED,
    Key,
    ban_key,
    entry_sort_key_at,
    post_key,
    profile_key,
)
from blog.dynamodb.listings import BANNED_PEOPLE, CLEARED_AUTHORS, HIDDEN_POSTS, reported
from blog.dynamodb.paging import rows_of
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable
from blog.identifiers import is_author_id
from blog.moderation.schemas import (
    REPORT_RETENTION_DAYS,
    BannedPage,
    BannedPerson,
    ClearedAuthor,
    ClearedPage,
    Report,
    ReportPage,
)
from blog.people.person import Author, Person
from blog.people.write_access import CLEARED_MEMBERS, raise_if_blocked, require_can_write
from blog.posts.empty_counters import write_and_count
from blog.posts.model import Moderation, Post
from blog.posts.pages import own_page_of
from blog.posts.schemas import OwnPostPage
from blog.posts.transactions import change


@dataclass(frozen=True)
class UserDecision:
    """A kind of decision about a user: its list, and its attributes in the item under `ban_key`.

    `at` is there while the decision stands. `ended` marks that it was ended, and not lost: a
    restore needs it.
    """

    partition: str
    at: str
    reason: str
    ended: str
    clears_profile: bool = False

    def keys(self, author_id: str) -> list[Key]:
        """Return the keys of the items that `change` depends on."""
        profile = [profile_key(author_id)] if self.clears_profile else []
        return [ban_key(author_id), *profile]

    def since(self, author_id: str, items: Mapping[Key, Item]) -> str | None:
        """Return the time from which the decision stands; None if it does not."""
        return items.get(ban_key(author_id), {}).get(self.at)

    def change(self, author_id: str, items: Mapping[Key, Item], reason: str | None) -> list[Action]:
        """Build the writes of a decision with this reason, or of its end if the reason is None.

        `items` are the stored ones.
        """
        since = self.since(author_id, items)
        ban, seen, condition = ban_key(author_id), {"seen": since}, f"#{self.at} = :seen"
        if since is None:
            condition, seen = f"attribute_not_exists(#{self.at})", {}
        when = since or to_rfc3339(now())
        entry = Key(self.partition, entry_sort_key_at(when, author_id))
        if reason is None:
            update = f"SET #{self.ended} = :ended REMOVE #{self.at}, #{self.reason}"
            values = {**seen, "ended": to_rfc3339(now())}
            return [Action(ban, condition=condition, values=values, update=update), Action(entry)]
        update = f"SET #{self.at} = :at, #{self.reason} = :reason REMOVE #{self.ended}"
        values = {**seen, "at": when, "reason": reason}
        row = {self.at: when, "reason": reason, "author_id": author_id}
        actions = [
            Action(ban, condition=condition, values=values, update=update),
            Action(entry, item=row),
        ]
        if self.clears_profile:
            actions.append(_clear(author_id, items.get(profile_key(author_id))))
        return actions


def _clear(author_id: str, profile: Item | None) -> Action:
    """Build the write that clears the stored profile, or the check that there is still none."""
    key = profile_key(author_id)
    if profile is None:
        return Action(key, condition=IS_NEW, is_check=True)
    update = "REMOVE " + ", ".join(f"#{member}" for member in CLEARED_MEMBERS)
    return Action(key, condition=IS_THERE, update=update)


BAN = UserDecision(BANNED, "banned_at", "reason", "unbanned_at")
CLEARING = UserDecision(
    CLEARED, "cleared_at", "cleared_reason", "uncleared_at", clears_profile=True
)
DECISIONS = (BAN, CLEARING)


class Moderators:
    """The decisions of moderators in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def hide(self, post_id: str, reason: str, *, moderator: Person) -> None:
        """Hide a published post from everyone but its owner, or change the reason.

        Raises NotFound for a post that is not published, Forbidden and WriteContended.
        """
        self._set(post_id, Moderation(reason=reason, at=now()), moderator)

    def unhide(self, post_id: str, *, moderator: Person) -> None:
        """Make a hidden post public again. Does nothing to other posts.

        Raises what `hide` raises.
        """
        self._set(post_id, None, moderator)

    def _set(self, post_id: str, moderation: Moderation | None, moderator: Person) -> None:
        ban = ban_key(moderator.author_id)

        def attempt(items: Items) -> None:
            item = items.get(post_key(post_id))
            before = None if item is None else Post.of(item)
            if before is None or before.status != "published":
                raise NotFound("There is no such post.")
            raise_if_blocked(items.get(ban))
            if before.moderation is None and moderation is None:
                return
            update = {"moderation": moderation, "lock_version": before.lock_version + 1}
            actions = change(before, before.model_copy(update=update), before.owner)
            can_write = require_can_write(moderator.author_id)
            write_and_count(self._table, [can_write, *actions])

        retrying(attempt, self._table.get_all([post_key(post_id), ban]))

    def hidden(self, *, limit: int, cursor: str | None) -> OwnPostPage:
        """Return a page of the published posts that are hidden, the latest first."""
        return own_page_of(self._table, HIDDEN_POSTS, limit, cursor)

    def ban(self, author_id: str, reason: str, *, moderator: Person) -> None:
        """Ban a user from writing, from now on, or change the reason.

        Raises NotFound for an invalid author id, Unprocessable for the moderators themselves,
        Forbidden and WriteContended.
        """
        if author_id == moderator.author_id:
            raise Unprocessable([FieldError("author_id", "Is your own: nobody bans themselves")])
        self._decide(BAN, author_id, reason, moderator)

    def unban(self, author_id: str, *, moderator: Person) -> None:
        """End a ban. Does nothing to users who are not banned. Raises what `ban` raises."""
        self._decide(BAN, author_id, None, moderator)

    def clear_profile(self, author_id: str, reason: str, *, moderator: Person) -> None:
        """Clear an author's name, bio and picture and refuse new ones, or change the reason.

        Raises NotFound for an invalid author id, Unprocessable for the moderators themselves,
        Forbidden and WriteContended.
        """
        self._require_another(author_id, moderator)
        self._decide(CLEARING, author_id, reason, moderator)

    def end_clearing(self, author_id: str, *, moderator: Person) -> None:
        """Let an author set a name, a bio and a picture again. The cleared ones do not come back.

        Does nothing to authors whose profile is not cleared. Raises what `clear_profile` raises.
        """
        self._require_another(author_id, moderator)
        self._decide(CLEARING, author_id, None, moderator)

    def _require_another(self, author_id: str, moderator: Person) -> None:
        if author_id == moderator.author_id:
            text = "Is your own: another moderator must decide"
            raise Unprocessable([FieldError("author_id", text)])

    def _decide(
        self, decision: UserDecision, author_id: str, reason: str | None, moderator: Person
    ) -> None:
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        own = ban_key(moderator.author_id)

        def attempt(_: Items) -> None:
            items = self._table.get_all([*decision.keys(author_id), own])
            raise_if_blocked(items.get(own))
            if decision.since(author_id, items) is None and reason is None:
                return
            actions = decision.change(author_id, items, reason)
            self._table.write([require_can_write(moderator.author_id), *actions])

        retrying(attempt, {})

    def banned(self, *, limit: int, cursor: str | None) -> BannedPage:
        """Return a page of banned users, the latest ban first."""
        rows, next_cursor = rows_of(self._table, BANNED_PEOPLE, limit, cursor)
        authors = self._authors(row["author_id"] for row in rows)
        items = [
            BannedPerson(author=authors[row["author_id"]], reason=row["reason"], at=row[BAN.at])
            for row in rows
        ]
        return BannedPage(items=items, next_cursor=next_cursor)

    def cleared(self, *, limit: int, cursor: str | None) -> ClearedPage:
        """Return a page of authors whose profile is cleared, the latest first."""
        rows, next_cursor = rows_of(self._table, CLEARED_AUTHORS, limit, cursor)
        authors = self._authors(row["author_id"] for row in rows)
        items = [
            ClearedAuthor(
                author=authors[row["author_id"]], reason=row["reason"], at=row[CLEARING.at]
            )
            for row in rows
        ]
        return ClearedPage(items=items, next_cursor=next_cursor)

    def reports(self, *, limit: int, cursor: str | None) -> ReportPage:
        """Return a page of reports, the latest first, as long as they are valid.

        DynamoDB removes expired reports days later. The query does not read them.
        """
        listing = reported(now() - timedelta(days=REPORT_RETENTION_DAYS))
        rows, next_cursor = rows_of(self._table, listing, limit, cursor)
        people = ("author_id", "reported_author_id")
        authors = self._authors(row[name] for row in rows for name in people if name in row)
        items = [
            Report(
                id=row["id"],
                post_id=row.get("post_id"),
                comment_id=row.get("comment_id"),
                reported=authors.get(row.get("reported_author_id", "")),
                reason=row["reason"],
                author=authors[row["author_id"]],
                created_at=row["created_at"],
            )
            for row in rows
        ]
        return ReportPage(items=items, next_cursor=next_cursor)

    def _authors(self, author_ids: Iterable[str]) -> dict[str, Author]:
        """Return authors by their ids. Their profiles are one round trip."""
        unique = list(dict.fromkeys(author_ids))
        profiles = self._table.get_all(map(profile_key, unique))
        return {one: Author.of(one, profiles.get(profile_key(one))) for one in unique}
