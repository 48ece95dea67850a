"""Queries of a user's own likes and follows, and the personal feed."""

from collections.abc import Sequence

from blog.dynamodb.actions import Item
from blog.dynamodb.cursors import cursor_after, sort_key_of
from blog.dynamodb.keys import (
    FOLLOW,
    Key,
    author_stats_key,
    entry_sort_key_at,
    follow_key,
    like_key,
    profile_key,
    stats_key,
    summary_key,
    user_partition,
)
from blog.dynamodb.listings import followed, followed_by, liked
from blog.dynamodb.paging import rows_of
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.identifiers import is_author_id, is_id
from blog.people.person import Person
from blog.people.profiles import public_profile
from blog.people.schemas import PublicProfile
from blog.posts.model import Entry
from blog.posts.pages import page_of
from blog.posts.schemas import PostPage, PostSummary
from blog.posts.view import joined
from blog.reactions.schemas import FollowsPage, LikesPage, UnavailableItem
from blog.reactions.service import MAX_FOLLOWS


class ReactionQueries:
    """The queries of users' likes and follows of one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def likes(self, person: Person, *, limit: int, cursor: str | None) -> LikesPage:
        """Return the posts that a user likes, newest post first.

        The key of a like contains the post's id but no time, so that liking and unliking take one
        call each. So the order is that of the posts' creation.
        """
        rows, next_cursor = rows_of(self._table, liked(person.sub), limit, cursor)
        ids = [row["of"] for row in rows]
        items = self._table.get_all([*map(summary_key, ids), *map(stats_key, ids)])
        entries = {
            post_id: Entry.model_validate(items[summary_key(post_id)])
            for post_id in ids
            if summary_key(post_id) in items
        }
        profiles = self._table.get_all(profile_key(one.author_id) for one in entries.values())
        listed = [
            PostSummary.of(*joined(entries[post_id], items | profiles))
            if post_id in entries
            else UnavailableItem(id=post_id, available=False)
            for post_id in ids
        ]
        return LikesPage(items=listed, next_cursor=next_cursor)

    def liked(self, person: Person, post_ids: Sequence[str]) -> list[str]:
        """Return which of up to 100 posts a user likes, in their order. It is one call."""
        return self._among([(one, like_key(person.sub, one)) for one in post_ids if is_id(one)])

    def followed(self, person: Person, author_ids: Sequence[str]) -> list[str]:
        """Return which of up to 100 authors a user follows, in their order. It is one call."""
        keys = [(one, follow_key(person.sub, one)) for one in author_ids if is_author_id(one)]
        return self._among(keys)

    def _among(self, keys: Sequence[tuple[str, Key]]) -> list[str]:
        items = self._table.get_all(key for _, key in keys)
        return [one for one, key in keys if key in items]

    def follows(self, person: Person, *, limit: int, cursor: str | None) -> FollowsPage:
        """Return the authors that a user follows, most recently followed first.

        It reads all follows (at most MAX_FOLLOWS) and sorts them, because their keys have no time.
        """
        rows = self._follows(person)
        listing = followed_by(person.sub)
        for row in rows:
            row["sk"] = entry_sort_key_at(row["since"], row["of"])
        rows.sort(key=lambda row: str(row["sk"]), reverse=True)
        if cursor is not None:
            after = sort_key_of(listing, cursor)
            rows = [row for row in rows if row["sk"] < after]
        page = rows[:limit]
        keys = [key(row["of"]) for row in page for key in (profile_key, author_stats_key)]
        items = self._table.get_all(keys)
        listed = [_profile(row["of"], items) for row in page]
        next_cursor = cursor_after(listing, page[-1]["sk"]) if len(rows) > limit else None
        return FollowsPage(items=listed, next_cursor=next_cursor)

    def feed(self, person: Person, *, limit: int, cursor: str | None) -> PostPage:
        """Return the published posts of the authors that a user follows, newest first.

        Each read merges the authors' lists, with one parallel call for each author. A publication
        writes nothing for followers.
        """
        authors = [row["of"] for row in self._follows(person)]
        return page_of(self._table.for_public(), followed(person.sub, authors), limit, cursor)

    def _follows(self, person: Person) -> list[Item]:
        wanted = Range(user_partition(person.sub), FOLLOW, FOLLOW + HIGHEST)
        return self._table.query(wanted, MAX_FOLLOWS)


def _profile(author_id: str, items: dict[Key, Item]) -> PublicProfile | UnavailableItem:
    profile = items.get(profile_key(author_id))
    stats = items.get(author_stats_key(author_id), {})
    author = public_profile(author_id, profile, stats)
    return author or UnavailableItem(id=author_id, available=False)
