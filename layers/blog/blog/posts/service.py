"""Writing posts: what only their owner can do."""

from datetime import datetime

from blog.clock import now
from blog.dynamodb.actions import ConditionRefused, Item
from blog.dynamodb.idempotency import Idempotency
from blog.dynamodb.keys import (
    Key,
    ban_key,
    media_key,
    post_key,
    profile_key,
    revision_text_key,
    slug_key,
    stats_key,
)
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import Table
from blog.entity_tags import IfMatch
from blog.errors import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    PreconditionFailed,
    SlugTaken,
    Unprocessable,
    WriteContended,
)
from blog.identifiers import media_id_of
from blog.people.person import Person
from blog.people.write_access import is_gate, raise_if_blocked, require_can_write
from blog.posts.editing import Edit, created, with_another_slug
from blog.posts.listing_entries import reserved_slugs
from blog.posts.model import Post
from blog.posts.schemas import NewPost, PostChanges
from blog.posts.slugs import derived_slug
from blog.posts.transactions import change, creation
from blog.posts.view import PostView, owned_post, revision_of


class Posts:
    """The posts of one table, for those who write them.

    Each operation reads once and writes once, and once more for each race that it loses.
    """

    def __init__(self, table: Table, feed_shards: int = 1) -> None:
        self._table = table
        self._feed_shards = feed_shards

    def create(
        self,
        new: NewPost,
        *,
        owner: Person,
        idempotency: Idempotency | None = None,
        moment: datetime | None = None,
    ) -> PostView:
        """Store a new post, or give the one that was made with the same key before.

        Raises SlugTaken for a slug that was asked for and is not free, WriteContended, and
        Unprocessable for a key that was used with another body, or a cover that is no picture of
        this person's.
        """
        moment = moment or now()
        wanted = slug_key(new.slug or derived_slug(new.title))
        once = [] if idempotency is None else [idempotency.key]
        gate = ban_key(owner.author_id)
        items = self._table.get_all([wanted, profile_key(owner.author_id), gate, *once])
        if idempotency is not None:  # first: what was valid then need not be valid now
            kept = items.get(idempotency.key)
            if kept is not None and idempotency.still_holds(kept, moment):
                return self._made_before(idempotency.made_id(kept), items)
        raise_if_blocked(items.get(gate))
        post = created(new, owner=owner, feed_shards=self._feed_shards, now=moment)
        if wanted in items:
            post = _with_a_free_slug(post)
        for _ in backoff(WRITE_TRIES):
            try:
                self._table.write(
                    [require_can_write(owner.author_id), *creation(post, idempotency)]
                )
            except ConditionRefused as e:
                if is_gate(e.key):
                    raise_if_blocked(e.item)
                if idempotency is not None and e.key == idempotency.key and e.item is not None:
                    return self._made_before(idempotency.made_id(e.item), items)
                _check_cover(e.key, post)
                post = _with_a_free_slug(post)
            else:
                return PostView.of(post, items)
        raise WriteContended

    def edit(
        self, post_id: str, changes: PostChanges, *, owner: Person, if_match: IfMatch | None
    ) -> PostView:
        """Store the next version of one's own post.

        Raises NotFound, Forbidden, PreconditionFailed, SlugTaken, Unprocessable, and
        WriteContended. A race that is lost is run again from what the refusal brought back, if the
        precondition still holds.
        """
        edit = Edit(changes.provided(), now())  # first: 422 comes before 404 and 403
        slugs = [] if edit.wanted_slug is None else [slug_key(edit.wanted_slug)]
        items = self._read(post_id, owner, *slugs)
        return self._write(post_id, edit, owner, if_match, items)

    def restore(
        self, post_id: str, version: int, *, owner: Person, if_match: IfMatch | None
    ) -> PostView:
        """Give one's own post the text of a revision: an edit like any other, and raises as one.

        NotFound also for a revision that is not there, and for every post of somebody else.
        """
        text_key = revision_text_key(post_id, version)
        items = self._read(post_id, owner, text_key)
        owned_post(items.get(post_key(post_id)), owner.sub)
        revision = revision_of(items.get(text_key))
        edit = Edit({"title": revision.title, "body": revision.body}, now())
        return self._write(post_id, edit, owner, if_match, items)

    def delete(self, post_id: str, *, sub: str, if_match: IfMatch | None) -> None:
        """Remove one's own post, from this moment on for everyone. Raises as `edit` does.

        What does not fit the transaction is left to a job that is part of it.
        """
        post = _post(self._table.get(post_key(post_id)))
        for _ in backoff(WRITE_TRIES):
            before = _changeable(post, sub, if_match)
            try:  # no gate: who is banned may delete what is theirs
                self._table.write(change(before, None, sub))
            except ConditionRefused as e:
                post = _post(e.item)
            else:
                return
        raise WriteContended

    def _write(
        self,
        post_id: str,
        edit: Edit,
        owner: Person,
        if_match: IfMatch | None,
        items: dict[Key, Item],
    ) -> PostView:
        post = _post(items.get(post_key(post_id)))
        slug_is_taken = edit.wanted_slug is not None and _is_anothers(
            items.get(slug_key(edit.wanted_slug)), post_id
        )
        for _ in backoff(WRITE_TRIES):
            # The condition on the write decides; that it is also checked before spares a
            # transaction that is bound to fail, which could disturb the owner's own.
            before = _changeable(post, owner.sub, if_match, items.get(ban_key(owner.author_id)))
            after = edit.applied_to(before, now())
            if slug_is_taken and after.slug not in reserved_slugs(before):
                after = _with_a_free_slug(after)
            try:
                gate = require_can_write(owner.author_id)
                self._table.write([gate, *change(before, after, owner.sub)])
            except ConditionRefused as e:
                if is_gate(e.key):
                    raise_if_blocked(e.item)
                elif e.key == post_key(post_id):
                    post = _post(e.item)
                else:
                    _check_cover(e.key, after)
                    slug_is_taken = True
            else:
                return PostView.of(after, items)
        raise WriteContended

    def _read(self, post_id: str, owner: Person, *more: Key) -> dict[Key, Item]:
        """A post and whatever an answer about it needs, in one round trip."""
        about_owner = [profile_key(owner.author_id), ban_key(owner.author_id)]
        return self._table.get_all([post_key(post_id), stats_key(post_id), *about_owner, *more])

    def _made_before(self, post_id: str, items: dict[Key, Item]) -> PostView:
        """What was made with an idempotency key, as it is now; their profile has been read."""
        items = items | self._table.get_all([post_key(post_id), stats_key(post_id)])
        post = _post(items.get(post_key(post_id)))
        if post is None:
            raise Conflict("The post that was made with this Idempotency-Key has been deleted.")
        return PostView.of(post, items)


