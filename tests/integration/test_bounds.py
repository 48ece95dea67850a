"""The bounds of every route and job, measured with the largest items that the limits allow.

The tables in docs/scaling.md have them. The tests fail for a route that the tables do not have, and
for a number that is not true. `pytest -s` prints the measured tables.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic_core import to_json

from blog.accounts.erasure import erase
from blog.accounts.merge import AccountMerge
from blog.accounts.transfer import KEYS_AT_ONCE
from blog.admin.migrate_posts import migrate
from blog.dynamodb import deadline
from blog.dynamodb.actions import Item
from blog.dynamodb.keys import (
    COMMENT,
    deletion_job_key,
    entry_sort_key,
    erasure_job_key,
    export_key,
    idempotency_key,
    like_key,
    media_key,
    own_comment_key,
    own_media_key,
    post_key,
    recorded_images_key,
    user_partition,
)
from blog.dynamodb.paging import MAX_CALLS
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.identifiers import MAX_IMAGES, new_id
from blog.jobs.changed_posts import follow_change
from blog.jobs.cleanup import COMMENTS_AT_ONCE, remove_what_is_left
from blog.media.actions import changed_post
from blog.people.person import Person
from blog.posts.editing import MAX_REVISIONS
from blog.posts.markup import MAX_HTML
from blog.posts.model import MAX_STORED_BYTES, Post
from blog.posts.rendering import MAX_COMMENT_HTML
from blog.posts.scheduling import publish_due
from blog.posts.sitemaps import MAX_ADDRESSES
from blog.reactions.service import MAX_FOLLOWS
from tests.support import full_blog, largest
from tests.support.bounds import UNIT, Cost, Counter, bytes_sent, item_size, require_documented
from tests.support.engines import Stores, empty_stores
from tests.support.full_blog import AT, OWNER, stored
from tests.support.handlers import (
    AUTHOR_PART,
    COMMENT_PART,
    Call,
    Response,
    caller,
    forget_profiles,
    json_body,
)
from tests.support.largest import BACKSLASH, TAGS, item, user
from tests.support.openapi_document import DOCUMENT
from tests.support.posts import TABLE
from tests.support.samples import ALICE, BOB, CAROL, sample_event

MAX_BYTES = 4_000_000
MAX_ITEM_BYTES = 400 * 1024  # of DynamoDB
MAX_ACTIONS = 90
SHARE = 10  # of the addresses of a month, because all would take long to store
NUMBERS = itertools.count(700)
COVER = "/media/01JDC0000000000000000000M0"
REMOVED, UNUSED = "01JDC0000000000000000000M1", "01JDC0000000000000000000M2"
# As many of the site's own images as count for a post.
IMAGES = " ".join(f"![](/media/{one})" for one in full_blog.LIBRARY[:MAX_IMAGES])
FULL = {"limit": str(full_blog.PAGE)}
FEED = "GET /me/feed"
FORMATS = ["atom", "json"]
FOLLOWS = "GET /me/follows"
SITEMAP = "GET /sitemap.xml"
# Posts with full lists of comments.
STORED, SENT, PENDING, UNSEEN = (f"01JDC00000000000000000000{n}" for n in range(4))


class Blog(NamedTuple):
    """A table, and what is needed to measure its handlers."""

    table: Table
    stores: Stores
    counter: Counter
    call: Call


class Measured(NamedTuple):
    """A request, and what it needs."""

    route: str
    query: dict[str, str]
    cost: Cost
    response: Response


@pytest.fixture(scope="module")
def blog() -> Iterator[Blog]:
    with empty_stores() as stores, pytest.MonkeyPatch.context() as patched:
        patched.setattr(deadline, "SECONDS_FOR_ONE_TRY", 600)  # as long as a busy machine takes
        table = Table(stores.client, TABLE)
        yield Blog(table, stores, Counter(stores.client), caller(table, patched))


def measured(blog: Blog, event: str, **request: Any) -> Measured:
    """Send a request, which must succeed."""
    responses: list[Response] = []
    forget_profiles()
    cost = blog.counter.of(lambda: responses.append(blog.call(event, **request)))
    (response,) = responses
    assert response["statusCode"] < 400, response
    sample = sample_event(event)
    route = f"{sample['httpMethod']} {sample['resource']}"
    return Measured(route, request.get("query", {}), cost, response)


# Reads.


@pytest.fixture(scope="module")
def reads(blog: Blog) -> list[Measured]:
    """Fill every list, and read each to its limit. Both formats of a feed have their own texts."""
    pairs = [pair(900, largest.BODY), pair(910, largest.STORED_BODY)]
    (_, public), _ = pairs
    ready = {"export_id": new_id(AT), "expires_at": int(AT.timestamp()) + 7 * 24 * 3600}
    rows = [
        *full_blog.lists_of_posts(),
        *full_blog.lists_of_people(),
        *full_blog.comments(STORED, largest.STORED_COMMENT),
        *full_blog.comments(SENT, largest.COMMENT),
        *full_blog.comments(PENDING, largest.STORED_COMMENT, is_pending=True),
        *full_blog.tombstones(UNSEEN),
        *full_blog.counts(),
        *full_blog.month_of_sitemap(MAX_ADDRESSES // SHARE),
        *(row for own, _ in pairs for row in stored(own, MAX_REVISIONS)),
        *(row for _, public in pairs for row in stored(public)),
        *image(OWNER),
        *full_blog.library(),
        item(like_key(ALICE, public.id), {"of": public.id, "since": full_blog.SINCE}),
        item(export_key(OWNER.author_id), ready),
    ]
    blog.table.put_all([*{(row["pk"], row["sk"]): row for row in rows}.values()])
    found = [measured(blog, event, **request) for event, request in requests(public)]
    for of_one in itertools.starmap(requests_of_a_post, pairs):
        found += [measured(blog, event, **request) for event, request in of_one]
    # The largest as sent in each format, and the largest as stored.
    for n, (unit, names) in enumerate({"-\n": ["atom"], BACKSLASH: ["json"], "": FORMATS}.items()):
        blog.table.put_all([*full_blog.feed_of(unit, 3, AT + timedelta(hours=1 + n))])
        parts = {AUTHOR_PART: OWNER.author_id, "c%23": TAGS[0]}
        for event in ("public-feed", "public-author-feed", "public-tag-feed"):
            found += [measured(blog, f"{event}-{name}", parts=parts) for name in names]
    return found


def pair(number: int, body: str) -> tuple[Post, Post]:
    """Return a hidden post and a public one with this body."""
    hidden = largest.edited(largest.hidden(largest.post(number, AT, OWNER, body)))
    return hidden, largest.edited(largest.post(number + 1, AT, OWNER, body))


def requests_of_a_post(own: Post, public: Post) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every request for a post or its revision."""
    yield "public-get-post", {"post_id": public.id}
    yield "public-get-post-by-slug", {"slug": public.slug}
    yield "public-get-post-by-slug", {"slug": public.former_slugs[0]}
    yield "posts-get-mine", {"post_id": own.id}
    yield "posts-list-revisions", {"post_id": own.id, "query": FULL}
    yield "posts-get-revision", {"post_id": own.id}


