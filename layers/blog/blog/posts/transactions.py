"""The transactions of posts: each writes a post with all items that depend on it.

Pure functions. A transaction has at most 90 actions, and DynamoDB takes 100. The largest here has
65: an edit that replaces ten tags by ten others and drops a revision.
"""

import uuid
from collections.abc import Iterator

from blog.clock import to_rfc3339
from blog.dynamodb.actions import IS_NEW, Action, Item
from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.keys import (
    deletion_job_key,
    empty_counter_job_key,
    entry_sort_key,
    post_key,
    revision_key,
    revision_text_key,
    stats_key,
)
from blog.errors import SlugTaken
from blog.identifiers import media_id_of
from blog.media.actions import changed_post, require_owned_image
from blog.people.person import Person
from blog.posts import stored_text
from blog.posts.listing_entries import PostCounter, counters, entries, reservations
from blog.posts.model import Post, Stats


def creation(post: Post, idempotency: Idempotency | None) -> list[Action]:
    """Build the transaction that stores a new post.

    The idempotency key comes before the slug, because the first refusal decides the error.
    """
    put = Action(post_key(post.id), item=post.item(), condition=IS_NEW)
    once = [] if idempotency is None else [idempotency.action(post.id, post.created_at)]
    return [put, *once, *_around(None, post), *_follow(None, post)]


def change(before: Post, after: Post | None, sub: str, *, leaves_job: bool = True) -> list[Action]:
    """Build the transaction that stores a post's next version, or removes the post.

    It also writes what differs in the items that depend on the post. Ownership, state and
    existence are one condition: this `sub` owns exactly the post that was read. The job that
    follows the change is left out where that job itself writes the post.
    """
    write = Action(
        post_key(before.id),
        item=None if after is None else after.item(),
        condition="#owner = :owner AND #lock_version = :lock_version",
        values={"owner": sub, "lock_version": before.lock_version},
    )
    job = _follow(before, after) if leaves_job else ()
    return [write, *_around(before, after), *job]


def _around(before: Post | None, after: Post | None) -> Iterator[Action]:
    yield from _slugs(before, after)
    yield from _stats(before, after)
    yield from _entries(before, after)
    yield from _counters(before, after)
    yield from _cover_image(before, after)
    if before is not None and after is not None:
        yield from _revisions(before, after)
    elif before is not None and before.published_at is not None:
        # Its revisions and comments may be more than a transaction takes.
        job = {"post_id": before.id, "author_id": before.author_id}
        yield Action(deletion_job_key(before.id), item=job)


def _slugs(before: Post | None, after: Post | None) -> Iterator[Action]:
    """Reserve new slugs; refused with SlugTaken for a slug that the client asked for."""
    had = {} if before is None else reservations(before)
    has = {} if after is None else reservations(after)
    for key, reservation in has.items():
        if key not in had and after is not None:
            refused = None if after.slug_is_derived else _slug_taken
            yield Action(key, item=reservation, condition=IS_NEW, refused=refused)
        elif had.get(key) != reservation:
            yield Action(key, item=reservation)
    for key in had:
        if key not in has:
            yield Action(key)


def _slug_taken(_: Item | None) -> SlugTaken:
    return SlugTaken()


def _stats(before: Post | None, after: Post | None) -> Iterator[Action]:
    """Write the post's state. Other writes change the counters, under conditions on that state."""
    if after is None:
        if before is not None:
            yield Action(stats_key(before.id))
        return
    state = Stats.state_of(after)
    if before is None:
        yield Action(stats_key(after.id), item=Stats.of(after).model_dump())
    elif Stats.state_of(before) != state:
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in state)
        yield Action(stats_key(after.id), values=state, update=update)


def _entries(before: Post | None, after: Post | None) -> Iterator[Action]:
    had = {} if before is None else entries(before)
    has = {} if after is None else entries(after)
    for key, entry in has.items():
        if had.get(key) != entry:
            yield Action(key, item=entry)
    for key in had:
        if key not in has:
            yield Action(key)


def _counters(before: Post | None, after: Post | None) -> Iterator[Action]:
    """Count the post where it is public. A job removes a counter that has reached zero.

    Only a read can tell that it has. The job's stamp tells whether the counter has been
    decremented again since the job was read.
    """
    had = [] if before is None else counters(before)
    has = [] if after is None else counters(after)
    for counter in has:
        if counter not in had:
            yield _add(counter, 1)
    for counter in had:
        if counter not in has:
            yield _add(counter, -1)
            if counter.is_listed:
                pk, sk = counter.key
                job = {"counters": pk, "counter": sk, "stamp": str(uuid.uuid4())}
                yield Action(empty_counter_job_key(counter.key), item=job)


def _add(counter: PostCounter, by: int) -> Action:
    update = f"ADD #{counter.name} :{counter.name}"
    return Action(counter.key, values={counter.name: by}, update=update)


def _cover_image(before: Post | None, after: Post | None) -> Iterator[Action]:
    """Check a new cover that is one of the site's own images: it must be the owner's."""
    if after is None or (before is not None and before.cover_image == after.cover_image):
        return
    media_id = media_id_of(after.cover_image)
    if media_id is not None:
        yield require_owned_image(after.owner, media_id)


def _follow(before: Post | None, after: Post | None) -> Iterator[Action]:
    """Leave a job that records which images the post uses, if it uses any or did.

    An owner who loses the post uses them no more.
    """
    had, has = ([] if post is None else post.images for post in (before, after))
    if before is not None and had and (after is None or after.owner != before.owner):
        yield _changed(before, [])
    if after is not None and (had or has):
        yield _changed(after, has)


def _changed(post: Post, images: list[str]) -> Action:
    entry = entry_sort_key(post.created_at, post.id)
    return changed_post(Person(post.owner, post.author_id), post.id, entry, images)


def _revisions(before: Post, after: Post) -> Iterator[Action]:
    for version in after.revisions:
        if version not in before.revisions:
            row = {
                "version": version,
                "title": before.title,
                "created_at": to_rfc3339(before.updated_at),
            }
            yield Action(revision_key(after.id, version), item=row)
            text = stored_text.stored({"body": before.body}, after.text_form)
            yield Action(revision_text_key(after.id, version), item=row | text)
    for version in before.revisions:
        if version not in after.revisions:
            yield Action(revision_key(after.id, version))
            yield Action(revision_text_key(after.id, version))
