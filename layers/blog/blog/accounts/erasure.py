"""The erasure of an account: all of its content, or all but what is published.

Each step removes one row after another, in a transaction of its own or by a deletion that may come
twice. Each step looks for what is left. So a run may end anywhere, and the next run continues.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from blog.accounts.requests import REPORT_RETENTION_DAYS
from blog.accounts.transfer import (
    OwnershipTransfer,
    remove_rest,
    revision_keys,
    write_while_closed,
)
from blog.clock import now, to_rfc3339
from blog.comments.model import comment_of
from blog.comments.transactions import own_row_alone, removal, unknown
from blog.dynamodb.actions import IS_THERE, Action, Item
from blog.dynamodb.keys import (
    COMMENT,
    ENTRY,
    FOLLOW,
    FOLLOWER,
    KNOWN,
    LIKE,
    MEDIA,
    PENDING,
    REPORT,
    REPORTS,
    Key,
    author_partition,
    author_stats_key,
    ban_key,
    erasure_job_key,
    erasure_key,
    export_job_key,
    export_key,
    media_key,
    own_comment_key,
    owner_partition,
    post_key,
    profile_key,
    user_partition,
)
from blog.dynamodb.resumable import iter_rows, retry_transaction
from blog.dynamodb.table import Table
from blog.identifiers import media_ids_in
from blog.media.model import MediaItem
from blog.media.removal import remove
from blog.people.person import Person
from blog.people.write_access import unblock
from blog.posts.empty_counters import write_and_count
from blog.posts.model import Post
from blog.posts.transactions import change
from blog.reactions.service import Reactions
from blog.s3 import Bucket


def erase(table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Do what is left of an erasure. Raises OutOfTime, also if another job must end first."""
    erasure = _Erasure(table, bucket, job, is_out_of_time)
    erasure.exports()
    erasure.profile()
    erasure.images()
    erasure.pending_comments()
    erasure.posts()
    erasure.comments()
    erasure.reactions()
    remove_rest(table, bucket, Person(job["sub"], job["author_id"]))
    erasure.end()


