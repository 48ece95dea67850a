"""Writing posts: what only their owner can do."""

from collections.abc import Mapping
from datetime import datetime

from blog.clock import now
from blog.dynamodb.actions import Item, Items
from blog.dynamodb.idempotency import CreatedBefore, Idempotency
from blog.dynamodb.keys import (
    Key,
    ban_key,
    media_key,
    owner_partition,
    post_key,
    profile_key,
    revision_text_key,
    slug_key,
    stats_key,
)
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Range, Table
from blog.entity_tags import IfMatch
from blog.errors import (
    Conflict,
    FieldError,
    Forbidden,
    NotFound,
    PreconditionFailed,
    SlugTaken,
    Unprocessable,
)
from blog.identifiers import images_of
from blog.people.person import Person
from blog.people.rate_limits import RateLimits
from blog.people.write_access import raise_if_blocked
from blog.posts.editing import Edit, created, require_room, with_another_slug
from blog.posts.empty_counters import write_and_count
from blog.posts.images import images_among, with_images
from blog.posts.listing_entries import reserved_slugs
from blog.posts.model import Post
from blog.posts.rendering import Content, rendered
from blog.posts.schemas import NewPost, PostChanges
from blog.posts.slugs import derived_slug
from blog.posts.stored_text import TextForm
from blog.posts.transactions import change, creation
from blog.posts.view import PostView, owned_post, revision_of

MAX_SCHEDULED = 1000  # posts of one author


