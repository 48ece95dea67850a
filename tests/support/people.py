"""Accounts with all kinds of content, for tests of account deletion and of merges."""

from datetime import UTC, datetime, timedelta
from typing import Any

from blog.dynamodb.table import Table
from blog.identifiers import author_id
from blog.jobs.runner import run_jobs
from blog.media.inspection import inspect
from blog.media.service import QUOTA_BYTES
from blog.people.person import Person
from blog.s3 import Bucket
from tests.support.consistency import Items, plain
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, json_body
from tests.support.posts import BUCKET, NO_BUCKET, TABLE
from tests.support.samples import ALICE, BOB, CAROL, MODERATOR
from tests.support.uploads import PNG

KEY = "a key that only the tests know, 32+"
NAME, BIO = "Alice Exemplary", "I live in a town of my own."


def person_of(sub: str) -> Person:
    """Return the person with the author id that the handlers compute."""
    return Person(sub, author_id(sub, KEY))


def finish_jobs(table: Table, bucket: Bucket) -> None:
    """Run the jobs until none is left.

    Each run starts after the leases of the run before have expired.
    """
    now = datetime.now(UTC)
    for _ in range(9):
        now += timedelta(hours=1)
        if run_jobs(table, bucket, at=now) == (0, {}):
            return
    raise AssertionError("jobs are left")


def finished(client: Any) -> Items:
    """Return the items of the table once the jobs that follow changes are done."""
    finish_jobs(Table(client, TABLE), NO_BUCKET)
    return plain(client)


class PeopleFixture:
    """Alice with content of every kind, and Bob and Carol, who react to it."""

    def __init__(self, call: Call, table: Table, bucket: Bucket, *, who: str = ALICE) -> None:
        self.call = call
        self._table = table
        self._bucket = bucket
        self.alice = person_of(who)
        self.images = [self.upload_image(who) for _ in range(3)]
        self.send("media-create", who)  # a fourth image that is never uploaded
        profile = {"name": NAME, "bio": BIO, "approves_first_comments": True}
        self.send("account-edit-me", who, body=profile)
        self.send("account-edit-me", CAROL, body={"approves_first_comments": True, "name": "C"})
        cover, embedded, _ = self.images
        body = f"![a]({embedded}) and more"
        self.published_post = self.post(who, "Kept", tags=["a", "b"], cover_image=cover, body=body)
        for text in ("second", "third"):
            changes = {"body": f"{body} {text}", "slug": f"kept-{text}"}
            self.send("posts-edit", who, post_id=self.published_post, body=changes)
        self.hidden_post = self.post(who, "Hidden", tags=["b"])
        reason = {"reason": "An advertisement."}
        self.send("moderation-hide", MODERATOR, post_id=self.hidden_post, body=reason)
        self.draft_post = self.post(who, "Draft", status="draft")
        later = "2999-01-01T00:00:00Z"
        self.scheduled_post = self.post(who, "Scheduled", status="scheduled", publish_at=later)
        self.bobs_post = self.post(BOB, "Bob's")
        self.carols_post = self.post(CAROL, "Carol's", tags=["a"])
        # On Alice's post: Bob's comment is pending, Carol's is approved, and Alice replies to it.
        self.pending_comment = self.comment(BOB, self.published_post)
        approved = self.comment(CAROL, self.published_post)
        parts = {COMMENT_PART: approved}
        self.send("comments-approve", who, post_id=self.published_post, parts=parts)
        self.comment(who, self.published_post, parent_id=approved)
        # On Bob's post: a comment with a reply, a reply, and a deleted comment that has a reply.
        self.alices_comment = self.comment(who, self.bobs_post)
        self.comment(BOB, self.bobs_post, parent_id=self.alices_comment)
        self.comment(who, self.bobs_post, parent_id=self.comment(BOB, self.bobs_post))
        deleted = self.comment(who, self.bobs_post)
        self.comment(BOB, self.bobs_post, parent_id=deleted)
        self.send("comments-delete", who, post_id=self.bobs_post, parts={COMMENT_PART: deleted})
        self.alices_pending_comment = self.comment(who, self.carols_post)
        for sub, post_id in (
            (who, self.bobs_post),
            (who, self.carols_post),
            (BOB, self.published_post),
            (CAROL, self.published_post),
        ):
            self.send("reactions-like", sub, post_id=post_id)
        for follower, followed in (
            (who, BOB),
            (who, CAROL),
            (BOB, who),
            (CAROL, who),
            (CAROL, BOB),
        ):
            self.send(
                "reactions-follow", follower, parts={AUTHOR_PART: person_of(followed).author_id}
            )
        self.send("comments-report-post", who, post_id=self.carols_post, body=reason)
        run_jobs(table, bucket)

    def send(self, event: str, sub: str, **more: Any) -> Any:
        """Send a request that must succeed, and return its JSON body."""
        response = self.call(event, sub=sub, **more)
        assert response["statusCode"] < 400, response
        return json_body(response) if response["body"] else None

    def post(self, sub: str, title: str, **members: Any) -> str:
        body = {"title": title, "status": "published"} | members
        created = self.send("posts-create", sub, body=body, headers={"Idempotency-Key": title})
        return str(created["id"])

    def comment(self, sub: str, post_id: str, **members: Any) -> str:
        body = {"body": "Well *said*."} | members
        return str(self.send("comments-create", sub, post_id=post_id, body=body)["id"])

    def upload_image(self, sub: str) -> str:
        """Return the path of an image that was uploaded and inspected."""
        created = self.send("media-create", sub)
        key = created["upload"]["fields"]["key"]
        self._bucket._client.put_object(Bucket=BUCKET, Key=key, Body=PNG)
        media_item = inspect(self._table, self._bucket, key, QUOTA_BYTES)
        assert media_item is not None
        assert media_item.status == "ready"
        return str(created["media"]["url"])
