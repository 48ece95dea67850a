"""The merge of two accounts of one person: the new account gets the content of the old one.

After Auth0 links two accounts, tokens have the `sub` of the primary one only. Then the user cannot
reach what they wrote with the other one. An operator runs the merge (`python -m blog.admin merge`).
It may end anywhere, and continues when it runs again.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from blog.accounts.transfer import OwnershipTransfer, remove_rest
from blog.clock import now, to_rfc3339
from blog.comments.transactions import moved_known
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, Item
from blog.dynamodb.keys import (
    COMMENT,
    ENTRY,
    FOLLOW,
    FOLLOWER,
    KNOWN,
    LIKE,
    MEDIA,
    PENDING,
    author_partition,
    author_stats_key,
    ban_key,
    merged_key,
    owner_partition,
    profile_key,
    user_partition,
)
from blog.dynamodb.resumable import iter_rows, retry_transaction
from blog.dynamodb.table import Table
from blog.moderation.moderators import BAN, DECISIONS, UserDecision
from blog.people.person import Person
from blog.people.write_access import (
    CLEARED_MEMBERS,
    begin_merge_into,
    block,
    end_merge_into,
    is_cleared,
    require_still,
    require_undecided,
)
from blog.reactions.service import MAX_FOLLOWS
from blog.s3 import Bucket


class CannotMerge(Exception):
    """Two accounts cannot be merged, for the reason in the text. Nothing is changed."""


class MergePlan(NamedTuple):
    """What the old account has, and the merge would transfer."""

    posts: int
    comments: int
    likes: int
    follows: int
    followers: int
    images: int
    pending_comments: int
    has_profile: bool
    is_banned: bool
    is_cleared: bool


class AccountMerge:
    """The merge of one account into another, in one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket, old: Person, new: Person) -> None:
        self._table = table
        self._bucket = bucket
        self._old = old
        self._new = new
        self._transfer = OwnershipTransfer(table, bucket, old, new)

    def plan(self) -> MergePlan:
        """Count what there is to transfer, and write nothing.

        Raises CannotMerge, also if the old account has nothing and never had: then its `sub` is
        wrong.
        """
        has_begun = self._check()
        mine, public = user_partition(self._old.sub), author_partition(self._old.author_id)
        _, ban, _ = self._state()
        plan = MergePlan(
            posts=self._count(owner_partition(self._old.sub), ENTRY),
            comments=self._count(mine, COMMENT),
            likes=self._count(mine, LIKE),
            follows=self._count(mine, FOLLOW),
            followers=self._count(public, FOLLOWER),
            images=self._count(mine, MEDIA),
            pending_comments=self._count(public, PENDING),
            has_profile=self._table.get(profile_key(self._old.author_id)) is not None,
            is_banned=BAN.at in ban,
            is_cleared=is_cleared(ban),
        )
        if not any(plan) and not has_begun:
            raise CannotMerge("The old account has nothing: is this its sub?")
        return plan

    def apply(self) -> None:
        """Transfer everything.

        Raises CannotMerge before anything is changed. Raises WriteContended, Unavailable and
        OutOfTime, after which the operator runs it again.

        Posts come before the pending comments under them. The profile comes before followers:
        without profile, posts and comments, nobody can follow the old account any more.
        """
        self._check()
        self._begin()
        self._decisions()
        for row in self._rows(user_partition(self._old.sub), MEDIA):
            self._transfer.image(row["of"])
        for row in self._rows(owner_partition(self._old.sub), ENTRY):
            self._transfer.post(row["id"])
        for row in self._rows(author_partition(self._old.author_id), PENDING):
            self._transfer.pending_comment(row)
        for row in self._rows(user_partition(self._old.sub), COMMENT):
            self._transfer.comment(row["post_id"], row["comment_id"])
        self._profile()
        for row in self._rows(user_partition(self._old.sub), LIKE):
            self._transfer.like(row)
        for row in self._rows(user_partition(self._old.sub), FOLLOW):
            self._transfer.follow(row)
        for row in self._rows(author_partition(self._old.author_id), FOLLOWER):
            self._transfer.follower(row)
        for row in self._rows(user_partition(self._old.sub), KNOWN):
            author_id = row["sk"].removeprefix(KNOWN)
            before, after = (self._old.sub, author_id), (self._new.sub, author_id)
            self._table.try_write(moved_known(before, after, row["since"]))
        for row in self._rows(author_partition(self._old.author_id), KNOWN):
            sub = row["sk"].removeprefix(KNOWN)
            before, after = (sub, self._old.author_id), (sub, self._new.author_id)
            self._table.try_write(moved_known(before, after, row["since"]))
        remove_rest(self._table, self._bucket, self._old)
        self._end()

    def _check(self) -> bool:
        """Return whether this merge has begun. Raises CannotMerge."""
        if self._old.sub == self._new.sub:
            raise CannotMerge("Both are the same account.")
        merged, old, new = self._state()
        for which, ban in (("old", old), ("new", new)):
            if ban.get("closed_for") == "erasure":
                raise CannotMerge(f"The {which} account is being erased.")
        if new.get("closed_for") == "merge":
            raise CannotMerge("The new account was itself merged into another one.")
        if new.get("merging_from", self._old.author_id) != self._old.author_id:
            raise CannotMerge(
                "Another account is being merged into the new one: end that merge first."
            )
        if "merging_from" in old:
            raise CannotMerge(
                "Another account is being merged into the old one: end that merge first."
            )
        if merged.get("to", self._new.author_id) != self._new.author_id:
            raise CannotMerge("The old account was merged into another one before.")
        followed = len(self._followed())
        if followed > MAX_FOLLOWS:
            text = f"Together they follow {followed} authors, and the limit is {MAX_FOLLOWS}"
            raise CannotMerge(f"{text}: unfollow some first.")
        return bool(merged)

    def _state(self) -> tuple[Item, Item, Item]:
        """Read where the old account was merged to, and the ban items of both accounts."""
        people = (self._old.author_id, self._new.author_id)
        keys = [merged_key(self._old.author_id), *map(ban_key, people)]
        items = self._table.get_all(keys)
        merged, old, new = (items.get(key, {}) for key in keys)
        return merged, old, new

    def _followed(self) -> set[str]:
        return {
            row["of"]
            for person in (self._old, self._new)
            for row in self._rows(user_partition(person.sub), FOLLOW)
        } - {self._old.author_id, self._new.author_id}

    def _begin(self) -> None:
        """Block the old account, and prevent an erasure of the new one until the end.

        From now on, the old author's address leads to the new author.
        """
        begin = begin_merge_into(self._new.author_id, self._old.author_id)
        target = {"to": self._new.author_id, "at": to_rfc3339(now())}

        def actions() -> list[Action]:
            merged, _, _ = self._state()
            if merged:
                return [begin]
            blocked = block(self._old.author_id, "merge")
            return [begin, blocked, Action(merged_key(self._old.author_id), item=target)]

        retry_transaction(self._table, actions)

    def _end(self) -> None:
        """Allow an erasure of the new account again, when it has all decisions of moderators."""

        def actions() -> list[Action]:
            self._decisions()  # again, because one may have come meanwhile
            _, _, new = self._state()
            if new.get("merging_from") != self._old.author_id:
                return []
            return [
                end_merge_into(self._new.author_id, self._old.author_id, new),
                require_undecided(self._old.author_id),
            ]

        retry_transaction(self._table, actions)

    def _decisions(self) -> None:
        """Transfer a ban and a clearing of the profile, because they are about the person."""
        for decision in DECISIONS:
            retry_transaction(self._table, partial(self._decision, decision))

    def _decision(self, decision: UserDecision) -> list[Action]:
        old, new = self._old.author_id, self._new.author_id
        items = self._table.get_all([*decision.keys(old), *decision.keys(new)])
        if decision.since(old, items) is None:
            return []
        ended = decision.change(old, items, None)
        if decision.since(new, items) is not None:
            return ended
        return [*ended, *decision.change(new, items, items[ban_key(old)][decision.reason])]

    def _profile(self) -> None:
        """Transfer the profile, unless the new account has one.

        No name, bio and picture go to an account whose profile is cleared.
        """
        before, after = profile_key(self._old.author_id), profile_key(self._new.author_id)
        stats, ban = author_stats_key(self._new.author_id), ban_key(self._new.author_id)

        def actions() -> list[Action]:
            items = self._table.get_all([before, after, ban])
            if before not in items:
                return []
            profile = items[before]
            # Only a clearing can change the profile now. It removes these members.
            members = [member for member in CLEARED_MEMBERS if member in profile]
            same = " AND ".join([IS_THERE, *(f"attribute_exists(#{one})" for one in members)])
            gone = Action(before, condition=same)
            if after in items:
                return [gone]
            if is_cleared(items.get(ban)):
                profile = {name: profile[name] for name in profile.keys() - {*members}}
            flag = Action(stats, values={"yes": True}, update="SET #has_profile = :yes")
            return [
                gone,
                Action(after, item=profile, condition=IS_NEW),
                require_still(items.get(ban), self._new.author_id),
                flag,
            ]

        retry_transaction(self._table, actions)
        old_stats = author_stats_key(self._old.author_id)
        self._table.write([Action(old_stats, update="REMOVE #has_profile")])

    def _count(self, partition: str, kind: str) -> int:
        return sum(1 for _ in self._rows(partition, kind))

    def _rows(self, partition: str, kind: str) -> Iterator[Item]:
        return iter_rows(self._table, partition, kind)
