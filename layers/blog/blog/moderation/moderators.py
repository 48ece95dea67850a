"""What moderators do: hide posts, ban people, and read what was reported."""

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import Action, ConditionRefused
from blog.dynamodb.keys import BANNED, Key, ban_key, entry_sort_key_at, post_key, profile_key
from blog.dynamodb.listings import BANNED_PEOPLE, HIDDEN_POSTS, REPORTED
from blog.dynamodb.paging import rows_of
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable, WriteContended
from blog.identifiers import is_author_id
from blog.moderation.schemas import BannedPage, BannedPerson, Report, ReportPage
from blog.people.person import Author, Person
from blog.people.write_access import is_gate, raise_if_blocked, require_can_write
from blog.posts.model import Moderation, Post
from blog.posts.pages import own_page_of
from blog.posts.schemas import OwnPostPage
from blog.posts.transactions import change


class Moderators:
    """What they decide on in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def hide(self, post_id: str, reason: str, *, moderator: Person) -> None:
        """Hide a published post from everyone but its owner, or give another reason.

        Raises NotFound for what is not published, Forbidden and WriteContended.
        """
        self._set(post_id, Moderation(reason=reason, at=now()), moderator)

    def unhide(self, post_id: str, *, moderator: Person) -> None:
        """Let everyone read a post again; what is not hidden stays as it is. Raises as `hide`."""
        self._set(post_id, None, moderator)

    def _set(self, post_id: str, moderation: Moderation | None, moderator: Person) -> None:
        gate = ban_key(moderator.author_id)
        items = self._table.get_all([post_key(post_id), gate])
        item = items.get(post_key(post_id))
        for _ in backoff(WRITE_TRIES):
            before = None if item is None else Post.of(item)
            if before is None or before.status != "published":
                raise NotFound("There is no such post.")
            raise_if_blocked(items.get(gate))
            if before.moderation is None and moderation is None:
                return None
            update = {"moderation": moderation, "lock_version": before.lock_version + 1}
            after = before.model_copy(update=update)
            try:
                return self._table.write(
                    [require_can_write(moderator.author_id), *change(before, after, before.owner)]
                )
            except ConditionRefused as e:
                if is_gate(e.key):
                    raise_if_blocked(e.item)
                item = e.item
        raise WriteContended

    def hidden(self, *, limit: int, cursor: str | None) -> OwnPostPage:
        """The published posts that are hidden, the latest first."""
        return own_page_of(self._table, HIDDEN_POSTS, limit, cursor)

    def ban(self, author_id: str, reason: str, *, moderator: Person) -> None:
        """Keep somebody from writing, from this moment on, or give another reason.

        Raises NotFound for what is nobody's id, Unprocessable for oneself, Forbidden and
        WriteContended.
        """
        if author_id == moderator.author_id:
            raise Unprocessable([FieldError("author_id", "Is your own: nobody bans themselves")])
        self._set_ban(author_id, reason, moderator)

    def unban(self, author_id: str, *, moderator: Person) -> None:
        """Let somebody write again; who is not banned stays as they are. Raises as `ban` does."""
        self._set_ban(author_id, None, moderator)

    def _set_ban(self, author_id: str, reason: str | None, moderator: Person) -> None:
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        target, gate = ban_key(author_id), ban_key(moderator.author_id)
        for _ in backoff(WRITE_TRIES):
            items = self._table.get_all([target, gate])
            raise_if_blocked(items.get(gate))
            since = items.get(target, {}).get("banned_at")
            if since is None and reason is None:
                return None
            try:
                return self._table.write(
                    [require_can_write(moderator.author_id), *ban_change(author_id, since, reason)]
                )
            except ConditionRefused as e:
                if e.key == gate:
                    raise_if_blocked(e.item)
        raise WriteContended

    def banned(self, *, limit: int, cursor: str | None) -> BannedPage:
        """Those who are banned, the latest first."""
        rows, next_cursor = rows_of(self._table, BANNED_PEOPLE, limit, cursor)
        profiles = self._table.get_all(profile_key(row["author_id"]) for row in rows)
        items = [
            BannedPerson(
                author=Author.of(row["author_id"], profiles.get(profile_key(row["author_id"]))),
                reason=row["reason"],
                at=row["banned_at"],
            )
            for row in rows
        ]
        return BannedPage(items=items, next_cursor=next_cursor)

    def reports(self, *, limit: int, cursor: str | None) -> ReportPage:
        """What was reported, the latest first; kept for 90 days."""
        moment = int(now().timestamp())
        rows, next_cursor = rows_of(
            self._table, REPORTED, limit, cursor, lambda row: row["expires_at"] > moment
        )
        profiles = self._table.get_all(profile_key(row["author_id"]) for row in rows)
        items = [
            Report(
                id=row["id"],
                post_id=row["post_id"],
                comment_id=row.get("comment_id"),
                reason=row["reason"],
                author=Author.of(row["author_id"], profiles.get(profile_key(row["author_id"]))),
                created_at=row["created_at"],
            )
            for row in rows
        ]
        return ReportPage(items=items, next_cursor=next_cursor)


def ban_change(author_id: str, since: str | None, reason: str | None) -> list[Action]:
    """What bans somebody for a reason, or lets them write again; `since` when they are banned."""
    ban, seen = ban_key(author_id), {"seen": since}
    condition = "#banned_at = :seen"
    if since is None:
        condition, seen = "attribute_not_exists(#banned_at)", {}
    when = since or to_rfc3339(now())
    entry = Key(BANNED, entry_sort_key_at(when, author_id))
    if reason is None:
        update = "REMOVE #banned_at, #reason"
        return [Action(ban, condition=condition, values=seen, update=update), Action(entry)]
    update = "SET #banned_at = :banned_at, #reason = :reason"
    row = {"banned_at": when, "reason": reason}
    return [
        Action(ban, condition=condition, values={**seen, **row}, update=update),
        Action(entry, item={**row, "author_id": author_id}),
    ]