class Posts:
    """The posts of one table, for those who write them.

    Each operation reads once and writes once. One that schedules a post also counts those that are
    scheduled. For each race that it loses, it writes once more.
    """

    def __init__(
        self,
        table: Table,
        feed_shards: int = 1,
        limits: RateLimits | None = None,
        text_form: TextForm = "compressed",
    ) -> None:
        self._table = table
        self._text_form = text_form
        self._limits = limits or RateLimits()
        self._feed_shards = feed_shards

    def create(
        self,
        new: NewPost,
        *,
        owner: Person,
        idempotency: Idempotency | None = None,
        at: datetime | None = None,
    ) -> PostView:
        """Store a new post, or return the post that was created with the same key before.

        Raises SlugTaken if the client asks for a slug that is not free, TooManyRequests, and
        WriteContended. Raises Unprocessable for a key that was used with another body, and for a
        cover that is not an image of the owner.
        """
        at = at or now()
        slug = slug_key(new.slug or derived_slug(new.title))
        ban = ban_key(owner.author_id)
        images = images_of(new.body)
        keys = [slug, profile_key(owner.author_id), ban, *map(media_key, images)]
        if idempotency is not None:
            keys.append(idempotency.key)
        items = self._table.get_all(keys)
        try:
            if idempotency is not None:  # first: what was valid then may be invalid now
                idempotency.require_unused(items.get(idempotency.key), at)
            raise_if_blocked(items.get(ban))
            self._limits.raise_if_over("posts", owner.author_id, at, items.get(ban))
            post = created(
                new,
                owner=owner,
                feed_shards=self._feed_shards,
                now=at,
                text_form=self._text_form,
                images=images_among(items, images),
            )
            require_room(post)
            if post.status == "scheduled":
                self._require_room_in_schedule(post.owner)

            def attempt(items: Items) -> PostView:
                with_free_slug = _with_free_slug(post) if items.get(slug) else post
                actions = creation(with_free_slug, idempotency)
                count = self._limits.count("posts", owner.author_id, at, items.get(ban))
                self._table.write([count, *actions])
                return PostView.of(with_free_slug, items)

            return retrying(attempt, items)
        except CreatedBefore as e:
            return self._created_before(e.created_id, items)

    def edit(
        self, post_id: str, changes: PostChanges, *, owner: Person, if_match: IfMatch | None
    ) -> PostView:
        """Store the next version of the owner's post.

        If it loses a race and the precondition still holds, it computes the version again from
        what the refusal brings back.

        Raises NotFound, Forbidden, PreconditionFailed, SlugTaken, Unprocessable, TooManyRequests
        and WriteContended.
        """
        self._limits.raise_if_over("post_edits", owner.author_id, now())  # before rendering
        # First, because 422 comes before 404 and 403.
        edit = Edit(changes.provided(), now(), self._text_form)
        slugs = [] if edit.wanted_slug is None else [slug_key(edit.wanted_slug)]
        items = self._read(post_id, owner, *slugs, *map(media_key, edit.images))
        edit.show(images_among(items, edit.images))
        return self._write(post_id, edit, owner, if_match, items)

    def restore(
        self, post_id: str, version: int, *, owner: Person, if_match: IfMatch | None
    ) -> PostView:
        """Give the owner's post the title and body of a revision. This is an edit like others.

        Raises what `edit` raises, and NotFound also for a missing revision and for every post of
        another user.
        """
        text_key = revision_text_key(post_id, version)
        items = self._read(post_id, owner, text_key)
        owned_post(items.get(post_key(post_id)), owner.sub)
        revision = revision_of(items.get(text_key))
        text = {"title": revision.title, "body": revision.body}
        edit = Edit(text, now(), self._text_form)
        if edit.images:
            media = self._table.get_all(map(media_key, edit.images))
            edit.show(images_among(media, edit.images))
        return self._write(post_id, edit, owner, if_match, items)

    def preview(self, body: str) -> Content:
        """Return a body as it would be published, without storing it. Raises Unprocessable."""
        content, images = rendered(body), images_of(body)
        if not images:
            return content
        ready = images_among(self._table.get_all(map(media_key, images)), images)
        return content._replace(html=with_images(content.html, ready))

    def delete(self, post_id: str, *, sub: str, if_match: IfMatch | None) -> None:
        """Remove the owner's post. From now on, nobody can read it. Raises what `edit` raises.

        The transaction includes a job for everything that does not fit into it.
        """
        key = post_key(post_id)

        def attempt(items: Items) -> None:
            before = _changeable(items.get(key), sub, if_match)
            # Without a check of write access: a banned user may delete their own posts.
            write_and_count(self._table, change(before, None, sub))

        retrying(attempt, {key: self._table.get(key)})

    def _write(
        self,
        post_id: str,
        edit: Edit,
        owner: Person,
        if_match: IfMatch | None,
        items: Mapping[Key, Item],
    ) -> PostView:
        ban = ban_key(owner.author_id)

        def attempt(items: Items) -> PostView:
            # The condition on the write decides. This check comes first to save a transaction
            # that would fail, and that could disturb the owner's own.
            before = _changeable(items.get(post_key(post_id)), owner.sub, if_match, items.get(ban))
            after = edit.applied_to(before, now())
            require_room(after)
            if after.status == "scheduled" != before.status:
                self._require_room_in_schedule(owner.sub)
            if after.slug not in reserved_slugs(before):
                reservation = items.get(slug_key(after.slug))
                if reservation and reservation["post_id"] != post_id:
                    after = _with_free_slug(after)
            actions = change(before, after, owner.sub)
            count = self._limits.count("post_edits", owner.author_id, now(), items.get(ban))
            write_and_count(self._table, [count, *actions])
            return PostView.of(after, items)

        return retrying(attempt, items)

    def _require_room_in_schedule(self, owner: str) -> None:
        """Raise Unprocessable if the owner has as many scheduled posts as one may have.

        Requests at the same moment may exceed the limit by their number.
        """
        scheduled = Range(owner_partition(owner, "scheduled"))
        if self._table.count(scheduled, MAX_SCHEDULED) >= MAX_SCHEDULED:
            text = f"You have {MAX_SCHEDULED:,} scheduled posts, as many as one can"
            raise Unprocessable([FieldError("status", text)])

    def _read(self, post_id: str, owner: Person, *more: Key) -> dict[Key, Item]:
        """Read a post and everything that a response about it needs, in one round trip."""
        about_owner = [profile_key(owner.author_id), ban_key(owner.author_id)]
        return self._table.get_all([post_key(post_id), stats_key(post_id), *about_owner, *more])

    def _created_before(self, post_id: str, items: Mapping[Key, Item]) -> PostView:
        """Return the post as it is now. `items` has its author's profile."""
        items = {**items, **self._table.get_all([post_key(post_id), stats_key(post_id)])}
        item = items.get(post_key(post_id))
        if item is None:
            raise Conflict("The post that was made with this Idempotency-Key has been deleted.")
        return PostView.of(Post.of(item), items)


def _changeable(
    item: Item | None, sub: str, if_match: IfMatch | None, ban: Item | None = None
) -> Post:
    """Return the stored post, or raise the reason why this user may not change this version."""
    post = None if item is None else Post.of(item)
    if post is None or (post.owner != sub and not post.is_public):
        raise NotFound("There is no such post.")
    if post.owner != sub:
        raise Forbidden("This post is somebody else's.")
    raise_if_blocked(ban)
    if if_match is not None and not if_match.holds(post.version):
        raise PreconditionFailed(post.version)
    return post


def _with_free_slug(post: Post) -> Post:
    """Return the post with another derived slug, because its slug is taken.

    Raises SlugTaken if the client has asked for this slug.
    """
    if not post.slug_is_derived:
        raise SlugTaken
    return with_another_slug(post)
