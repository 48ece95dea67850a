"""The view of a post: the post with its author and its counters, as a response needs it."""

from collections.abc import Mapping
from typing import NamedTuple

from blog.dynamodb.actions import Item
from blog.dynamodb.keys import Key, profile_key, stats_key
from blog.errors import NotFound
from blog.people.person import Author
from blog.posts import stored_text
from blog.posts.model import Entry, Post, Stats
from blog.posts.schemas import OwnPost, PostDetail, Revision


class PostView(NamedTuple):
    """A post with its author and its counters."""

    post: Post
    author: Author
    stats: Stats

    @classmethod
    def of(cls, post: Post, items: Mapping[Key, Item | None]) -> "PostView":
        """Build the view from items that include the post's stats and the author's profile."""
        stats = Stats.model_validate(items.get(stats_key(post.id)) or {})
        return cls(post, Author.of(post.author_id, items.get(profile_key(post.author_id))), stats)

    def as_response(self) -> PostDetail:
        """Return the post as everyone sees it."""
        return PostDetail.of_post(*self)

    def as_owner_response(self) -> OwnPost:
        """Return the post as its owner sees it, with the reason if a moderator has hidden it."""
        return OwnPost.of_post(*self)


class FeedItem(NamedTuple):
    """A post with its author: the stored post in full, or its entry with the excerpt only."""

    post: Post | Entry
    author: Author


def owned_post(item: Item | None, sub: str) -> Post:
    """Return the post of an item; raise NotFound unless it belongs to `sub`."""
    post = None if item is None else Post.of(item)
    if post is None or post.owner != sub:
        raise NotFound("You have no such post.")
    return post


def revision_of(item: Item | None) -> Revision:
    """Return the revision of an item; raise NotFound if there is none."""
    if item is None:
        raise NotFound("There is no such revision.")
    text, _ = stored_text.read(item, "body")
    return Revision.model_validate({**item, **text})


def joined(entry: Entry, items: Mapping[Key, Item]) -> tuple[Entry, Author, Stats]:
    """Return an entry with its author and its counters, taken from items that include them."""
    author = Author.of(entry.author_id, items.get(profile_key(entry.author_id)))
    return entry, author, Stats.model_validate(items.get(stats_key(entry.id), {}))
