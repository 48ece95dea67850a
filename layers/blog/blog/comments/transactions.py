"""The transactions of comments: each keeps all counters right. Pure functions."""

import uuid
from collections.abc import Iterator, Mapping

from blog.clock import now, to_rfc3339
from blog.comments.model import Comment, is_tombstone
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action, Item
from blog.dynamodb.counters import decrement, increment, increment_if_public
from blog.dynamodb.keys import (
    Key,
    approval_queue_key,
    author_stats_key,
    comment_key,
    known_by_key,
    known_key,
    own_comment_key,
    pending_comment_key,
    profile_key,
    stats_key,
    tombstone_job_key,
)
from blog.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from blog.posts.model import Stats

# The author too, because a pending comment is stored in the post author's queue.
_OPEN = "#is_public = :is_public AND #comments = :comments AND #author_id = :author_id"
_UNCHANGED = "#owner = :owner AND #reply_count = :reply_count AND #version = :version"
_TO_TOMBSTONE = "REMOVE " + ", ".join(
    f"#{name}"
    for name in (
        "owner", "author_id", "body", "body_html", "version", "updated_at", "was_approved",
    )
)  # fmt: skip


def closed_error(item: Item | None) -> NotFound | Forbidden | None:
    """Return why nobody can comment on a post, from its stats; None if everyone can."""
    stats = None if item is None else Stats.model_validate(item)
    if stats is None or not stats.is_public:
        return NotFound("There is no such post.")
    return Forbidden("Comments on this post are closed.") if stats.comments == "closed" else None


def parent_error(item: Item | None) -> Unprocessable | None:
    """Return why a comment takes no replies; None if it takes them."""
    if item is None or is_tombstone(item):
        return Unprocessable([FieldError("parent_id", "Names no comment on this post")])
    if "parent_id" in item:
        return Unprocessable([FieldError("parent_id", "Is itself a reply: there is one level")])
    return None


def creation(comment: Comment, stats: Stats) -> Iterator[Action]:
    """Build the writes of a new comment. A pending comment is not counted yet."""
    yield _require_open(comment.post_id, stats, by=0 if comment.is_pending else 1)
    if comment.is_pending:
        yield _queued(comment, stats)
    else:
        yield increment(author_stats_key(comment.author_id), "comment_count")
    yield Action(comment.key, item=comment.item(), condition=IS_NEW)
    row = {"post_id": comment.post_id, "comment_id": comment.id}
    yield Action(own_comment_key(comment.owner, comment.id), item=row)
    if comment.parent_id is not None:
        yield Action(
            comment_key(comment.post_id, comment.parent_id),
            condition="attribute_exists(#body) AND attribute_not_exists(#parent_id)",
            values={"one": 1},
            update="ADD #reply_count :one",
            refused=parent_error,
        )


def _require_open(post_id: str, stats: Stats, *, by: int) -> Action:
    """Build the check that a post takes comments, which adds `by` to their number."""
    state = {"is_public": True, "comments": "open", "author_id": stats.author_id}
    return Action(
        stats_key(post_id),
        condition=_OPEN,
        values={**state, "by": by} if by else state,
        update="ADD #comment_count :by" if by else "",
        is_check=not by,
        refused=closed_error,
    )


def _queued(comment: Comment, stats: Stats) -> Action:
    """Build the row of a pending comment in the approval queue of the post's author."""
    row = {"post_id": comment.post_id, "author_id": comment.author_id}
    return Action(approval_queue_key(stats.author_id, comment.id), item=row)


def with_approval(
    comment: Comment, stats: Stats, items: Mapping[Key, Item | None]
) -> tuple[Comment, list[Action]]:
    """Return the comment, published or pending, and the writes that make this right.

    The author's own comments need no approval. For other comments there are three attempts.
    `items` has the keys of those that DynamoDB has refused.

    1. Published, if the author of the post lets everyone comment.
    2. Published, if the author has published a comment of this writer before.
    3. Pending.
    """
    if stats.owner == comment.owner:
        return comment, []
    profile, record = profile_key(stats.author_id), known_key(comment.owner, stats.author_id)
    if record in items:
        return comment.model_copy(update={"is_pending": True}), []
    if profile in items:
        return comment, [Action(record, condition=IS_THERE, is_check=True)]
    off = "attribute_not_exists(#approves_first_comments) OR #approves_first_comments = :off"
    return comment, [
        Action(profile, condition=off, values={"off": False}, is_check=True),
        *known(comment.owner, stats.author_id, to_rfc3339(comment.created_at)),
    ]


def known(sub: str, author_id: str, since: str) -> list[Action]:
    """Build the writes that say that an author has published a comment of this user."""
    keys = known_key(sub, author_id), known_by_key(author_id, sub)
    return [Action(key, item={"since": since}) for key in keys]


