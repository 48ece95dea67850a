"""A busy blog stores what docs/data-model.md describes: no other keys, no other attributes."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from blog.accounts.merge import AccountMerge
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import Key
from blog.dynamodb.table import Table
from blog.media.inspection import inspect
from blog.media.service import QUOTA_BYTES
from functions.posts import app as posts_app
from tests.support.data_model import Kind, kinds
from tests.support.engines import empty_stores
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, caller
from tests.support.people import PeopleFixture, finish_jobs, person_of
from tests.support.posts import TABLE
from tests.support.samples import BOB, CAROL, DAVE, MODERATOR
from tests.support.uploads import announced

Stored = list[tuple[Key, frozenset[str]]]


class RecordingTable(Table):
    """A table that keeps the key and the attribute names of each item that it stores."""

    def __init__(self, client: Any, name: str) -> None:
        super().__init__(client, name)
        self.stored: Stored = []

    def transact(self, actions: Sequence[Action], token: str | None = None) -> None:
        super().transact(actions, token)
        for key, item in self.get_all(action.key for action in actions).items():
            self.stored.append((key, frozenset(item) - {"pk", "sk"}))


@pytest.fixture(scope="module")
def stored() -> Iterator[Stored]:
    """Return what is stored while users do everything that they can."""
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        table = RecordingTable(stores.client, TABLE)
        call = caller(table, patched)
        people = PeopleFixture(call, table, stores.bucket)
        _, upload = announced(call)
        stores.bucket.put_image(upload, b"no image", "image/png")
        inspect(table, stores.bucket, upload, QUOTA_BYTES)
        alice, send = people.alice.sub, people.send
        profile = {"picture": "https://example.com/alice.png", "website": "https://example.com/"}
        send("account-edit-me", alice, body=profile)
        links = {"excerpt": "In short.", "canonical_url": "https://example.com/original"}
        people.post(CAROL, "Linked", **links)
        with pytest.MonkeyPatch.context() as plain:
            plain.setattr(posts_app.posts, "_text_form", "plain")
            send("posts-edit", BOB, post_id=people.bobs_post, body={"body": "Stored as it is"})
        report = {"reason": "Spam."}
        parts = {COMMENT_PART: people.alices_comment}
        send("comments-report-comment", CAROL, post_id=people.bobs_post, parts=parts, body=report)
        reply = people.comment(CAROL, people.bobs_post, parent_id=people.alices_comment)
        send("comments-delete", CAROL, post_id=people.bobs_post, parts={COMMENT_PART: reply})
        parts = {COMMENT_PART: people.alices_comment}
        send("comments-edit", alice, post_id=people.bobs_post, parts=parts, body={"body": "New"})
        send("posts-delete", alice, post_id=people.hidden_post)
        banned = {AUTHOR_PART: person_of(DAVE).author_id}
        send("moderation-ban", MODERATOR, parts=banned, body={"reason": "Spam."})
        send("moderation-unban", MODERATOR, parts=banned)
        send("moderation-ban", MODERATOR, parts=banned, body={"reason": "Spam."})
        cleared = {AUTHOR_PART: person_of(CAROL).author_id}
        send("moderation-clear-profile", MODERATOR, parts=cleared, body={"reason": "Insults."})
        send("moderation-end-clearing", MODERATOR, parts=cleared)
        send("moderation-clear-profile", MODERATOR, parts=cleared, body={"reason": "Insults."})
        send("comments-report-author", alice, parts=cleared, body=report)
        send("account-create-export", alice)
        finish_jobs(table, stores.bucket)
        AccountMerge(table, stores.bucket, person_of(BOB), person_of("auth0|the-new-bob")).apply()
        send("account-delete-me", alice, query={"content": "anonymise"})
        finish_jobs(table, stores.bucket)
        yield table.stored


@pytest.fixture(scope="module")
def by_kind(stored: Stored) -> dict[Kind, list[frozenset[str]]]:
    """Return the attributes of the stored items, by the kind of item on the page."""
    found: dict[Kind, list[frozenset[str]]] = {kind: [] for kind in kinds()}
    for key, attributes in stored:
        fitting = [kind for kind in found if kind.has_key(*key)]
        assert len(fitting) == 1, f"{key} fits {len(fitting)} keys of the page"
        found[fitting[0]].append(attributes)
    return found


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: f"{kind.pk} {kind.sk}")
def test_stored_items_have_the_attributes_on_the_page(
    kind: Kind, by_kind: dict[Kind, list[frozenset[str]]]
) -> None:
    items = by_kind[kind]
    assert items, "no item of this kind was stored"
    seen = frozenset.union(*items)
    assert seen <= kind.attributes
    assert frozenset.intersection(*items) >= kind.required
    # The optional attributes of models are compared with the models in tests/unit.
    assert kind.is_model or seen == kind.attributes
