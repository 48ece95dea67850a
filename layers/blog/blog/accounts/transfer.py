"""The transfer of content from one user to another.

A merge transfers everything. An erasure transfers what stays to a placeholder. Each item is
transferred in a transaction of its own, under the condition that it still belongs to the old owner.
So a run may end at any point and start again, and no counter is ever wrong.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from blog.comments.model import Comment, comment_of
from blog.comments.transactions import own_row_alone
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, ConditionRefused, Item
from blog.dynamodb.counters import decrement, increment
from blog.dynamodb.keys import (
    CHANGED_JOB,
    COMMENT,
    FOLLOW,
    FOLLOWER,
    IMAGE_JOB,
    JOBS,
    KNOWN,
    LIKE,
    MEDIA,
    PENDING,
    Key,
    approval_queue_key,
    author_partition,
    author_stats_key,
    export_job_key,
    export_key,
    follow_key,
    follower_key,
    like_key,
    media_key,
    own_comment_key,
    own_media_key,
    post_key,
    revision_key,
    revision_text_key,
    stats_key,
    user_partition,
)
from blog.dynamodb.resumable import OutOfTime, retry_transaction
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.media.model import MediaItem
from blog.media.removal import removal, remove, used
from blog.people.person import Person
from blog.people.write_access import require_closed
from blog.posts.model import Post, Stats
from blog.posts.transactions import change
from blog.reactions.service import Reactions
from blog.s3 import Bucket, folders_of

KEYS_AT_ONCE = 89  # with the check of `closed_for`, 90 actions


class OwnershipTransfer:
    """The transfer from one user to another, in one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket, old: Person, new: Person) -> None:
        self._table = table
        self._bucket = bucket
        self._old = old
        self._new = new

    def post(self, post_id: str, *, with_revisions: bool = True) -> None:
        """Transfer a post with its entries and counters, without a new version."""

        def actions() -> list[Action]:
            item = self._table.get(post_key(post_id))
            if item is None or item["owner"] != self._old.sub:
                return []
            before = Post.of(item)
            if not with_revisions:  # first, because they may be more than a transaction takes
                self._table.delete_all(revision_keys(before))
                before = before.model_copy(update={"revisions": []})
            update = {
                "owner": self._new.sub,
                "author_id": self._new.author_id,
                "lock_version": before.lock_version + 1,
            }
            return change(before, before.model_copy(update=update), self._old.sub)

        retry_transaction(self._table, actions)

    def comment(self, post_id: str, comment_id: str) -> None:
        """Transfer a comment, and the row that lists it for its writer."""

        def actions() -> list[Action]:
            if self._table.get(own_comment_key(self._old.sub, comment_id)) is None:
                return []
            comment, stats = comment_of(self._table, post_id, comment_id)
            if comment is None:
                return own_row_alone(self._old.sub, post_id, comment_id)
            return self.comment_actions(comment, stats)

        retry_transaction(self._table, actions)

    def comment_actions(self, comment: Comment, stats: Stats) -> list[Action]:
        """Build the writes that transfer a comment, as it was read."""
        return [*self._comment(comment, stats)]

    def _comment(self, comment: Comment, stats: Stats) -> Iterator[Action]:
        yield Action(
            comment.key,
            condition="#owner = :seen",
            values={
                "seen": self._old.sub,
                "owner": self._new.sub,
                "author_id": self._new.author_id,
            },
            update="SET #owner = :owner, #author_id = :author_id",
        )
        yield Action(own_comment_key(self._old.sub, comment.id))
        row = {"post_id": comment.post_id, "comment_id": comment.id}
        yield Action(own_comment_key(self._new.sub, comment.id), item=row)
        if comment.is_pending:
            if stats.author_id:  # else the post is gone, and a job removes its comments
                pending = {"post_id": comment.post_id, "author_id": self._new.author_id}
                yield Action(
                    approval_queue_key(stats.author_id, comment.id),
                    item=pending,
                    condition=IS_THERE,
                )
        else:
            yield decrement(author_stats_key(self._old.author_id), "comment_count")
            yield increment(author_stats_key(self._new.author_id), "comment_count")

    def pending_comment(self, row: Item) -> None:
        """Transfer the queue row of a pending comment whose post has the new owner already."""
        comment_id = row["sk"].removeprefix(PENDING)

        def actions() -> list[Action]:
            here = Action(Key.of(row), condition=IS_THERE)
            comment, stats = comment_of(self._table, row["post_id"], comment_id)
            if self._table.get(here.key) is None:
                return []
            if comment is None or not comment.is_pending or not stats.author_id:
                return [here]
            there = approval_queue_key(self._new.author_id, comment_id)
            pending = {"post_id": row["post_id"], "author_id": comment.author_id}
            return [
                here,
                Action(there, item=pending),
                Action(comment.key, condition=IS_THERE, is_check=True),
                Action(
                    stats_key(row["post_id"]),
                    condition="#author_id = :author_id",
                    values={"author_id": self._new.author_id},
                    is_check=True,
                ),
            ]

        retry_transaction(self._table, actions)

    def like(self, row: Item) -> None:
        """Transfer a like, or remove it if the new owner likes the same post."""
        post_id = row["of"]
        theirs = like_key(self._new.sub, post_id)
        like = {"of": post_id, "since": row["since"]}
        try:
            self._table.write(
                [
                    Action(like_key(self._old.sub, post_id), condition=IS_THERE),
                    Action(theirs, item=like, condition=IS_NEW),
                ]
            )
        except ConditionRefused as e:
            if e.key == theirs:
                Reactions(self._table).unlike(self._old, post_id)

    def follow(self, row: Item) -> None:
        """Transfer a follow by the old owner. It ends if the new owner would follow themselves."""
        author_id = row["of"]
        before, after = (self._old, author_id), (self._new, author_id)
        self._refollow(before, after, row["since"], "following_count")

    def follower(self, row: Item) -> None:
        """Transfer a follow of the old owner. It ends if the new owner would follow themselves."""
        follower = Person(row["sk"].removeprefix(FOLLOWER), row["author_id"])
        follow = self._table.get(follow_key(follower.sub, self._old.author_id))
        if follow is not None:
            before, after = (follower, self._old.author_id), (follower, self._new.author_id)
            self._refollow(before, after, follow["since"], "follower_count")

    def _refollow(
        self, before: tuple[Person, str], after: tuple[Person, str], since: str, counter: str
    ) -> None:
        """Replace one follow by another, which both users count under this name."""
        (old, old_author), (new, new_author) = before, after
        if new.author_id == new_author:
            return Reactions(self._table).unfollow(old, old_author)
        gone, row = follow_key(old.sub, old_author), {"of": new_author, "since": since}
        try:
            self._table.write(
                [
                    Action(gone, condition=IS_THERE),
                    Action(
                        follow_key(new.sub, new_author),
                        item=row,
                        condition=IS_NEW,
                    ),
                    Action(follower_key(old_author, old.sub)),
                    Action(follower_key(new_author, new.sub), item={"author_id": new.author_id}),
                    decrement(author_stats_key(self._old.author_id), counter),
                    increment(author_stats_key(self._new.author_id), counter),
                ]
            )
        except ConditionRefused as e:
            if e.key != gone:  # the new owner follows this author already
                Reactions(self._table).unfollow(old, old_author)

    def image(self, media_id: str) -> None:
        """Transfer an image with its files. Remove a media item that has no image."""
        own = own_media_key(self._old.sub, media_id)
        item = self._table.get(media_key(media_id))
        if item is None or item["owner"] != self._old.sub:
            return self._table.delete_all([own])
        before = MediaItem.of(item)
        if before.status != "ready":
            return remove(self._table, self._bucket, before)
        owner = {"owner": self._new.sub, "author_id": self._new.author_id}
        after = before.model_copy(update=owner)
        for source, target in zip(before.object_keys(), after.object_keys(), strict=True):
            self._bucket.copy(source, target, content_type=before.stored_type)
        gone = removal(before)
        put = replace(gone[0], item=after.item())
        moved = [*gone[1:], Action(own_media_key(after.owner, after.id), item={"of": after.id})]
        if after.is_rewritten:
            moved.append(used(after.owner, after.bytes))
        if self._table.try_write([put, *moved]):  # False if another run or the inspector was faster
            self._bucket.delete(before.object_keys())
        return None