def unknown(sub: str, author_id: str) -> list[Action]:
    """Build the removal of both records that `known` writes."""
    return [Action(known_key(sub, author_id)), Action(known_by_key(author_id, sub))]


def moved_known(before: tuple[str, str], after: tuple[str, str], since: str) -> list[Action]:
    """Build the writes that move the records of a user and an author, each a `sub` and an id.

    Refused without an error if an erasure has removed the records meanwhile.
    """
    _, under_author = unknown(*before)
    return [Action(known_key(*before), condition=IS_THERE), under_author, *known(*after, since)]


def own_row_alone(sub: str, post_id: str, comment_id: str) -> list[Action]:
    """Build the removal of a writer's row whose comment does not exist.

    Refused if it does, because two reads at once may miss a comment that is approved between them.
    """
    unless = "attribute_not_exists(#body)"
    return [
        Action(own_comment_key(sub, comment_id)),
        Action(comment_key(post_id, comment_id), condition=unless, is_check=True),
        Action(pending_comment_key(post_id, comment_id), condition=unless, is_check=True),
    ]


def edit(before: Comment, after: Comment, stats: Stats) -> Iterator[Action]:
    """Build the writes of an edit. A comment that needed approval needs it again.

    Refused if comments on the post are closed now.
    """
    is_pending_again = after.is_pending and not before.is_pending
    yield _require_open(before.post_id, stats, by=-1 if is_pending_again else 0)
    if is_pending_again:
        yield from _withdrawal(before, after, stats)
    else:
        yield _edited(before, after)


def _withdrawal(before: Comment, after: Comment, stats: Stats) -> Iterator[Action]:
    """Move a public comment to the approval queue. With replies, it leaves a tombstone."""
    seen = {"owner": before.owner, "reply_count": before.reply_count, "version": before.version}
    update = _TO_TOMBSTONE if before.reply_count else ""
    yield Action(before.key, condition=_UNCHANGED, values=seen, update=update)
    pending = after.model_copy(update={"reply_count": 0})
    yield Action(pending.key, item=pending.item(), condition=IS_NEW)
    yield decrement(author_stats_key(before.author_id), "comment_count")
    yield _queued(pending, stats)


def _edited(before: Comment, after: Comment) -> Action:
    """Build the write of an edit in place: only what it changes, as the item counts replies too."""
    changes = {
        "body": after.body,
        "body_html": after.body_html,
        "version": after.version,
        "updated_at": to_rfc3339(after.updated_at),
    }
    return Action(
        before.key,
        condition="#owner = :owner AND #version = :seen",
        values={**changes, "owner": before.owner, "seen": before.version},
        update="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
    )


def approval(comment: Comment, author_id: str) -> Iterator[Action]:
    """Build the writes that publish a pending comment, whose writer then is known to the author.

    Refused with Conflict if the post is not public.
    """
    published = comment.model_copy(update={"is_pending": False, "was_approved": True})
    item = published.item()
    del item["reply_count"]  # of a tombstone, which an edit may have left
    members = ", ".join(f"#{name} = :{name}" for name in item)
    seen = {"version": comment.version, "owner": comment.owner}
    yield Action(comment.key, condition="#version = :version AND #owner = :owner", values=seen)
    yield Action(
        published.key,
        values={**item, "none": 0},
        update=f"SET {members}, #reply_count = if_not_exists(#reply_count, :none)",
    )
    yield increment_if_public(comment.post_id, "comment_count", _not_public)
    yield increment(author_stats_key(comment.author_id), "comment_count")
    yield Action(approval_queue_key(author_id, comment.id), condition=IS_THERE)
    yield from known(comment.owner, author_id, to_rfc3339(now()))


def _not_public(_: Item | None) -> Conflict:
    return Conflict("The post is not public: publish it first.")


def removal(comment: Comment, author_id: str) -> Iterator[Action]:
    """Build the writes that remove a comment. `author_id` is the post author's.

    A comment with replies leaves a tombstone, so the condition compares their number.
    """
    seen = {"owner": comment.owner, "reply_count": comment.reply_count, "version": comment.version}
    update = _TO_TOMBSTONE if comment.reply_count else ""
    yield Action(comment.key, condition=_UNCHANGED, values=seen, update=update)
    yield Action(own_comment_key(comment.owner, comment.id))
    if comment.is_pending:
        yield Action(approval_queue_key(author_id, comment.id), condition=IS_THERE)
    else:
        yield decrement(stats_key(comment.post_id), "comment_count")
        yield decrement(author_stats_key(comment.author_id), "comment_count")
    if comment.parent_id is not None:
        parent = comment_key(comment.post_id, comment.parent_id)
        yield decrement(parent, "reply_count")
        pk, sk = parent
        job = {"comments": pk, "comment": sk, "stamp": str(uuid.uuid4())}
        yield Action(tombstone_job_key(parent), item=job)