def requests(public: Post) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every other request that reads, except feeds, with the largest lists and items."""
    author = {AUTHOR_PART: OWNER.author_id}
    ids = ",".join(user(n).author_id for n in range(100))
    liked = ",".join(new_id(AT) for _ in range(100))
    yield "public-health", {}
    yield "public-openapi", {}
    yield "public-docs", {}
    yield "public-docs-asset", {"parts": {"start.js": "swagger-ui.js"}}
    yield "public-list-posts", {"query": FULL}
    yield "public-list-posts", {"query": FULL | {"tag": TAGS[0]}}
    yield "public-list-posts", {"query": FULL | {"author": OWNER.author_id}}
    yield "public-list-comments", {"post_id": STORED, "query": FULL}
    yield "public-list-comments", {"post_id": SENT, "query": FULL}
    yield "public-list-comments", {"post_id": UNSEEN, "query": FULL}
    yield "public-list-tags", {"query": FULL}
    yield "public-get-author", {"parts": author}
    yield "public-get-media", {}
    yield "media-list-mine", {"query": FULL}
    yield "media-get-mine", {}
    yield "public-sitemap", {}
    yield "public-sitemap", {"query": {"month": full_blog.MONTH}}
    yield "posts-list-mine", {"query": FULL}
    yield "posts-list-mine", {"query": FULL | {"status": "published"}}
    yield "comments-list-pending", {"query": FULL | {"status": "pending"}}
    yield "reactions-list-likes", {"query": FULL}
    yield "reactions-list-likes", {"query": {"ids": liked}}
    yield "reactions-list-follows", {"query": FULL}
    yield "reactions-list-follows", {"query": {"ids": ids}}
    yield "reactions-feed", {"query": FULL}
    yield "reactions-get-like", {"post_id": public.id}
    yield "reactions-get-follow", {"parts": {AUTHOR_PART: user(0).author_id}}
    yield "moderation-list-posts", {"query": FULL}
    yield "moderation-list-people", {"query": FULL}
    yield "moderation-list-authors", {"query": FULL}
    yield "moderation-list-reports", {"query": FULL}
    yield "account-get-me", {}
    yield "account-get-export", {}
    yield "account-get-erasure", {}


def image(owner: Person) -> Iterator[Item]:
    """Yield the media item of the sample events, as this user's image that no post uses."""
    one = largest.image("01JDC0000000000000000000M0", owner, AT)
    yield item(media_key(one.id), one.item())
    yield item(own_media_key(owner.sub, one.id), {"of": one.id})


