"""Comments: written under a post that everyone may read, by anybody who is not banned."""

import uuid
from collections.abc import Iterator
from datetime import datetime

from blog.comment import Comment, is_tombstone
from blog.content import rendered_comment
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
from blog.gate import check_gate, is_gate, open_gate
from blog.idempotency import Idempotency
from blog.identifiers import new_id
from blog.keys import (
    Key,
    author_stats_key,
    ban_key,
    comment_key,
    known_key,
    own_comment_key,
    pending_comment_key,
    profile_key,
    stats_key,
    tombstone_job_key,
    waiting_comment_key,
)
from blog.models import CommentChanges, CommentDetail, NewComment
from blog.moments import now, written
from blog.people import Author, Person
from blog.post import Stats
from blog.rates import Rate
from blog.retries import WRITE_TRIES, pauses
from blog.table import Action, ConditionRefused, Item, Table

PER_HOUR = 60
_IS_THERE = "attribute_exists(pk)"
_OPEN = "#is_public = :is_public AND #comments = :comments"


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
        check_gate(items.get(gate))
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
        rate = Rate.of(writer.sub, "COMMENT", self._per_hour, moment)
        once = [] if idempotency is None else [idempotency.action(comment.id, moment)]
        approval = [] if stats.owner == writer.sub else _approval_off(comment, stats)
        for _ in pauses(WRITE_TRIES):
            written = [open_gate(writer.author_id), *_creation(comment, stats), *approval]
            try:
                self._table.write([*once, *written, rate.counted()])
            except ConditionRefused as e:
                if idempotency is not None and e.key == idempotency.key and e.item is not None:
                    return self._made_before(post_id, idempotency.made_id(e.item), author)
                if e.key == rate.key:
                    raise rate.exceeded(moment) from e
                if e.key == profile_key(stats.author_id):
                    approval = [_known(comment, stats)]
                elif e.key == known_key(writer.sub, stats.author_id):
                    comment, approval = comment.model_copy(update={"is_pending": True}), []
                else:
                    _explain(e, comment)
            else:
                return comment.shown(author)
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
        for _ in pauses(WRITE_TRIES):
            comment = _found(post_id, comment_id, items)
            stats = _visible(items.get(stats_key(post_id)))
            if comment.owner != writer.sub:
                # One that waits is seen by its writer and the post's author alone.
                if comment.is_pending and stats.owner != writer.sub:
                    raise NotFound("There is no such comment.")
                raise Forbidden("This comment is somebody else's.")
            check_gate(items.get(gate))
            _check_version(comment, if_match)
            update = {**given, "version": comment.version + 1, "updated_at": now()}
            after = comment.model_copy(update=update)
            try:
                self._table.write(
                    [open_gate(writer.author_id), _is_public(post_id), _edited(comment, after)]
                )
            except ConditionRefused as e:
                items = {key: item for key, item in items.items() if key != e.key}
                if e.key == comment.key and e.item is None:  # gone, or approved meanwhile
                    items |= self._read(post_id, comment_id)
                elif e.item is not None:
                    items[e.key] = e.item
            else:
                return after.shown(Author.of(writer.author_id, items.get(profile)))
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
        for _ in pauses(WRITE_TRIES):
            comment = _found(post_id, comment_id, items)
            # Where the post is gone, a job is at its comments.
            stats = Stats.model_validate(_there(items.get(stats_key(post_id))))
            gates = []
            if comment.owner != person.sub:
                if stats.owner != person.sub and not is_moderator:
                    if comment.is_pending or not stats.is_public:
                        raise NotFound("There is no such comment.")
                    raise Forbidden("This comment is somebody else's.")
                check_gate(items.get(gate))
                gates = [open_gate(person.author_id)]
            _check_version(comment, if_match)
            try:
                return self._table.write([*gates, *removal(comment, stats.author_id)])
            except ConditionRefused as e:
                if is_gate(e.key):
                    check_gate(e.item)
                items = self._read(post_id, comment_id, gate)
        raise WriteContended

    def approve(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Publish a comment that waits under a post of one's own; its writer need not wait again.

        Approving what is published already does nothing. Raises NotFound, Forbidden, Conflict
        where everything under the post is closed to readers, and WriteContended.
        """
        gate = ban_key(author.author_id)
        for _ in pauses(WRITE_TRIES):
            items = self._read(post_id, comment_id, gate)
            comment = _of_ones_own_post(post_id, comment_id, items, author)
            check_gate(items.get(gate))
            if not comment.is_pending:
                return None
            try:
                return self._table.write(
                    [open_gate(author.author_id), *_approval(comment, author.author_id)]
                )
            except ConditionRefused as e:
                if is_gate(e.key):
                    check_gate(e.item)
                if e.key == stats_key(post_id):
                    raise Conflict("The post is not public: publish it first.") from e
        raise WriteContended

    def decline(self, post_id: str, comment_id: str, *, author: Person) -> None:
        """Remove a comment that waits under a post of one's own; NotFound for others."""
        gate = ban_key(author.author_id)
        for _ in pauses(WRITE_TRIES):
            items = self._read(post_id, comment_id, gate)
            comment = _of_ones_own_post(post_id, comment_id, items, author)
            check_gate(items.get(gate))
            if not comment.is_pending:
                raise NotFound("This comment does not wait for approval.")
            try:
                return self._table.write(
                    [open_gate(author.author_id), *removal(comment, author.author_id)]
                )
            except ConditionRefused as e:
                if is_gate(e.key):
                    check_gate(e.item)
        raise WriteContended

    def _read(self, post_id: str, comment_id: str, *more: Key) -> dict[Key, Item]:
        places = [comment_key(post_id, comment_id), pending_comment_key(post_id, comment_id)]
        return self._table.get_all([stats_key(post_id), *places, *more])

    def _made_before(self, post_id: str, comment_id: str, author: Author) -> CommentDetail:
        items = self._read(post_id, comment_id)
        try:
            return _found(post_id, comment_id, items).shown(author)
        except NotFound as e:
            text = "The comment that was made with this Idempotency-Key has been deleted."
            raise Conflict(text) from e


def _creation(comment: Comment, stats: Stats) -> Iterator[Action]:
    """A comment with all that hangs on it; what waits is not counted yet."""
    state = {"is_public": True, "comments": "open"}
    if comment.is_pending:
        yield Action(stats_key(comment.post_id), condition=_OPEN, values=state, is_check=True)
        waiting = {"post_id": comment.post_id, "author_id": comment.author_id}
        yield Action(waiting_comment_key(stats.author_id, comment.id), waiting)
    else:
        yield Action(
            stats_key(comment.post_id),
            condition=_OPEN,
            values={**state, "one": 1},
            update="ADD #comment_count :one",
        )
        yield _moved(author_stats_key(comment.author_id), "comment_count", 1)
    yield Action(comment.key, comment.item(), "attribute_not_exists(pk)")
    row = {"post_id": comment.post_id, "comment_id": comment.id}
    yield Action(own_comment_key(comment.owner, comment.id), row)
    if comment.parent_id is not None:
        yield Action(
            comment_key(comment.post_id, comment.parent_id),
            condition="attribute_exists(#body) AND attribute_not_exists(#parent_id)",
            values={"one": 1},
            update="ADD #reply_count :one",
        )


def _approval_off(comment: Comment, stats: Stats) -> list[Action]:
    """That the author of the post lets everyone comment, who then is known to them."""
    off = "attribute_not_exists(#approves_first_comments) OR #approves_first_comments = :off"
    profile = profile_key(stats.author_id)
    known = known_key(comment.owner, stats.author_id)
    return [
        Action(profile, condition=off, values={"off": False}, is_check=True),
        Action(known, {"since": written(comment.created_at)}),
    ]


def _known(comment: Comment, stats: Stats) -> Action:
    return Action(known_key(comment.owner, stats.author_id), condition=_IS_THERE, is_check=True)


def _edited(before: Comment, after: Comment) -> Action:
    """Only what an edit changes: replies are counted in the same item."""
    changed = {
        "body": after.body,
        "body_html": after.body_html,
        "version": after.version,
        "updated_at": written(after.updated_at),
    }
    return Action(
        before.key,
        condition="#owner = :owner AND #version = :seen",
        values={**changed, "owner": before.owner, "seen": before.version},
        update="SET " + ", ".join(f"#{name} = :{name}" for name in changed),
    )


def _approval(comment: Comment, author_id: str) -> Iterator[Action]:
    published = comment.model_copy(update={"is_pending": False})
    seen = {"version": comment.version}
    yield Action(comment.key, condition="#version = :version", values=seen)
    yield Action(published.key, published.item())
    yield Action(
        stats_key(comment.post_id),
        condition="#is_public = :is_public",
        values={"is_public": True, "one": 1},
        update="ADD #comment_count :one",
    )
    yield _moved(author_stats_key(comment.author_id), "comment_count", 1)
    yield Action(waiting_comment_key(author_id, comment.id))
    yield Action(known_key(comment.owner, author_id), {"since": written(now())})


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
        yield Action(waiting_comment_key(author_id, comment.id))
    else:
        yield _moved(stats_key(comment.post_id), "comment_count", -1)
        yield _moved(author_stats_key(comment.author_id), "comment_count", -1)
    if comment.parent_id is not None:
        parent = comment_key(comment.post_id, comment.parent_id)
        yield _moved(parent, "reply_count", -1)
        pk, sk = parent
        job = {"comments": pk, "comment": sk, "stamp": str(uuid.uuid4())}
        yield Action(tombstone_job_key(parent), job)


def _moved(key: Key, counter: str, by: int) -> Action:
    """A counter goes up, or down where it is."""
    condition = "" if by > 0 else _IS_THERE
    return Action(key, condition=condition, values={"by": by}, update=f"ADD #{counter} :by")


def _is_public(post_id: str) -> Action:
    return Action(
        stats_key(post_id),
        condition="#is_public = :is_public",
        values={"is_public": True},
        is_check=True,
    )


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


def _explain(refused: ConditionRefused, comment: Comment) -> None:
    """Why a comment is refused that passed when its post, its parent and its writer were read."""
    if is_gate(refused.key):
        check_gate(refused.item)
    elif refused.key == stats_key(comment.post_id):
        _open_for_comments(refused.item)
    else:
        _check_parent(refused.item)


def _found(post_id: str, comment_id: str, items: dict[Key, Item]) -> Comment:
    for place in (comment_key, pending_comment_key):
        item = items.get(place(post_id, comment_id))
        if item is not None and "body" in item:
            return Comment.of(item)
    raise NotFound("There is no such comment.")


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
