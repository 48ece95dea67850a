"""Every row of the table of permissions, tested at the handlers; every route has a row."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from blog.clock import now
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import ban_key, media_key
from blog.dynamodb.table import Table
from blog.media.model import MediaItem
from devserver.template.deployment import Deployment
from scripts.docs.permissions_table import KINDS, ROWS, Row
from tests.support.engines import empty_stores
from tests.support.handlers import AUTHOR_PART, COMMENT_PART, POST_ID, Response, caller, json_body
from tests.support.people import person_of
from tests.support.posts import TABLE
from tests.support.samples import ALICE, BOB, CAROL, MODERATOR, ROOT, sample_event
from tests.support.snapshots import Snapshot

NEWCOMER = "auth0|65000000000000000000de01"
MEDIA_PART = "01JDC0000000000000000000M0"
PENDING_ID = "01JDC0000000000000000000M1"
MODERATES = {"permissions": "moderate:content moderate:people"}
NO_MODERATOR = {"permissions": ""}
SUBS = (None, BOB, ALICE, MODERATOR, ALICE, "machine@clients")


class Content(NamedTuple):
    """The content that the rows refer to, and a snapshot of it."""

    client: Any
    snapshot: Snapshot
    posts: dict[str, str]
    comments: dict[str, str]


@pytest.fixture(scope="module")
def content() -> Iterator[Content]:
    """Create the owner's posts and images, and comments by the owner, another user and a
    newcomer."""
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        client = stores.client
        call = caller(Table(client, TABLE), patched)

        def send(event: str, sub: str = ALICE, **more: Any) -> Any:
            response = call(event, sub=sub, **more)
            assert response["statusCode"] < 300, response
            return json_body(response) if response["body"] else {}

        posts = {}
        for name in ("published", "draft", "hidden", "closed"):
            status = "draft" if name == "draft" else "published"
            body: dict[str, Any] = {"title": name, "slug": name, "status": status, "tags": ["c#"]}
            body["comments"] = "closed" if name == "closed" else "open"
            posts[name] = send("posts-create", body=body)["id"]
        send("posts-edit", post_id=posts["published"], body={"body": "2", "slug": "former"})
        send("posts-edit", post_id=posts["published"], body={"body": "3", "slug": "published"})
        send("moderation-hide", MODERATOR, post_id=posts["hidden"], authorizer=MODERATES)
        comments = {
            name: send("comments-create", sub, post_id=posts["published"])["id"]
            for name, sub in (("owners", ALICE), ("anothers", CAROL))
        }
        send("account-edit-me", body={"name": "A", "approves_first_comments": True})
        waits = send("comments-create", NEWCOMER, post_id=posts["published"])
        comments["pending"] = waits["id"]
        send("comments-create", BOB, post_id=posts["published"])
        send("account-edit-me", body={"approves_first_comments": False})
        send("account-edit-me", CAROL, body={"name": "C"})
        send("reactions-like", post_id=posts["published"])
        send("reactions-follow", parts={AUTHOR_PART: person_of(CAROL).author_id})
        table = Table(client, TABLE)
        pending = MediaItem(
            id=PENDING_ID, owner=ALICE, author_id=person_of(ALICE).author_id,
            content_type="image/png", size=1, created_at=now(),
        )  # fmt: skip
        files = {"files": "0123456789abcdef", "sizes": {"480": 1}, "bytes": 1}
        ready = pending.model_copy(update={"id": MEDIA_PART, "status": "ready", **files})
        table.transact([Action(media_key(one.id), item=one.item()) for one in (pending, ready)])
        yield Content(client, Snapshot(stores), posts, comments)


def ask(content: Content, row: Row, kind: int, patched: pytest.MonkeyPatch) -> Response:
    """Send a row's request as a caller of this kind."""
    content.snapshot.restore()
    if KINDS[kind].endswith("banned"):
        banned = {"banned_at": "2026-01-01T00:00:00.000Z", "reason": "Enough."}
        Table(content.client, TABLE).transact(
            [Action(ban_key(person_of(ALICE).author_id), item=banned)]
        )
    more = dict(row.more)
    parts = {"revisions/2": "revisions/1"}
    if "comment" in more:
        parts[COMMENT_PART] = content.comments[more.pop("comment")]
    if "author" in more:
        author = ALICE if more.pop("author") == "owner" else CAROL
        parts[AUTHOR_PART] = person_of(author).author_id
    if more.pop("media", "ready") == "pending":
        parts[MEDIA_PART] = PENDING_ID
    arguments: dict[str, Any] = {
        "parts": parts,
        "post_id": content.posts.get(more.pop("post", ""), POST_ID),
    }
    sub = SUBS[kind]
    call = caller(Table(content.client, TABLE), patched)
    if sub is None:
        return call(row.event, is_anonymous=True, **arguments, **more)
    authorizer = MODERATES if sub == MODERATOR else NO_MODERATOR
    return call(row.event, sub=sub, authorizer=authorizer, **arguments, **more)


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.event} {row.situation}".strip())
def test_each_kind_of_caller_gets_the_documented_status(
    content: Content, row: Row, kind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = ask(content, row, kind, monkeypatch)
    assert response["statusCode"] == row.statuses[kind], response["body"]
    assert_no_identity(response, row, SUBS[kind])


def assert_no_identity(response: Response, row: Row, who: str | None) -> None:
    """Assert that no raw sub or provider is returned, except the caller's own in GET and PATCH
    /me."""
    text = json.dumps(response)
    if row.event in ("account-get-me", "account-edit-me") and who is not None:
        text = text.replace(json.dumps(json.dumps(who))[1:-1], "")
    # The document's own patterns contain such marks.
    marks = () if row.event == "public-openapi" else ("|", "@")
    for identity in (*marks, *(sub.partition("|")[2] or sub for sub in SUBS if sub)):
        assert identity not in text


def test_every_route_is_in_the_table(deployment: Deployment) -> None:
    events = [sample_event(row.event) for row in ROWS]
    asked = {(event["httpMethod"], event["resource"]) for event in events}
    routes = {(one.method, one.resource) for one in deployment.routes}
    # Pages are the same for everyone.
    assert asked == {
        (method, resource)
        for method, resource in routes
        if method not in ("HEAD", "OPTIONS") and not resource.startswith("/pages")
    }


def test_the_page_shows_the_table() -> None:
    page = (ROOT / "docs" / "permissions.md").read_text()
    for row in ROWS:
        event = sample_event(row.event)
        cells = [f"`{event['httpMethod']} {event['resource']}`", row.situation]
        assert f"| {' | '.join([*cells, *map(str, row.statuses)])} |" in page
