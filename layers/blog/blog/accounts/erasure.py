"""The erasure of a person: all that is theirs, or all but what they published.

Every step is done row by row, each row in a transaction of its own or by a deletion that may come
twice, and looks for what is left of it. So a run may end anywhere; the next one goes on from there.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from blog.accounts.requests import REPORT_RETENTION_DAYS
from blog.accounts.transfer import (
    OwnershipTransfer,
    remove_media_item,
    remove_rest,
    revision_keys,
    write_while_closed,
)
from blog.clock import now, to_rfc3339
from blog.comments.model import comment_of
from blog.comments.transactions import own_row_alone, removal
from blog.dynamodb.actions import IS_THERE, Action, Item
from blog.dynamodb.keys import (
    COMMENT,
    ENTRY,
    FOLLOW,
    FOLLOWER,
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
    own_comment_key,
    owner_partition,
    post_key,
    profile_key,
    user_partition,
)
from blog.dynamodb.resumable import iter_rows, retry_transaction
from blog.dynamodb.table import Table
from blog.identifiers import media_ids_in
from blog.people.person import Person
from blog.people.write_access import unblock
from blog.posts.model import Post
from blog.posts.transactions import change
from blog.reactions.service import Reactions
from blog.s3 import Bucket


def erase(table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Do what is left of an erasure. Raises OutOfTime, also where another job has to end first."""
    erasure = _Erasure(table, bucket, job, is_out_of_time)
    erasure.exports()
    erasure.profile()
    erasure.pictures()
    erasure.waiting()
    erasure.posts()
    erasure.comments()
    erasure.reactions()
    remove_rest(table, bucket, Person(job["sub"], job["author_id"]))
    erasure.end()


class _Erasure:
    """The steps, in their order: nobody can follow whose profile, posts and comments are gone, so
    that followers are the last of what others could add."""

    def __init__(
        self, table: Table, bucket: Bucket, job: Item, is_out_of_time: Callable[[], bool]
    ) -> None:
        self._table = table
        self._bucket = bucket
        self._person = Person(job["sub"], job["author_id"])
        self._keeps_content = job["content"] == "anonymise"
        placeholder = Person(job["heir_sub"], job["heir_author_id"])
        self._move = OwnershipTransfer(table, bucket, self._person, placeholder)
        self._is_out_of_time = is_out_of_time

    def exports(self) -> None:
        keys = export_job_key(self._person.author_id), export_key(self._person.author_id)
        write_while_closed(self._table, self._person.author_id, map(Action, keys))

    def profile(self) -> None:
        """So that from now on a neutral name is shown."""
        author_id = self._person.author_id
        unflag = Action(author_stats_key(author_id), update="REMOVE #has_profile")
        write_while_closed(self._table, author_id, [Action(profile_key(author_id)), unflag])

    def pictures(self) -> None:
        """Before the posts, which say what is kept of them."""
        kept: set[str] | None = None
        for row in self._rows(user_partition(self._person.sub), MEDIA):
            kept = self._pictures_to_keep() if kept is None else kept
            if row["of"] in kept:
                self._move.picture(row["of"])
            else:
                remove_media_item(self._table, self._bucket, self._person, row["of"])

    def _pictures_to_keep(self) -> set[str]:
        if not self._keeps_content:
            return set()
        kept = set()
        for row in self._rows(owner_partition(self._person.sub, "published"), ENTRY):
            item = self._table.get(post_key(row["id"]))
            if item is not None:
                texts = f"{item.get('cover_image', '')} {item['body']}"
                kept |= media_ids_in(texts)
        return kept

    def waiting(self) -> None:
        """Comments that nobody will approve; one that came to wait after this is for the next
        run, when its post may be another's already."""
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
        for row in self._rows(owner_partition(self._person.sub), ENTRY):
            if self._keeps_content and row["status"] == "published":
                self._move.post(row["id"], with_revisions=False)
            else:
                self._remove_post(row["id"])

    def _remove_post(self, post_id: str) -> None:
        def actions() -> list[Action]:
            item = self._table.get(post_key(post_id))
            if item is None or item["owner"] != self._person.sub:
                return []
            post = Post.of(item)
            self._table.delete_all(revision_keys(post))  # not left to the job that comes after
            return change(post, None, self._person.sub)

        retry_transaction(self._table, actions)

    def comments(self) -> None:
        """Those under posts that are gone are left to the job that is at them."""
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
            return self._move.comment_actions(comment, stats)
        return [*removal(comment, stats.author_id)]

    def reactions(self) -> None:
        """Likes, follows both ways, and reports."""
        reactions, person = Reactions(self._table), self._person
        for row in self._rows(user_partition(person.sub), LIKE):
            reactions.unlike(person, row["of"])
        for row in self._rows(user_partition(person.sub), FOLLOW):
            reactions.unfollow(person, row["of"])
        for row in self._rows(author_partition(person.author_id), FOLLOWER):
            follower = Person(row["sk"].removeprefix(FOLLOWER), row["author_id"])
            reactions.unfollow(follower, person.author_id)
        for row in self._rows(user_partition(person.sub), REPORT):
            keys = Key(REPORTS, row["entry"]), Key.of(row)
            write_while_closed(self._table, person.author_id, map(Action, keys))

    def end(self) -> None:
        """The job goes at last, and with it what remembers whose it was; they may come again."""
        author_id = self._person.author_id
        job, gate, report = (
            erasure_job_key(author_id),
            ban_key(author_id),
            erasure_key(author_id),
        )

        def actions() -> list[Action]:
            items = self._table.get_all([job, gate, report])
            if job not in items:
                return []
            finished = now()
            expires_at = int((finished + timedelta(days=REPORT_RETENTION_DAYS)).timestamp())
            told = items.get(report, {}) | {
                "status": "done",
                "finished_at": to_rfc3339(finished),
                "expires_at": expires_at,
            }
            return [
                Action(job, condition=IS_THERE),
                unblock(author_id, items.get(gate, {})),
                Action(report, item=told),
            ]

        retry_transaction(self._table, actions)

    def _rows(self, partition: str, kind: str) -> Iterator[Item]:
        return iter_rows(self._table, partition, kind, self._is_out_of_time)