def routes(*methods: str) -> set[str]:
    """Return the routes of the OpenAPI document with these methods."""
    return {
        f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
        if method in methods
    }


def test_every_route_is_measured(reads: list[Measured]) -> None:
    assert {one.route for one in reads} == routes("get")


def test_every_list_has_a_next_page_and_no_response_has_4_mb(reads: list[Measured]) -> None:
    for one in reads:
        assert bytes_sent(one.response) < MAX_BYTES, one.route
        if "items" in (one.response["body"] or "")[:10]:
            page = json_body(one.response)
            is_revisions = "revisions" in one.route
            assert is_revisions or page["next_cursor"], one.route


def test_a_list_makes_at_most_three_queries(reads: list[Measured]) -> None:
    for one in reads:
        if one.route != FEED:
            assert one.cost.queries <= MAX_CALLS, one.route


def test_the_bounds_of_reads_are_documented(reads: list[Measured]) -> None:
    bounds: dict[str, tuple[int, ...]] = {}
    for one in sorted(reads, key=lambda one: one.route.partition(" ")[2]):
        numbers = (one.cost.calls, one.cost.read_units, bytes_sent(one.response))
        bounds[one.route] = tuple(map(max, numbers, bounds.get(one.route, numbers)))
    # Each followed author may have as many posts as this one, which would be too many to store.
    (of_one,) = (one.cost for one in reads if "author" in one.query)
    (follows,) = (one.cost for one in reads if (one.route, one.query) == (FOLLOWS, FULL))
    (feed,) = (one.cost for one in reads if one.route == FEED)
    calls, units, size = bounds[FEED]
    units += follows.query_units + MAX_FOLLOWS * of_one.query_units - feed.query_units
    bounds[FEED] = calls, units, size
    (month,) = (one for one in reads if "month" in one.query)
    calls, units, size = bounds[SITEMAP]
    # A page of a Query ends at 1 MB.
    units = max(units, month.cost.read_units * SHARE)
    calls = max(calls, math.ceil(units * UNIT / 2**20))
    bounds[SITEMAP] = calls, units, max(size, bytes_sent(month.response) * SHARE)
    require_documented("Bounds of every read", bounds)


def test_the_largest_items_are_as_large_as_they_can_be(blog: Blog) -> None:
    """Otherwise the other tests would measure less than the limits allow."""
    post = largest.edited(largest.hidden(largest.post(0, AT, OWNER, largest.STORED_BODY)))
    size = item_size(blog.table._attributes(item(post_key(post.id), post.item())))
    assert 0.97 * MAX_STORED_BYTES < size <= MAX_STORED_BYTES + 1000 < MAX_ITEM_BYTES
    html = len(to_json(largest.post(1, AT, OWNER, largest.BODY).body_html))
    assert 0.97 * MAX_HTML < html <= MAX_HTML
    for body in (largest.COMMENT, largest.STORED_COMMENT):
        comment = largest.comment(0, AT, SENT, body, is_pending=False)
        html = len(to_json(comment.body_html))
        assert 0.97 * MAX_COMMENT_HTML < html <= MAX_COMMENT_HTML


# Writes.


@pytest.fixture(scope="module")
def writes(blog: Blog) -> list[Measured]:
    """Make each request that writes, with as many actions in its transactions as there can be."""
    blog.table.put_all([*largest.profile(OWNER), *largest.profile(user(1))])
    others = [largest.image(one, OWNER, AT) for one in (REMOVED, UNUSED)]
    blog.table.put_all([*image(OWNER), *full_blog.library()])
    blog.table.put_all([item(media_key(one.id), one.item()) for one in others])
    return [
        measured(blog, event, **request)
        for requests in (posts(blog), comments(blog), other_writes())
        for event, request in requests
    ]


