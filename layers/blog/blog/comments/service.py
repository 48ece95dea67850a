"""Writing comments: under a public post, by every user with write access."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from blog.clock import now
from blog.comments.model import Comment, comment_in, places_of
from blog.comments.schemas import CommentChanges, CommentDetail, NewComment
from blog.comments.transactions import (
    approval,
    closed_error,
    creation,
    edit,
    parent_error,
    removal,
    with_approval,
)
from blog.dynamodb.actions import Action, Item, Items
from blog.dynamodb.idempotency import CreatedBefore, Idempotency
from blog.dynamodb.keys import Key, ban_key, comment_key, profile_key, stats_key
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from blog.identifiers import new_id
from blog.people.person import Author, Person
from blog.people.rate_limits import RateLimits
from blog.people.write_access import raise_if_blocked, require_can_write
from blog.posts.model import Stats
from blog.posts.rendering import rendered_comment


class Comments:
    """The comments of one table, for those who write them."""

    def __init__(self, table: Table, limits: RateLimits | None = None) -> None:
        self._table = table
        self._limits = limits or RateLimits()

    def create(
        self,
        post_id: str,
        new: NewComment,
        *,
        writer: Person,
        idempotency: Idempotency | None = None,
        at: datetime | None = None,
    ) -> CommentDetail:
        """Store a comment, or return the comment that was created with the same key before.

        One read and one write. If the post's author approves first comments, one more write for a
        known writer, and two more for another, whose comment is then pending.

        Raises NotFound if the post is not public, Forbidden if comments are closed,
        TooManyRequests, Unprocessable for a parent that takes no replies, and WriteContended.
        """
        at = at or now()
        comment = _new_comment(post_id, new, writer, at)
        keys = [stats_key(post_id), ban_key(writer.author_id), profile_key(writer.author_id)]
        if comment.parent_id is not None:
            keys.append(comment_key(post_id, comment.parent_id))
        if idempotency is not None:
            keys.append(idempotency.key)
        items = self._table.get_all(keys)
        author = Author.of(writer.author_id, items.get(profile_key(writer.author_id)))
        try:
            if idempotency is not None:  # first: what was valid then may be invalid now
                idempotency.require_unused(items.get(idempotency.key), at)
            return self._store(comment, idempotency, items, at).as_response(author)
        except CreatedBefore as e:
            return self._created_before(post_id, e.created_id, author)

    def _store(
        self,
        new: Comment,
        idempotency: Idempotency | None,
        items: Mapping[Key, Item],
        at: datetime,
    ) -> Comment:
        """Write a new comment. Return it as stored: published or pending."""
        once = [] if idempotency is None else [idempotency.action(new.id, at)]
        ban = ban_key(new.author_id)

        def attempt(items: Items) -> Comment:
            stats = _open_for_comments(items.get(stats_key(new.post_id)))
            raise_if_blocked(items.get(ban))
            if new.parent_id is not None:
                _require_takes_replies(items.get(comment_key(new.post_id, new.parent_id)))
            comment, conditions = with_approval(new, stats, items)
            count = self._limits.count("comments", new.author_id, at, items.get(ban))
            self._table.write([*once, count, *creation(comment, stats), *conditions])
            return comment

        return retrying(attempt, items)

    def edit(
        self,
        post_id: str,
        comment_id: str,
        changes: CommentChanges,
        *,
        writer: Person,
        if_match: IfMatch | None,
    ) -> CommentDetail:
        """Store the next version of the writer's comment. An empty patch makes one too.

        A comment that needed approval needs it again. Raises NotFound, Forbidden, also if comments
        are closed, PreconditionFailed, Unprocessable, TooManyRequests and WriteContended.
        """
        changed = {}
        if "body" in changes.model_fields_set:
            changed = {"body": changes.body, "body_html": rendered_comment(changes.body)}
        ban, profile = ban_key(writer.author_id), profile_key(writer.author_id)

        def attempt(items: Items) -> CommentDetail:
            if not any(items.get(place) for place in places_of(post_id, comment_id)):
                # The first attempt; or the comment was removed or approved meanwhile.
                items |= self._read(post_id, comment_id, ban, profile)
            comment = _own_comment(post_id, comment_id, items, writer)
            stats = _open_for_comments(items.get(stats_key(post_id)))
            raise_if_blocked(items.get(ban))
            _check_version(comment, if_match)
            update = {
                **changed,
                "version": comment.version + 1,
                "updated_at": now(),
                "is_pending": comment.is_pending or comment.was_approved,
            }
            after = comment.model_copy(update=update)
            count = self._limits.count("comment_edits", writer.author_id, now(), items.get(ban))
            self._table.write([count, *edit(comment, after, stats)])
            return after.as_response(Author.of(writer.author_id, items.get(profile)))

        return retrying(attempt, {})

    def delete(
        self,
        post_id: str,
        comment_id: str,
        *,
        person: Person,
        is_moderator: bool = False,
        if_match: IfMatch | None = None,
    ) -> None:
        """Remove a comment: the user's own, one under their own post, or any as a moderator.

        A comment with replies leaves a tombstone. Raises NotFound, Forbidden, PreconditionFailed
        and WriteContended.
        """
        ban = ban_key(person.author_id)

        def attempt(_: Items) -> None:
            items = self._read(post_id, comment_id, ban)
            comment = _existing(post_id, comment_id, items)
            # If the post is gone, a job is removing its comments.
            stats = _stats(items.get(stats_key(post_id)))
            checks = []
            if comment.owner != person.sub:
                if stats.owner != person.sub and not is_moderator:
                    if comment.is_pending or not stats.is_public:
                        raise NotFound("There is no such comment.")
                    raise Forbidden("This comment is somebody else's.")
                raise_if_blocked(items.get(ban))
                checks = [require_can_write(person.author_id)]
            _check_version(comment, if_match)
            self._table.write([*checks, *removal(comment, stats.author_id)])

        retrying(attempt, {})

    def approve(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Publish a pending comment under the author's post. Its writer needs no approval again.

        Does nothing if the comment is already published. Raises NotFound, Forbidden, Conflict if
        the post itself is not public, and WriteContended.
        """
        self._decide(post_id, comment_id, author, approval)

    def decline(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Remove a pending comment under the author's post.

        Raises NotFound if it is not pending, and what `approve` raises.
        """
        if not self._decide(post_id, comment_id, author, removal):
            raise NotFound("This comment does not wait for approval.")

    def _decide(
        self,
        post_id: str,
        comment_id: str,
        author: Person,
        decision: Callable[[Comment, str], Iterable[Action]],
    ) -> bool:
        """Write the decision about a pending comment. Return False if it is not pending."""
        ban = ban_key(author.author_id)

        def attempt(_: Items) -> bool:
            items = self._read(post_id, comment_id, ban)
            comment = _on_own_post(post_id, comment_id, items, author)
            raise_if_blocked(items.get(ban))
            if not comment.is_pending:
                return False
            actions = decision(comment, author.author_id)
            self._table.write([require_can_write(author.author_id), *actions])
            return True

        return retrying(attempt, {})

    def _read(self, post_id: str, comment_id: str, *more: Key) -> dict[Key, Item]:
        places = places_of(post_id, comment_id)
        return self._table.get_all([stats_key(post_id), *places, *more])

    def _created_before(self, post_id: str, comment_id: str, author: Author) -> CommentDetail:
        items = self._read(post_id, comment_id)
        try:
            return _existing(post_id, comment_id, items).as_response(author)
        except NotFound as e:
            text = "The comment that was made with this Idempotency-Key has been deleted."
            raise Conflict(text) from e


def _new_comment(post_id: str, new: NewComment, writer: Person, at: datetime) -> Comment:
    return Comment(
        id=new_id(at),
        post_id=post_id,
        parent_id=new.parent_id,
        owner=writer.sub,
        author_id=writer.author_id,
        body=new.body,
        body_html=rendered_comment(new.body),
        created_at=at,
        updated_at=at,
    )


def _stats(item: Item | None) -> Stats:
    if item is None:
        raise NotFound("There is no such post.")
    return Stats.model_validate(item)


def _open_for_comments(item: Item | None) -> Stats:
    if error := closed_error(item):
        raise error
    return _stats(item)


def _require_takes_replies(item: Item | None) -> None:
    if error := parent_error(item):
        raise error


def _existing(post_id: str, comment_id: str, items: Mapping[Key, Item | None]) -> Comment:
    comment = comment_in(items, post_id, comment_id)
    if comment is None:
        raise NotFound("There is no such comment.")
    return comment


def _own_comment(
    post_id: str, comment_id: str, items: Mapping[Key, Item | None], writer: Person
) -> Comment:
    """Return the writer's comment on a public post, or raise why they may not edit it."""
    comment = _existing(post_id, comment_id, items)
    stats = _stats(items.get(stats_key(post_id)))
    if not stats.is_public:
        raise NotFound("There is no such post.")
    if comment.owner != writer.sub:
        # Only its writer and the post's author can see a pending comment.
        if comment.is_pending and stats.owner != writer.sub:
            raise NotFound("There is no such comment.")
        raise Forbidden("This comment is somebody else's.")
    return comment


def _on_own_post(
    post_id: str, comment_id: str, items: Mapping[Key, Item], author: Person
) -> Comment:
    """Return the comment under the author's post, or raise why they may not decide about it."""
    stats = _stats(items.get(stats_key(post_id)))
    if stats.owner != author.sub and not stats.is_public:
        raise NotFound("There is no such post.")
    comment = _existing(post_id, comment_id, items)
    if stats.owner != author.sub:
        if comment.is_pending and comment.owner != author.sub:
            raise NotFound("There is no such comment.")
        raise Forbidden("Only the post's author approves comments on it.")
    return comment


def _check_version(comment: Comment, if_match: IfMatch | None) -> None:
    if if_match is not None and not if_match.holds(comment.version):
        raise PreconditionFailed(comment.version)