def _post(item: Item | None) -> Post | None:
    return None if item is None else Post.of(item)


def _changeable(
    post: Post | None, sub: str, if_match: IfMatch | None, gate: Item | None = None
) -> Post:
    """The post, if this person may change it in this version; else the reason why not."""
    if post is None or (post.owner != sub and not post.is_public):
        raise NotFound("There is no such post.")
    if post.owner != sub:
        raise Forbidden("This post is somebody else's.")
    raise_if_blocked(gate)
    if if_match is not None and not if_match.holds(post.version):
        raise PreconditionFailed(post.version)
    return post


def _check_cover(refused: Key, post: Post) -> None:
    """Raise Unprocessable if it was the picture on a post that was refused."""
    media_id = media_id_of(post.cover_image)
    if media_id is not None and refused == media_key(media_id):
        text = "Names no picture of yours that was uploaded and looked at"
        raise Unprocessable([FieldError("cover_image", text)])


def _is_anothers(reservation: Item | None, post_id: str) -> bool:
    return reservation is not None and reservation["post_id"] != post_id


def _with_a_free_slug(post: Post) -> Post:
    """The same with another slug, because the one that it has is taken; SlugTaken if it was asked
    for."""
    if not post.slug_is_derived:
        raise SlugTaken
    return with_another_slug(post)