class _Erasure:
    """The steps of an erasure, in their order.

    Nobody can follow an author without profile, posts and comments. So followers, which others can
    add, come after these.
    """

    def __init__(
        self, table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool]
    ) -> None:
        self._table = table
        self._bucket = bucket
        self._person = Person(job["sub"], job["author_id"])
        self._keeps_content = job["content"] == "anonymise"
        placeholder = Person(job["heir_sub"], job["heir_author_id"])
        self._transfer = OwnershipTransfer(table, bucket, self._person, placeholder)
        self._is_out_of_time = is_out_of_time

    def exports(self) -> None:
        """Remove exports and their jobs."""
        keys = export_job_key(self._person.author_id), export_key(self._person.author_id)
        write_while_closed(self._table, self._person.author_id, map(Action, keys))

    def profile(self) -> None:
        """Remove the profile, so that responses show a neutral name."""
        author_id = self._person.author_id
        unflag = Action(author_stats_key(author_id), update="REMOVE #has_profile")
        write_while_closed(self._table, author_id, [Action(profile_key(author_id)), unflag])

    def images(self) -> None:
        """Remove or transfer images, before the posts that tell which of them stay."""
        staying: set[str] | None = None
        for row in self._rows(user_partition(self._person.sub), MEDIA):
            staying = self._staying_images() if staying is None else staying
            if row["of"] in staying:
                self._transfer.image(row["of"])
            else:
                self._remove_image(row)

    def _remove_image(self, row: Item) -> None:
        item = self._table.get(media_key(row["of"]))
        if item is not None and item["owner"] == self._person.sub:
            remove(self._table, self._bucket, MediaItem.of(item))
        self._table.delete_all([Key.of(row)])

    def _staying_images(self) -> set[str]:
        if not self._keeps_content:
            return set()
        staying = set()
        for row in self._rows(owner_partition(self._person.sub, "published"), ENTRY):
            item = self._table.get(post_key(row["id"]))
            if item is not None:
                post = Post.of(item)
                staying |= set(media_ids_in(f"{post.cover_image or ''} {post.body}"))
        return staying

    def pending_comments(self) -> None:
        """Remove pending comments under the user's posts, because nobody will approve them.

        The next run removes those that come later. By then the posts may have another owner.
        """
        author_id = self._person.author_id
        for row in self._rows(author_partition(author_id), PENDING):

            def actions(row: Item = row) -> list[Action]:
                here = Action(Key.of(row), condition=IS_THERE)
                if self._table.get(here.key) is None:
                    return []
                comment_id = row["sk"].removeprefix(PENDING)
                comment, stats = comment_of(self._table, row["post_id"], comment_id)
                if comment is None or not comment.is_pending or not stats.author_id:
                    return [here]
                return [*removal(comment, author_id)]

            retry_transaction(self._table, actions)

    def posts(self) -> None:
        """Remove posts, or transfer published ones to the placeholder."""
        for row in self._rows(owner_partition(self._person.sub), ENTRY):
            if self._keeps_content and row["status"] == "published":
                self._transfer.post(row["id"], with_revisions=False)
            else:
                self._remove_post(row["id"])

    def _remove_post(self, post_id: str) -> None:
        def actions() -> list[Action]:
            item = self._table.get(post_key(post_id))
            if item is None or item["owner"] != self._person.sub:
                return []
            post = Post.of(item)
            self._table.delete_all(revision_keys(post))  # not left to the job of the deletion
            return change(post, None, self._person.sub)

        retry_transaction(self._table, actions, write_and_count)

    def comments(self) -> None:
        """Remove or transfer comments. A job removes those whose posts are gone."""
        for row in self._rows(user_partition(self._person.sub), COMMENT):
            retry_transaction(
                self._table, partial(self._comment, row["post_id"], row["comment_id"])
            )

    def _comment(self, post_id: str, comment_id: str) -> list[Action]:
        sub = self._person.sub
        if self._table.get(own_comment_key(sub, comment_id)) is None:
            return []
        comment, stats = comment_of(self._table, post_id, comment_id)
        if comment is None:
            return own_row_alone(sub, post_id, comment_id)
        if not stats.author_id:
            return []
        if self._keeps_content and not comment.is_pending:
            return self._transfer.comment_actions(comment, stats)
        return [*removal(comment, stats.author_id)]

    def reactions(self) -> None:
        """Remove likes, follows and known commenters in both directions, and reports."""
        reactions, person = Reactions(self._table), self._person
        for row in self._rows(user_partition(person.sub), LIKE):
            reactions.unlike(person, row["of"])
        for row in self._rows(user_partition(person.sub), FOLLOW):
            reactions.unfollow(person, row["of"])
        for row in self._rows(author_partition(person.author_id), FOLLOWER):
            follower = Person(row["sk"].removeprefix(FOLLOWER), row["author_id"])
            reactions.unfollow(follower, person.author_id)
        for row in self._rows(user_partition(person.sub), KNOWN):
            forgotten = unknown(person.sub, row["sk"].removeprefix(KNOWN))
            write_while_closed(self._table, person.author_id, forgotten)
        for row in self._rows(author_partition(person.author_id), KNOWN):
            forgotten = unknown(row["sk"].removeprefix(KNOWN), person.author_id)
            write_while_closed(self._table, person.author_id, forgotten)
        for row in self._rows(user_partition(person.sub), REPORT):
            keys = Key(REPORTS, row["entry"]), Key.of(row)
            write_while_closed(self._table, person.author_id, map(Action, keys))

    def end(self) -> None:
        """Remove the job last, and with it who the user was. They may sign in again."""
        author_id = self._person.author_id
        job, ban, report = (
            erasure_job_key(author_id),
            ban_key(author_id),
            erasure_key(author_id),
        )

        def actions() -> list[Action]:
            items = self._table.get_all([job, ban, report])
            if job not in items:
                return []
            finished = now()
            expires_at = int((finished + timedelta(days=REPORT_RETENTION_DAYS)).timestamp())
            done = items.get(report, {}) | {
                "status": "done",
                "finished_at": to_rfc3339(finished),
                "expires_at": expires_at,
            }
            return [
                Action(job, condition=IS_THERE),
                unblock(author_id, items.get(ban, {})),
                Action(report, item=done),
            ]

        retry_transaction(self._table, actions)

    def _rows(self, partition: str, kind: str) -> Iterator[Item]:
        return iter_rows(self._table, partition, kind, self._is_out_of_time)
