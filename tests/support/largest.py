"""The largest items that the limits allow: in bytes as stored, and in bytes as Lambda sends them.

A character of four bytes is the largest as stored. A backslash has one byte as stored. It has two
in JSON, and four in what Lambda sends, because that is JSON in a JSON string.
"""

import random
import string
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from blog.clock import to_rfc3339
from blog.comments.model import Comment
from blog.comments.schemas import NewComment
from blog.dynamodb.actions import Item
from blog.dynamodb.keys import Key, author_stats_key, profile_key
from blog.identifiers import new_id
from blog.media.image_types import MAX_BYTES
from blog.media.model import MediaItem
from blog.people.person import Person
from blog.people.schemas import ProfileChanges
from blog.posts.editing import MAX_FORMER_SLUGS, MAX_REVISIONS, created
from blog.posts.model import MAX_STORED_BYTES, Moderation, Post, Stats, _size_in_feed
from blog.posts.queries import MAX_FULL_BYTES, MAX_FULL_HTML_BYTES
from blog.posts.rendering import rendered, rendered_comment
from blog.posts.schemas import NewPost
from tests.support.people import person_of
from tests.support.samples import ALICE

EMOJI = "\U0001f600"
BACKSLASH = "\\"
ADDRESS = f"https://example.com/{'a' * 1980}"
REASON = EMOJI * 500
TAGS = [f"{chr(0x20000 + n)}{chr(0x20000) * 39}" for n in range(10)]  # letters of four bytes
OTHER_TAGS = [f"{chr(0x20010 + n)}{chr(0x20000) * 39}" for n in range(10)]
MANY = 10**9  # of likes and comments
PROFILE = {
    "name": EMOJI * 80,
    "bio": EMOJI * 500,
    "picture": ADDRESS,
    "website": ADDRESS,
    "approves_first_comments": True,
}
# The largest as sent: a backslash has two bytes in JSON, as body and as HTML.
BODY = f"    {BACKSLASH * 262_000}"
# The largest as stored, because nothing in it repeats.
_LETTERS = f"{string.ascii_letters}{string.digits},;"
STORED_BODY = "".join(random.Random(23).choices(_LETTERS, k=246_000))
OTHER_BODY = STORED_BODY.swapcase()
COMMENT = f"    {BACKSLASH * 3_300}\n\n{'[a](b)' * 280}"  # the largest as sent
STORED_COMMENT = EMOJI * 5000  # the largest as stored


def item(key: Key, attributes: Item) -> Item:
    """Return the item with these attributes under a key."""
    return {**attributes, **key._asdict()}


def user(number: int) -> Person:
    """Return one of many users."""
    return person_of(f"auth0|{number:024}")


def profile(person: Person) -> Iterator[Item]:
    """Yield the largest profile of a user, and their counters."""
    changes = ProfileChanges.model_validate(PROFILE)
    yield item(profile_key(person.author_id), changes.provided())
    names = "post_count", "comment_count", "follower_count", "following_count"
    yield item(
        author_stats_key(person.author_id), dict.fromkeys(names, MANY) | {"has_profile": True}
    )


def image(media_id: str, owner: Person, at: datetime) -> MediaItem:
    """Return the largest media item."""
    return MediaItem(
        id=media_id,
        owner=owner.sub,
        author_id=owner.author_id,
        content_type="image/jpeg",
        size=MAX_BYTES,
        status="ready",
        width=2400,
        height=16383,
        color="#336699",
        files="0123456789abcdef",
        sizes={"480": MAX_BYTES, "960": MAX_BYTES, "1600": MAX_BYTES, "2400": MAX_BYTES},
        bytes=4 * MAX_BYTES,
        created_at=at,
    )


def slug(number: int) -> str:
    """Return one of many slugs of 120 characters."""
    return f"{number:03}-{'s' * 116}"


def new_post(body: str) -> dict[str, Any]:
    """Return a request for a published post with this body.

    Without a `canonical_url`, it is also in the sitemap: that makes the most actions.
    """
    return {
        "title": EMOJI * 200,
        "body": body,
        "excerpt": EMOJI * 500,
        "tags": TAGS,
        "cover_image": ADDRESS,
        "status": "published",
    }


@cache
def _post(body: str, at: datetime) -> Post:
    new = NewPost.model_validate(new_post(body))
    post = created(new, owner=person_of(ALICE), feed_shards=1, now=at)
    return post.model_copy(update={"derived_excerpt": EMOJI * 200})  # the longest


def post(number: int, at: datetime, owner: Person, body: str = "", **update: Any) -> Post:
    """Return a published post with the largest members. Posts with higher numbers are older."""
    published_at = at - timedelta(seconds=number)
    common = {"id": new_id(published_at), "slug": slug(number), "published_at": published_at}
    common["canonical_url"] = ADDRESS
    whose = {"owner": owner.sub, "author_id": owner.author_id}
    return _post(body, at).model_copy(update=common | whose | update)


def edited(of: Post) -> Post:
    """Return the post after many edits, with all former slugs and revisions that it can have."""
    update = {
        "former_slugs": [slug(500 + n) for n in range(MAX_FORMER_SLUGS)],
        "revisions": list(range(1, MAX_REVISIONS + 1)),
        "version": MAX_REVISIONS + 1,
    }
    return of.model_copy(update=update)


def hidden(of: Post) -> Post:
    """Return the post as a moderator has hidden it."""
    at = of.published_at or of.updated_at
    return of.model_copy(update={"moderation": Moderation(reason=REASON, at=at)})


def stats(of: Post) -> Item:
    """Return the counters of a post with many likes and comments."""
    return Stats.of(of).model_dump() | {"like_count": MANY, "comment_count": MANY}


def body_for_feed(unit: str, posts: int) -> str:
    """Return a text of this unit, so that a feed just contains `posts` such posts in full."""
    if not unit:
        share = MAX_FULL_BYTES / posts / MAX_STORED_BYTES
        return STORED_BODY[: int(0.96 * len(STORED_BODY) * share)]
    sample = 1000
    size = _size_in_feed(rendered(_block(unit, sample)).html)
    return _block(unit, int(0.99 * MAX_FULL_HTML_BYTES / posts * sample / size))


def _block(unit: str, count: int) -> str:
    return f"    {unit * count}" if unit == BACKSLASH else unit * count


def comment(number: int, at: datetime, post_id: str, body: str, *, is_pending: bool) -> Comment:
    """Return a comment by one of many users. Later numbers are later."""
    writer = user(number)
    new = NewComment(body=body)
    written_at = at + timedelta(milliseconds=number)
    return Comment(
        id=new_id(written_at),
        post_id=post_id,
        parent_id=post_id,  # which has the length of a comment's id
        owner=writer.sub,
        author_id=writer.author_id,
        body=new.body,
        body_html=_comment_html(new.body),
        is_pending=is_pending,
        created_at=written_at,
        updated_at=written_at,
    )


_comment_html = cache(rendered_comment)


def report(number: int, at: datetime) -> Item:
    """Return a report by one of many users about another, without its key.

    Such a report is larger as sent than one about a comment.
    """
    return {
        "id": new_id(at),
        "reported_author_id": user(200 + number).author_id,
        "reason": REASON,
        "author_id": user(number).author_id,
        "created_at": to_rfc3339(at),
        "expires_at": int(at.timestamp()) + 90 * 24 * 3600,
    }
