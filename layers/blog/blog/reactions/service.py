"""Likes and follows: each one small transaction, idempotent both ways, with exact counts.

None reads first. What a refused condition brings back says what was the case.
"""

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, ConditionRefused, Item
from blog.dynamodb.counters import decrement, increment_if_public
from blog.dynamodb.keys import (
    author_stats_key,
    ban_key,
    follow_key,
    follower_key,
    like_key,
    stats_key,
)
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable
from blog.identifiers import is_author_id
from blog.people.person import Person
from blog.people.write_access import raise_if_blocked, require_can_write

MAX_FOLLOWS = 500  # that a personal feed is merged of


class Reactions:
    """The likes and follows in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def like(self, person: Person, post_id: str) -> None:
        """Like a post that everyone may read; once is as good as twice.

        Raises NotFound, Forbidden for who is banned, and WriteContended.
        """
        try:
            self._table.write(
                [
                    increment_if_public(post_id, "like_count"),
                    require_can_write(person.author_id),
                    Action(like_key(person.sub, post_id), item=_stamped(post_id), condition=IS_NEW),
                ]
            )
        except ConditionRefused as e:
            if e.key == stats_key(post_id):
                raise NotFound("There is no such post.") from e
            if e.key == ban_key(person.author_id):
                raise_if_blocked(e.item)

    def unlike(self, person: Person, post_id: str) -> None:
        """Take a like back, if there is one: also who is banned, and of a post that is gone."""
        like = Action(like_key(person.sub, post_id), condition=IS_THERE)
        self._take_back(like, [decrement(stats_key(post_id), "like_count")])

    def follow(self, person: Person, author_id: str) -> None:
        """Follow an author of whom something is known; once is as good as twice.

        Raises NotFound, Forbidden for who is banned, Unprocessable for oneself and for one more
        than MAX_FOLLOWS, and WriteContended.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        if author_id == person.author_id:
            raise Unprocessable([FieldError("author_id", "Is your own: nobody follows themselves")])
        theirs, mine = author_stats_key(author_id), author_stats_key(person.author_id)
        follow = follow_key(person.sub, author_id)
        try:
            self._table.write(
                [
                    Action(
                        theirs,
                        condition="#has_profile = :true OR #post_count > :none"
                        " OR #comment_count > :none",
                        values={"true": True, "none": 0, "one": 1},
                        update="ADD #follower_count :one",
                    ),
                    require_can_write(person.author_id),
                    Action(follow, item=_stamped(author_id), condition=IS_NEW),
                    Action(
                        mine,
                        condition="attribute_not_exists(#following_count)"
                        " OR #following_count < :most",
                        values={"most": MAX_FOLLOWS, "one": 1},
                        update="ADD #following_count :one",
                    ),
                    Action(
                        follower_key(author_id, person.sub), item={"author_id": person.author_id}
                    ),
                ]
            )
        except ConditionRefused as e:
            if e.key == theirs:
                raise NotFound("There is no such author.") from e
            if e.key == ban_key(person.author_id):
                raise_if_blocked(e.item)
            if e.key == mine:
                text = f"You follow {MAX_FOLLOWS} authors, as many as one can"
                raise Unprocessable([FieldError("author_id", text)]) from e

    def unfollow(self, person: Person, author_id: str) -> None:
        """Follow an author no longer, if one did; who is banned may."""
        if author_id == person.author_id:
            return  # whom nobody follows, and whose counters would be in one transaction twice
        follow = Action(follow_key(person.sub, author_id), condition=IS_THERE)
        rest = [
            Action(follower_key(author_id, person.sub)),
            decrement(author_stats_key(person.author_id), "following_count"),
            decrement(author_stats_key(author_id), "follower_count"),
        ]
        self._take_back(follow, rest)

    def likes(self, person: Person, post_id: str) -> bool:
        """Whether somebody likes a post."""
        return self._table.get(like_key(person.sub, post_id)) is not None

    def follows(self, person: Person, author_id: str) -> bool:
        """Whether somebody follows an author."""
        return self._table.get(follow_key(person.sub, author_id)) is not None

    def _take_back(self, row: Action, rest: list[Action]) -> None:
        """Remove a row with all that was counted for it, but for what is gone altogether."""
        while True:
            try:
                return self._table.write([row, *rest])
            except ConditionRefused as e:
                if e.key == row.key:
                    return None  # there was none
                rest = [action for action in rest if action.key != e.key]


def _stamped(of: str) -> Item:
    return {"of": of, "since": to_rfc3339(now())}
