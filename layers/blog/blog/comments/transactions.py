"""What is written for a comment: one transaction that keeps all counts right. Pure functions."""

import uuid
from collections.abc import Iterator

from blog.clock import now, to_rfc3339
from blog.comments.model import Comment
from blog.dynamodb.actions import IS_NEW, IS_THERE, Action
from blog.dynamodb.counters import decrement, increment, increment_if_public
from blog.dynamodb.keys import (
    approval_queue_key,
    author_stats_key,
    comment_key,
    known_key,
    own_comment_key,
    pending_comment_key,
    profile_key,
    stats_key,
    tombstone_job_key,
)
from blog.posts.model import Stats

# Whose post it is, too: a waiting comment lies where its author looks.
_OPEN = "#is_public = :is_public AND #comments = :comments AND #author_id = :author_id"


def creation(comment: Comment, stats: Stats) -> Iterator[Action]:
    """A comment with all that hangs on it; what waits is not counted yet."""
    state = {"is_public": True, "comments": "open", "author_id": stats.author_id}
    if comment.is_pending:
        yield Action(stats_key(comment.post_id), condition=_OPEN, values=state, is_check=True)
        waiting = {"post_id": comment.post_id, "author_id": comment.author_id}
        yield Action(approval_queue_key(stats.author_id, comment.id), item=waiting)
    else:
        yield Action(
            stats_key(comment.post_id),
            condition=_OPEN,
            values={**state, "one": 1},
            update="ADD #comment_count :one",
        )
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
        )


def approval_off(comment: Comment, stats: Stats) -> list[Action]:
    """That the author of the post lets everyone comment, who then is known to them; nothing, where
    the comment is the author's own."""
    if stats.owner == comment.owner:
        return []
    off = "attribute_not_exists(#approves_first_comments) OR #approves_first_comments = :off"
    profile = profile_key(stats.author_id)
    known = known_key(comment.owner, stats.author_id)
    return [
        Action(profile, condition=off, values={"off": False}, is_check=True),
        Action(known, item={"since": to_rfc3339(comment.created_at)}),
    ]


def is_known(comment: Comment, stats: Stats) -> Action:
    """That the author of the post has had a comment of this writer's before."""
    return Action(known_key(comment.owner, stats.author_id), condition=IS_THERE, is_check=True)


def own_row_alone(sub: str, post_id: str, comment_id: str) -> list[Action]:
    """The end of a row of a comment that is not there; refused if it is, for two reads at once may
    miss one that was approved between them."""
    unless = "attribute_not_exists(#body)"
    return [
        Action(own_comment_key(sub, comment_id)),
        Action(comment_key(post_id, comment_id), condition=unless, is_check=True),
        Action(pending_comment_key(post_id, comment_id), condition=unless, is_check=True),
    ]


def edited(before: Comment, after: Comment) -> Action:
    """Only what an edit changes: replies are counted in the same item."""
    changed = {
        "body": after.body,
        "body_html": after.body_html,
        "version": after.version,
        "updated_at": to_rfc3339(after.updated_at),
    }
    return Action(
        before.key,
        condition="#owner = :owner AND #version = :seen",
        values={**changed, "owner": before.owner, "seen": before.version},
        update="SET " + ", ".join(f"#{name} = :{name}" for name in changed),
    )


def approval(comment: Comment, author_id: str) -> Iterator[Action]:
    """A comment that waited, published; its writer is known to this author from now on."""
    published = comment.model_copy(update={"is_pending": False})
    seen = {"version": comment.version, "owner": comment.owner}
    yield Action(comment.key, condition="#version = :version AND #owner = :owner", values=seen)
    yield Action(published.key, item=published.item())
    yield increment_if_public(comment.post_id, "comment_count")
    yield increment(author_stats_key(comment.author_id), "comment_count")
    yield Action(approval_queue_key(author_id, comment.id), condition=IS_THERE)
    yield Action(known_key(comment.owner, author_id), item={"since": to_rfc3339(now())})


def removal(comment: Comment, author_id: str) -> Iterator[Action]:
    """A comment's end, with all that hangs on it; `author_id` is that of the post's author.

    The condition is on its replies: with any, a tombstone stays.
    """
    seen = {"owner": comment.owner, "reply_count": comment.reply_count, "version": comment.version}
    condition = "#owner = :owner AND #reply_count = :reply_count AND #version = :version"
    if comment.reply_count:
        members = ("owner", "author_id", "body", "body_html", "version", "updated_at")
        update = "REMOVE " + ", ".join(f"#{name}" for name in members)
        yield Action(comment.key, condition=condition, values=seen, update=update)
    else:
        yield Action(comment.key, condition=condition, values=seen)
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