def posts(blog: Blog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every write of a post. Store the post before."""
    key = {"Idempotency-Key": "k" * 255}
    yield "posts-preview", {"body": {"body": largest.BODY}}
    with_images = f"{IMAGES}\n\n{largest.STORED_BODY[: -len(IMAGES) - 20_000]}"
    bodies = [
        (largest.STORED_BODY, largest.OTHER_BODY),
        (with_images, f"{IMAGES} {largest.OTHER_BODY[: -len(IMAGES) - 20_000]}"),
    ]
    for number, (body, other_body) in enumerate(bodies):
        new = largest.new_post(body) | {"cover_image": COVER}
        headers = {name: f"{number}{value}"[:255] for name, value in key.items()}
        made = {"body": new | {"slug": largest.slug(400 + number)}, "headers": headers}
        yield "posts-create", made
        yield "posts-preview", {"body": {"body": body}}
        former = [largest.slug(n + 20 * number) for n in range(19)]
        post = put_post(blog, OWNER, former_slugs=former)
        changes = new | {"tags": largest.OTHER_TAGS, "title": "Other", "body": other_body}
        changes |= {"slug": largest.slug(402 + number), "comments": "closed"}
        yield "posts-edit", {"post_id": post.id, "body": changes}
    yield "posts-edit", {"post_id": post.id, "body": {"status": "draft"}}
    yield "posts-restore-revision", {"post_id": put_post(blog, OWNER).id}
    yield "posts-delete", {"post_id": put_post(blog, OWNER).id}
    post = put_post(blog, OWNER)
    yield "moderation-hide", {"post_id": post.id, "body": {"reason": largest.REASON}}
    yield "moderation-unhide", {"post_id": post.id}


def comments(blog: Blog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every write of a comment: a reply that needs approval, is approved, and edited."""
    post = put_post(blog, OWNER, "")
    parent = largest.comment(0, AT, post.id, largest.STORED_COMMENT, is_pending=False)
    above = parent.model_copy(update={"parent_id": None})
    blog.table.put_all([item(above.key, above.item())])
    on_post = {"post_id": post.id, "sub": BOB}
    new = {"body": {"body": largest.STORED_COMMENT, "parent_id": above.id}}
    for number in range(2):  # the second is published at once
        key = {"headers": {"Idempotency-Key": f"{number:0255}"}}
        yield "comments-create", on_post | new | key
        rows = blog.table.query(Range(user_partition(BOB), COMMENT, COMMENT + HIGHEST), 2)
        part = {"post_id": post.id, "parts": {COMMENT_PART: rows[-1]["comment_id"]}}
        if number == 0:
            yield "comments-approve", part
            changes = {"body": {"body": f"{largest.STORED_COMMENT[1:]}."}}
            yield "comments-edit", part | changes | {"sub": BOB}
            yield "comments-decline", part
    other = {"post_id": post.id, "sub": user(802).sub}  # whose first writes of the hour take longer
    yield "comments-report-post", other | {"body": {"reason": largest.REASON}}
    reader = {"sub": user(803).sub}
    yield "comments-report-comment", part | reader | {"body": {"reason": largest.REASON}}
    yield "comments-delete", part
    yield "reactions-like", {"post_id": post.id, "sub": user(807).sub}
    yield "reactions-unlike", {"post_id": post.id, "sub": user(807).sub}


def other_writes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every write of a user's own items, and about other users."""
    author = {"parts": {AUTHOR_PART: user(1).author_id}}
    yield "reactions-follow", author | {"sub": user(804).sub}
    yield "reactions-unfollow", author | {"sub": user(804).sub}
    yield "moderation-ban", author | {"body": {"reason": largest.REASON}}
    yield "moderation-unban", author
    yield "moderation-clear-profile", author | {"body": {"reason": largest.REASON}}
    yield "moderation-end-clearing", author
    report = {"sub": user(808).sub, "body": {"reason": largest.REASON}}
    yield "comments-report-author", author | report
    yield "account-edit-me", {"body": largest.PROFILE}
    yield "account-create-export", {"sub": user(805).sub}
    yield "media-create", {"sub": user(806).sub}
    yield "media-delete", {"parts": {"01JDC0000000000000000000M0": UNUSED}}
    yield "moderation-remove-media", {"parts": {"01JDC0000000000000000000M0": REMOVED}}
    yield "account-delete-me", {"sub": CAROL}


def put_post(blog: Blog, owner: Person, body: str = largest.STORED_BODY, **update: Any) -> Post:
    """Store a post that fills as many items as a post can."""
    edited = largest.edited(largest.post(next(NUMBERS), AT, owner, body, canonical_url=None))
    post = edited.model_copy(update=update)
    blog.table.put_all([*stored(post)])
    return post


def test_every_write_is_measured(writes: list[Measured]) -> None:
    assert {one.route for one in writes} == routes("post", "put", "patch", "delete")


def test_the_bounds_of_writes_are_documented(writes: list[Measured]) -> None:
    bounds: dict[str, tuple[int, ...]] = {}
    for one in sorted(writes, key=lambda one: one.route.partition(" ")[2]):
        cost = one.cost
        numbers = (cost.actions, cost.put_bytes, cost.calls, cost.read_units)
        bounds[one.route] = tuple(map(max, numbers, bounds.get(one.route, numbers)))
    assert max(actions for actions, *_ in bounds.values()) <= MAX_ACTIONS
    require_documented("Bounds of every write", bounds)


# Jobs, and commands of an operator.


def publication(blog: Blog) -> Callable[[], Any]:
    due = AT - timedelta(hours=1)
    put_post(blog, OWNER, status="scheduled", publish_at=due, published_at=None)
    return lambda: publish_due(blog.table, AT)


def cleanup(blog: Blog) -> Callable[[], Any]:
    post_id = new_id(AT)
    rows = full_blog.comments(post_id, "A", count=COMMENTS_AT_ONCE)
    blog.table.put_all([row for row in rows if row["sk"] != "STATS"])
    job = item(deletion_job_key(post_id), {"post_id": post_id, "author_id": OWNER.author_id})
    return lambda: remove_what_is_left(blog.table, job, lambda: False)


def change_of_images(blog: Blog) -> Callable[[], Any]:
    """Replace as many images of a post as count by as many others."""
    post_id, entry = new_id(AT), entry_sort_key(AT, new_id(AT))
    record = {"images": [new_id(AT) for _ in range(MAX_IMAGES)]}
    blog.table.put_all([item(recorded_images_key(OWNER.sub, post_id), record)])
    change = changed_post(OWNER, post_id, entry, [new_id(AT) for _ in range(MAX_IMAGES)])
    job = item(change.key, change.item or {})
    blog.table.put_all([job])
    return lambda: follow_change(blog.table, job)


def content_of(blog: Blog, owner: Person) -> None:
    """Store a post, a comment on another one, and many rows that are removed at the end."""
    put_post(blog, owner)
    post = put_post(blog, OWNER, "")
    one = largest.comment(0, AT, post.id, "A", is_pending=False)
    whose = {"owner": owner.sub, "author_id": owner.author_id}
    mine = one.model_copy(update=whose | {"parent_id": None})
    row = {"post_id": post.id, "comment_id": one.id}
    blog.table.put_all(
        [
            *largest.profile(owner),
            item(mine.key, mine.item()),
            item(own_comment_key(owner.sub, one.id), row),
            *(item(idempotency_key(owner.sub, f"{n:03}"), row) for n in range(KEYS_AT_ONCE + 1)),
        ]
    )


def merge(blog: Blog) -> Callable[[], Any]:
    old, new = user(600), user(601)
    content_of(blog, old)
    return AccountMerge(blog.table, blog.stores.bucket, old, new).apply


def erasure(blog: Blog) -> Callable[[], Any]:
    person = user(602)
    content_of(blog, person)
    blog.call("account-delete-me", sub=person.sub, query={"content": "anonymise"})
    job = blog.table.get(erasure_job_key(person.author_id))
    assert job is not None
    return lambda: erase(blog.table, blog.stores.bucket, job, lambda: False)


def migration(blog: Blog) -> Callable[[], Any]:
    post = put_post(blog, OWNER, schema_number=1)
    return lambda: migrate(blog.table, post_key(post.id))


JOBS: dict[str, Callable[[Blog], Callable[[], Any]]] = {
    "change of a post's images": change_of_images,
    "publication of a scheduled post": publication,
    "removal of what a deleted post leaves": cleanup,
    "merge of two accounts": merge,
    "erasure that anonymises": erasure,
    "migration of a post": migration,
}


def test_the_transactions_of_jobs_are_documented(blog: Blog) -> None:
    costs = {name: blog.counter.of(begin(blog)) for name, begin in JOBS.items()}
    assert max(cost.actions for cost in costs.values()) <= MAX_ACTIONS
    bounds = {name: (cost.actions, cost.put_bytes) for name, cost in costs.items()}
    require_documented("The largest transactions of jobs", bounds)
