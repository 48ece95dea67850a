"""Comments: written under a post that everyone may read, by anybody who is not banned."""

from collections.abc import Callable, Iterable
from datetime import datetime

from blog.clock import now
from blog.comments.model import Comment, comment_in, is_tombstone, places_of
from blog.comments.schemas import CommentChanges, CommentDetail, NewComment
from blog.comments.transactions import approval, approval_off, creation, edited, is_known, removal
from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.counters import require_public
from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.keys import Key, ban_key, comment_key, known_key, profile_key, stats_key
from blog.dynamodb.rate_limits import RateLimit
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    PreconditionFailed,
    Unprocessable,
    WriteContended,
)
from blog.identifiers import new_id
from blog.people.person import Author, Person
from blog.people.write_access import is_gate, raise_if_blocked, require_can_write
from blog.posts.model import Stats
from blog.posts.rendering import rendered_comment

PER_HOUR = 60


class Comments:
    """The comments of one table, for those who write them."""

    def __init__(self, table: Table, per_hour: int = PER_HOUR) -> None:
        self._table = table
        self._per_hour = per_hour

    def create(
        self,
        post_id: str,
        new: NewComment,
        *,
        writer: Person,
        idempotency: Idempotency | None = None,
        moment: datetime | None = None,
    ) -> CommentDetail:
        """Store a comment, or give the one that was made with the same key before.

        One read and one write; where the post's author approves first comments, one write more for
        whom they know, and two for whom they do not, whose comment then waits. Raises NotFound for
        what is not public, Forbidden where comments are closed, TooManyRequests, Unprocessable
        for a parent that takes no replies, and WriteContended.
        """
        moment = moment or now()
        html = rendered_comment(new.body)
        parent = None if new.parent_id is None else comment_key(post_id, new.parent_id)
        gate, profile = ban_key(writer.author_id), profile_key(writer.author_id)
        more = [parent] if parent is not None else []
        more += [idempotency.key] if idempotency is not None else []
        items = self._table.get_all([stats_key(post_id), gate, profile, *more])
        author = Author.of(writer.author_id, items.get(profile))
        if idempotency is not None:
            kept = items.get(idempotency.key)
            if kept is not None and idempotency.still_holds(kept, moment):
                return self._made_before(post_id, idempotency.made_id(kept), author)
        stats = _open_for_comments(items.get(stats_key(post_id)))
        raise_if_blocked(items.get(gate))
        if parent is not None:
            _check_parent(items.get(parent))
        comment = Comment(
            id=new_id(moment),
            post_id=post_id,
            parent_id=new.parent_id,
            owner=writer.sub,
            author_id=writer.author_id,
            body=new.body,
            body_html=html,
            created_at=moment,
            updated_at=moment,
        )
        rate = RateLimit.of(writer.sub, "COMMENT", self._per_hour, moment)
        once = [] if idempotency is None else [idempotency.action(comment.id, moment)]
        gates = approval_off(comment, stats)
        for _ in backoff(WRITE_TRIES):
            actions = [require_can_write(writer.author_id), *creation(comment, stats), *gates]
            try:
                self._table.write([*once, *actions, rate.increment()])
            except ConditionRefused as e:
                if idempotency is not None and e.key == idempotency.key and e.item is not None:
                    return self._made_before(post_id, idempotency.made_id(e.item), author)
                if e.key == rate.key:
                    raise rate.error(moment) from e
                if e.key == profile_key(stats.author_id):
                    gates = [is_known(comment, stats)]
                elif e.key == known_key(writer.sub, stats.author_id):
                    comment, gates = comment.model_copy(update={"is_pending": True}), []
                elif e.key == stats_key(post_id):
                    stats = _open_for_comments(e.item)  # which is another author's now
                    comment = comment.model_copy(update={"is_pending": False})
                    gates = approval_off(comment, stats)
                else:
                    _explain(e)
            else:
                return comment.as_response(author)
        raise WriteContended

    def edit(
        self,
        post_id: str,
        comment_id: str,
        changes: CommentChanges,
        *,
        writer: Person,
        if_match: IfMatch | None,
    ) -> CommentDetail:
        """Store the next version of one's own comment. An empty patch makes one too.

        Raises NotFound, Forbidden, PreconditionFailed, Unprocessable and WriteContended.
        """
        given = {}
        if "body" in changes.model_fields_set:
            given = {"body": changes.body, "body_html": rendered_comment(changes.body)}
        gate, profile = ban_key(writer.author_id), profile_key(writer.author_id)
        items = self._read(post_id, comment_id, gate, profile)
        for _ in backoff(WRITE_TRIES):
            comment = _found(post_id, comment_id, items)
            stats = _visible(items.get(stats_key(post_id)))
            if comment.owner != writer.sub:
                # One that waits is seen by its writer and the post's author alone.
                if comment.is_pending and stats.owner != writer.sub:
                    raise NotFound("There is no such comment.")
                raise Forbidden("This comment is somebody else's.")
            raise_if_blocked(items.get(gate))
            _check_version(comment, if_match)
            update = {**given, "version": comment.version + 1, "updated_at": now()}
            after = comment.model_copy(update=update)
            try:
                self._table.write(
                    [
                        require_can_write(writer.author_id),
                        require_public(post_id),
                        edited(comment, after),
                    ]
                )
            except ConditionRefused as e:
                items = {key: item for key, item in items.items() if key != e.key}
                if e.key == comment.key and e.item is None:  # gone, or approved meanwhile
                    items |= self._read(post_id, comment_id)
                elif e.item is not None:
                    items[e.key] = e.item
            else:
                return after.as_response(Author.of(writer.author_id, items.get(profile)))
        raise WriteContended

    def delete(
        self,
        post_id: str,
        comment_id: str,
        *,
        person: Person,
        is_moderator: bool = False,
        if_match: IfMatch | None = None,
    ) -> None:
        """Remove a comment: one's own, one under a post of one's own, or any as a moderator.

        What has replies leaves a tombstone. Raises NotFound, Forbidden, PreconditionFailed and
        WriteContended.
        """
        gate = ban_key(person.author_id)
        items = self._read(post_id, comment_id, gate)
        for _ in backoff(WRITE_TRIES):
            comment = _found(post_id, comment_id, items)
            # Where the post is gone, a job is at its comments.
            stats = Stats.model_validate(_there(items.get(stats_key(post_id))))
            gates = []
            if comment.owner != person.sub:
                if stats.owner != person.sub and not is_moderator:
                    if comment.is_pending or not stats.is_public:
                        raise NotFound("There is no such comment.")
                    raise Forbidden("This comment is somebody else's.")
                raise_if_blocked(items.get(gate))
                gates = [require_can_write(person.author_id)]
            _check_version(comment, if_match)
            try:
                return self._table.write([*gates, *removal(comment, stats.author_id)])
            except ConditionRefused as e:
                if is_gate(e.key):
                    raise_if_blocked(e.item)
                items = self._read(post_id, comment_id, gate)
        raise WriteContended

    def approve(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Publish a comment that waits under a post of one's own; its writer need not wait again.

        Approving what is published already does nothing. Raises NotFound, Forbidden, Conflict
        where the post itself is not public, and WriteContended.
        """
        self._decide(post_id, comment_id, author, approval)

    def decline(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Remove a comment that waits under a post of one's own; NotFound for others."""
        if not self._decide(post_id, comment_id, author, removal):
            raise NotFound("This comment does not wait for approval.")

    def _decide(
        self,
        post_id: str,
        comment_id: str,
        author: Person,
        decision: Callable[[Comment, str], Iterable[Action]],
    ) -> bool:
        """Do that with a comment, if it waits; whether it did."""
        gate = ban_key(author.author_id)
        for _ in backoff(WRITE_TRIES):
            items = self._read(post_id, comment_id, gate)
            comment = _of_ones_own_post(post_id, comment_id, items, author)
            raise_if_blocked(items.get(gate))
            if not comment.is_pending:
                return False
            actions = decision(comment, author.author_id)
            try:
                self._table.write([require_can_write(author.author_id), *actions])
            except ConditionRefused as e:
                if is_gate(e.key):
                    raise_if_blocked(e.item)
                if e.key == stats_key(post_id):
                    raise Conflict("The post is not public: publish it first.") from e
            else:
                return True
        raise WriteContended

    def _read(self, post_id: str, comment_id: str, *more: Key) -> dict[Key, Item]:
        places = places_of(post_id, comment_id)
        return self._table.get_all([stats_key(post_id), *places, *more])

    def _made_before(self, post_id: str, comment_id: str, author: Author) -> CommentDetail:
        items = self._read(post_id, comment_id)
        try:
            return _found(post_id, comment_id, items).as_response(author)
        except NotFound as e:
            text = "The comment that was made with this Idempotency-Key has been deleted."
            raise Conflict(text) from e


def _there(item: Item | None) -> Item:
    if item is None:
        raise NotFound("There is no such post.")
    return item


def _visible(item: Item | None) -> Stats:
    stats = Stats.model_validate(_there(item))
    if not stats.is_public:
        raise NotFound("There is no such post.")
    return stats


def _open_for_comments(item: Item | None) -> Stats:
    stats = _visible(item)
    if stats.comments == "closed":
        raise Forbidden("Comments on this post are closed.")
    return stats


def _check_parent(item: Item | None) -> None:
    if item is None or is_tombstone(item):
        raise Unprocessable([FieldError("parent_id", "Names no comment on this post")])
    if "parent_id" in item:
        raise Unprocessable([FieldError("parent_id", "Is itself a reply: there is one level")])


def _explain(refused: ConditionRefused) -> None:
    """Why a comment is refused that passed when its parent and its writer were read."""
    if is_gate(refused.key):
        raise_if_blocked(refused.item)
    else:
        _check_parent(refused.item)


def _found(post_id: str, comment_id: str, items: dict[Key, Item]) -> Comment:
    comment = comment_in(items, post_id, comment_id)
    if comment is None:
        raise NotFound("There is no such comment.")
    return comment


def _of_ones_own_post(
    post_id: str, comment_id: str, items: dict[Key, Item], author: Person
) -> Comment:
    """A comment under a post of this author's; the reason why not, for all others."""
    stats = Stats.model_validate(_there(items.get(stats_key(post_id))))
    if stats.owner != author.sub and not stats.is_public:
        raise NotFound("There is no such post.")
    comment = _found(post_id, comment_id, items)
    if stats.owner != author.sub:
        if comment.is_pending and comment.owner != author.sub:
            raise NotFound("There is no such comment.")
        raise Forbidden("Only the post's author approves comments on it.")
    return comment


def _check_version(comment: Comment, if_match: IfMatch | None) -> None:
    if if_match is not None and not if_match.holds(comment.version):
        raise PreconditionFailed(comment.version)
