"""Posts as an older version of this stored them, made what today's would have stored.

Whatever reads posts reads the older ones too, so there is no moment at which all must have been
migrated: an operator does it when it suits (admin.py), beside a running blog, and goes on where it
was ended. Each post is one transaction, under the condition that nobody else has written it.
"""

from collections.abc import Callable, Iterator

from blog.dynamodb.actions import Action, ConditionRefused, Item
from blog.dynamodb.keys import POST, Key
from blog.dynamodb.retries import WRITE_TRIES, backoff
from blog.dynamodb.table import Table
from blog.errors import Unprocessable, WriteContended
from blog.posts.listing_entries import entries
from blog.posts.model import SCHEMA, Post
from blog.posts.rendering import rendered
from blog.posts.transactions import change


def rendered_anew(post: Post) -> Post:
    """1 to 2: HTML, excerpt and reading time as today's renderer makes them of the text.

    A text that it would refuse, because its HTML has grown too long, stays as it was.
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


# The first leads from schema 1 to 2, the next from 2 to 3. A new kind of list needs a step that
# does nothing: the entries are all written again.
STEPS: tuple[Callable[[Post], Post], ...] = (rendered_anew,)


def outdated(table: Table) -> Iterator[Key]:
    """The posts of an older schema, wherever they lie: reads all of the table."""
    for item in table.scan("sk = :sk AND schema_number < :schema", {"sk": POST, "schema": SCHEMA}):
        yield Key.of(item)


def migrate(table: Table, key: Key) -> bool:
    """Bring a post to today's schema; whether it was this call that did.

    No edit: its version and times stay. Raises WriteContended and Unavailable.
    """
    item = table.get(key)
    for _ in backoff(WRITE_TRIES):
        post = None if item is None else Post.of(item)
        if post is None or post.schema_number >= SCHEMA:
            return False
        try:
            table.write(_migration(post))
        except ConditionRefused as e:
            item = _item_of(e, key)
        else:
            return True
    raise WriteContended


def _item_of(refused: ConditionRefused, key: Key) -> Item | None:
    if refused.key != key:
        raise refused
    return refused.item


def _migration(before: Post) -> list[Action]:
    after = before
    for step in STEPS[before.schema_number - 1 :]:
        after = step(after)
    update = {"schema_number": SCHEMA, "lock_version": before.lock_version + 1}
    after = after.model_copy(update=update)
    actions = {action.key: action for action in change(before, after, before.owner)}
    # Whatever today's `entries` say, older ones may have said otherwise.
    put = {key: Action(key, item=entry) for key, entry in entries(after).items()}
    return [*({**actions, **put}).values()]


def migrate_all(table: Table) -> int:
    """Bring all of them to today's schema: how many were not. Raises as `migrate` does."""
    return sum(migrate(table, key) for key in outdated(table))
