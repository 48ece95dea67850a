"""A post together with its author and its counters, as a response needs it."""

from collections.abc import Mapping
from typing import NamedTuple

from blog.dynamodb.keys import Key, profile_key, stats_key
from blog.dynamodb.table import Item
from blog.errors import NotFound
from blog.people.person import Author
from blog.posts.model import Entry, Post, Stats
from blog.posts.schemas import OwnPost, PostDetail, Revision


class PostView(NamedTuple):
    """A post with what is joined to it when it is read."""

    post: Post
    author: Author
    stats: Stats

    @classmethod
    def of(cls, post: Post, items: dict[Key, Item]) -> "PostView":
        """From items among which are its stats and its author's profile, if they have one."""
        stats = Stats.model_validate(items.get(stats_key(post.id), {}))
        return cls(post, Author.of(post.author_id, items.get(profile_key(post.author_id))), stats)

    def shown(self) -> PostDetail:
        """As everyone sees it."""
        return PostDetail.of_post(*self)

    def shown_to_owner(self) -> OwnPost:
        """As its owner sees it, with why it is hidden."""
        return OwnPost.of_post(*self)


def owned_post(item: Item | None, sub: str) -> Post:
    """A stored post of this person's; NotFound for all others."""
    post = None if item is None else Post.of(item)
    if post is None or post.owner != sub:
        raise NotFound("You have no such post.")
    return post


def revision_of(item: Item | None) -> Revision:
    """A stored revision; NotFound where there is none."""
    if item is None:
        raise NotFound("There is no such revision.")
    return Revision.model_validate(item)


def joined(entry: Entry, items: Mapping[Key, Item]) -> tuple[Entry, Author, Stats]:
    """An entry with what is shown beside it, from items among which that is."""
    author = Author.of(entry.author_id, items.get(profile_key(entry.author_id)))
    return entry, author, Stats.model_validate(items.get(stats_key(entry.id), {}))
