"""Likes and follows: each is one small transaction, idempotent both ways, with exact counters.

They read nothing first. The first condition that DynamoDB refuses decides the response.
"""

from collections.abc import Callable

from blog.clock import now, to_rfc3339
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, ConditionRefused, Item
from blog.dynamodb.counters import decrement, increment_if_known, increment_if_public
from blog.dynamodb.keys import (
    author_stats_key,
    follow_key,
    follower_key,
    like_key,
    stats_key,
)
from blog.dynamodb.table import Table
from blog.errors import FieldError, NotFound, Unprocessable
from blog.identifiers import is_author_id
from blog.people.person import Person
from blog.people.rate_limits import RateLimits

MAX_FOLLOWS = 500  # authors, whose lists make a personal feed


class Reactions:
    """The likes and follows in one table."""

    def __init__(self, table: Table, limits: RateLimits | None = None) -> None:
        self._table = table
        self._limits = limits or RateLimits()

    def like(self, person: Person, post_id: str) -> None:
        """Like a public post. A second like changes nothing.

        Raises NotFound, Forbidden for a banned user, TooManyRequests and WriteContended.
        """
        like = Action(like_key(person.sub, post_id), item=_stamped(post_id), condition=IS_NEW)
        self._write(person, lambda count: [increment_if_public(post_id, "like_count"), count, like])

    def unlike(self, person: Person, post_id: str) -> None:
        """Remove a like if there is one, also a banned user's, and that of a deleted post."""
        like = Action(like_key(person.sub, post_id), condition=IS_THERE)
        self._take_back(like, [decrement(stats_key(post_id), "like_count")])

    def follow(self, person: Person, author_id: str) -> None:
        """Follow an author of whom something is public. A second follow changes nothing.

        Raises NotFound, Forbidden for a banned user, Unprocessable for the user themselves and for
        one author more than MAX_FOLLOWS, TooManyRequests and WriteContended.
        """
        if not is_author_id(author_id):
            raise NotFound("There is no such author.")
        if author_id == person.author_id:
            raise Unprocessable([FieldError("author_id", "Is your own: nobody follows themselves")])
        row = _stamped(author_id)
        followed = increment_if_known(author_id, "follower_count")
        rest = [
            Action(follow_key(person.sub, author_id), item=row, condition=IS_NEW),
            Action(
                author_stats_key(person.author_id),
                condition="attribute_not_exists(#following_count) OR #following_count < :most",
                values={"most": MAX_FOLLOWS, "one": 1},
                update="ADD #following_count :one",
                refused=_too_many_follows,
            ),
            Action(follower_key(author_id, person.sub), item={"author_id": person.author_id}),
        ]
        self._write(person, lambda count: [followed, count, *rest])

    def _write(self, person: Person, actions: Callable[[Action], list[Action]]) -> None:
        self._limits.write(self._table, "reactions", person.author_id, now(), actions)

    def unfollow(self, person: Person, author_id: str) -> None:
        """Stop following an author, if the user follows them. A banned user may."""
        if author_id == person.author_id:
            return  # nobody follows themselves, and their counters would be in it twice
        follow = Action(follow_key(person.sub, author_id), condition=IS_THERE)
        rest = [
            Action(follower_key(author_id, person.sub)),
            decrement(author_stats_key(person.author_id), "following_count"),
            decrement(author_stats_key(author_id), "follower_count"),
        ]
        self._take_back(follow, rest)

    def likes(self, person: Person, post_id: str) -> bool:
        """Return whether the user likes a post."""
        return self._table.get(like_key(person.sub, post_id)) is not None

    def follows(self, person: Person, author_id: str) -> bool:
        """Return whether the user follows an author."""
        return self._table.get(follow_key(person.sub, author_id)) is not None

    def _take_back(self, row: Action, rest: list[Action]) -> None:
        """Remove a row and decrement its counters, except those of items that are gone."""
        while True:
            try:
                return self._table.write([row, *rest])
            except ConditionRefused as e:
                if e.key == row.key:
                    return None  # there was none
                rest = [action for action in rest if action.key != e.key]


def _too_many_follows(_: Item | None) -> Unprocessable:
    text = f"You follow {MAX_FOLLOWS} authors, as many as one can"
    return Unprocessable([FieldError("author_id", text)])


def _stamped(of: str) -> Item:
    return {"of": of, "since": to_rfc3339(now())}
