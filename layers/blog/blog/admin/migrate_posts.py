"""The migration of stored posts from older schemas to the current one.

All code that reads posts reads the older schemas too, so a migration is never urgent. An operator
runs it beside a running blog (`python -m blog.admin migrate`). A run that ends early is continued
by the next. Each post is one transaction, under the condition that nobody else has written it.
"""

from collections.abc import Callable, Iterator

from blog.dynamodb.actions import Action, Items
from blog.dynamodb.keys import POST, Key
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Table
from blog.errors import Unprocessable
from blog.posts.listing_entries import entries
from blog.posts.model import SCHEMA, Post
from blog.posts.rendering import rendered
from blog.posts.transactions import change


def unchanged(post: Post) -> Post:
    """Return the post as it is (1 to 2): the step to 3 renders it anew."""
    return post


def rendered_anew(post: Post) -> Post:
    """Return the post with HTML, excerpt and reading time from the current renderer (2 to 3).

    Its entries, which are written with it, get the sizes that feeds need. A body that the renderer
    would refuse keeps its HTML.
    """
    try:
        content = rendered(post.body)
    except Unprocessable:
        return post
    return post.model_copy(
        update={
            "body_html": content.html,
            "derived_excerpt": content.excerpt,
            "reading_minutes": content.reading_minutes,
        }
    )


# The first step leads from schema 1 to 2, the next from 2 to 3. A new kind of list needs a step
# that does nothing, because all entries are written again.
STEPS: tuple[Callable[[Post], Post], ...] = (unchanged, rendered_anew)


def outdated(table: Table) -> Iterator[Key]:
    """Yield the keys of posts of an older schema. Reads the whole table."""
    for item in table.scan("sk = :sk AND schema_number < :schema", {"sk": POST, "schema": SCHEMA}):
        yield Key.of(item)


def migrate(table: Table, key: Key) -> bool:
    """Bring a post to the current schema. Return whether this call did it.

    This is not an edit: the version and the times stay. Raises WriteContended and Unavailable.
    """

    def attempt(items: Items) -> bool:
        item = items.get(key)
        post = None if item is None else Post.of(item)
        if post is None or post.schema_number >= SCHEMA:
            return False
        table.write(_migration(post))
        return True

    return retrying(attempt, {key: table.get(key)})


def _migration(before: Post) -> list[Action]:
    after = before
    for step in STEPS[before.schema_number - 1 :]:
        after = step(after)
    update = {"schema_number": SCHEMA, "lock_version": before.lock_version + 1}
    after = after.model_copy(update=update)
    actions = {action.key: action for action in change(before, after, before.owner)}
    # All current entries, because an older version may have written other ones.
    put = {key: Action(key, item=entry) for key, entry in entries(after).items()}
    return [*({**actions, **put}).values()]


def migrate_all(table: Table) -> int:
    """Bring all posts to the current schema. Return how many were not.

    Raises what `migrate` raises.
    """
    return sum(migrate(table, key) for key in outdated(table))
