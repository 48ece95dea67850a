"""People with all that people can have, for those who leave and those who are joined."""

from datetime import UTC, datetime, timedelta
from typing import Any

from blog.dynamodb.table import Table
from blog.identifiers import author_id
from blog.jobs.runner import run_jobs
from blog.media.inspection import inspect
from blog.people.person import Person
from blog.s3 import Bucket
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, Call, document
from tests.support.posts import BUCKET
from tests.support.samples import ALICE, BOB, CAROL, MODERATOR

KEY = "a key that only the tests know, 32+"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 67
NAME, BIO = "Alice Exemplary", "I live in a town of my own."


def named(sub: str) -> Person:
    """Somebody with the id that the handlers give them."""
    return Person(sub, author_id(sub, KEY))


def finish(table: Table, bucket: Bucket) -> None:
    """Run the jobs until none is left, each run after the leases of the one before."""
    moment = datetime.now(UTC)
    for _ in range(9):
        moment += timedelta(hours=1)
        if run_jobs(table, bucket, moment=moment) == (0, 0):
            return
    raise AssertionError("jobs are left")


class Neighbourhood:
    """Alice with everything, and Bob and Carol who have to do with her."""

    def __init__(self, call: Call, table: Table, bucket: Bucket, *, who: str = ALICE) -> None:
        self.call = call
        self._table = table
        self._bucket = bucket
        self.alice = named(who)
        self.pictures = [self.picture(who) for _ in range(3)]
        self.send("media-create", who)  # and a fourth that was never sent
        profile = {"name": NAME, "bio": BIO, "approves_first_comments": True}
        self.send("account-edit-me", who, body=profile)
        self.send("account-edit-me", CAROL, body={"approves_first_comments": True, "name": "C"})
        cover, shown, _ = self.pictures
        body = f"![a]({shown}) and more"
        self.kept = self.post(who, "Kept", tags=["a", "b"], cover_image=cover, body=body)
        for text in ("second", "third"):
            changes = {"body": f"{body} {text}", "slug": f"kept-{text}"}
            self.send("posts-edit", who, post_id=self.kept, body=changes)
        self.hidden = self.post(who, "Hidden", tags=["b"])
        reason = {"reason": "An advertisement."}
        self.send("moderation-hide", MODERATOR, post_id=self.hidden, body=reason)
        self.draft = self.post(who, "Draft", status="draft")
        later = "2999-01-01T00:00:00Z"
        self.scheduled = self.post(who, "Scheduled", status="scheduled", publish_at=later)
        self.bobs, self.carols = self.post(BOB, "Bob's"), self.post(CAROL, "Carol's", tags=["a"])
        # On Alice's post: Bob's waits, Carol's was approved; she answers herself.
        self.waiting = self.comment(BOB, self.kept)
        approved = self.comment(CAROL, self.kept)
        self.send("comments-approve", who, post_id=self.kept, parts={COMMENT_PART: approved})
        self.comment(who, self.kept, parent_id=approved)
        # On Bob's: one with an answer, one that answers, one gone with an answer left.
        self.said = self.comment(who, self.bobs)
        self.comment(BOB, self.bobs, parent_id=self.said)
        self.comment(who, self.bobs, parent_id=self.comment(BOB, self.bobs))
        gone = self.comment(who, self.bobs)
        self.comment(BOB, self.bobs, parent_id=gone)
        self.send("comments-delete", who, post_id=self.bobs, parts={COMMENT_PART: gone})
        self.unapproved = self.comment(who, self.carols)  # on Carol's, where it waits
        for sub, post_id in (
            (who, self.bobs), (who, self.carols), (BOB, self.kept), (CAROL, self.kept),
        ):  # fmt: skip
            self.send("reactions-like", sub, post_id=post_id)
        for one, other in ((who, BOB), (who, CAROL), (BOB, who), (CAROL, who), (CAROL, BOB)):
            self.send("reactions-follow", one, parts={AUTHOR_PART: named(other).author_id})
        self.send("comments-report-post", who, post_id=self.carols, body=reason)
        run_jobs(table, bucket)

    def send(self, event: str, sub: str, **more: Any) -> Any:
        """A request that succeeds, and its answer."""
        answer = self.call(event, sub=sub, **more)
        assert answer["statusCode"] < 400, answer
        return document(answer) if answer["body"] else None

    def post(self, sub: str, title: str, **members: Any) -> str:
        body = {"title": title, "status": "published"} | members
        made = self.send("posts-create", sub, body=body, headers={"Idempotency-Key": title})
        return str(made["id"])

    def comment(self, sub: str, post_id: str, **members: Any) -> str:
        body = {"body": "Well *said*."} | members
        return str(self.send("comments-create", sub, post_id=post_id, body=body)["id"])

    def picture(self, sub: str) -> str:
        """The path of a picture that was uploaded and looked at."""
        made = self.send("media-create", sub)
        key = made["upload"]["fields"]["key"]
        self._bucket._client.put_object(Bucket=BUCKET, Key=key, Body=PNG)
        assert inspect(self._table, self._bucket, key)
        return str(made["media"]["url"])
