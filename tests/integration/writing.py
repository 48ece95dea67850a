"""Posts that tests write, and a rival who writes between our read and our write."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from blog.entity_tags import IfMatch
from blog.models import NewPost, Post, PostChanges
from blog.posts import Posts
from blog.table import Action, Table
from tests.support import ALICE

VERSION_1 = IfMatch(frozenset({1}))
THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def create(
    posts: Posts, owner: str = ALICE, moment: datetime | None = None, **members: Any
) -> Post:
    """A new post of somebody's."""
    new = NewPost.model_validate({"title": "Hello"} | members)
    return posts.create(new, owner=owner, author_id=owner[-5:], moment=moment)


def edit(
    posts: Posts, post: Post, sub: str = ALICE, if_match: IfMatch | None = None, **members: Any
) -> Post:
    """The next version of a post."""
    changes = PostChanges.model_validate(members)
    return posts.edit(post.id, changes, sub=sub, if_match=if_match)


class Interfering(Table):
    """A table in which somebody else is faster: `before_write` runs between our read and write."""

    before_write: Sequence[Callable[[], Any]] = ()

    def transact(self, actions: Sequence[Action]) -> None:
        """Let the others write first."""
        if self.before_write:
            first, *self.before_write = self.before_write
            first()
        super().transact(actions)