def revision_keys(post: Post) -> list[Key]:
    """Return the keys of a post's revisions."""
    kinds = (revision_key, revision_text_key)
    return [kind(post.id, version) for version in post.revisions for kind in kinds]


def write_while_closed(table: Table, author_id: str, actions: Iterable[Action]) -> None:
    """Write removals of a user's items while an erasure or a merge blocks the user.

    Afterwards the user may write again, and a late request must not touch their new items. Raises
    OutOfTime if another run has ended it.
    """
    table.write([require_closed(author_id, _ended), *actions])


def _ended(_: Item | None) -> OutOfTime:
    return OutOfTime()


def remove_rest(table: Table, bucket: Bucket, person: Person) -> None:
    """Remove what is left of a user and may be removed in any order.

    These are exports, counters, idempotency keys, reports, records of images, and objects.
    Raises OutOfTime if anything else is left: a pass over rows may miss one that another merge
    has moved to a place before it.
    """
    author_id = person.author_id
    for partition, kind in [
        *((user_partition(person.sub), kind) for kind in (COMMENT, LIKE, FOLLOW, MEDIA, KNOWN)),
        *((author_partition(author_id), kind) for kind in (FOLLOWER, PENDING, KNOWN)),
    ]:
        if table.query(Range(partition, kind, kind + HIGHEST), 1):
            raise OutOfTime
    exports = [export_job_key(author_id), export_key(author_id)]
    write_while_closed(table, author_id, map(Action, [*exports, author_stats_key(author_id)]))
    # Before the records of images: a job that follows a change writes these while it exists.
    for jobs in (f"{CHANGED_JOB}#{author_id}#", f"{IMAGE_JOB}#{author_id}#"):
        while rows := table.query(Range(JOBS, jobs, jobs + HIGHEST), KEYS_AT_ONCE):
            write_while_closed(table, author_id, (Action(Key.of(row)) for row in rows))
    while keys := table.keys_of(user_partition(person.sub), KEYS_AT_ONCE):
        write_while_closed(table, author_id, map(Action, keys))
    for folder in folders_of(author_id):
        bucket.delete_all_under(folder)
