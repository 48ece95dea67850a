"""The migration of stored posts from older schemas to the current one.

All code that reads posts reads the older schemas too, so a migration is never urgent. An operator
runs it beside a running blog (`python -m blog.admin migrate`). A run that ends early is continued
by the next. Each post is one transaction, under the condition that nobody else has written it.
"""

from collections.abc import Callable, Iterator

from blog.dynamodb.actions import IS_THERE, Action, Items
from blog.dynamodb.keys import POST, Key, revision_text_key
from blog.dynamodb.retries import retrying
from blog.dynamodb.table import Table
from blog.errors import Unprocessable
from blog.posts import stored_text
from blog.posts.listing_entries import entries, reservations
from blog.posts.model import MAX_STORED_BYTES, SCHEMA, Post
from blog.posts.rendering import rendered
from blog.posts.stored_text import TextForm
from blog.posts.transactions import change


def unchanged(post: Post) -> Post:
    """Return the post as it is (1 to 2, 2 to 3): the step to 4 renders it anew."""
    return post


def rendered_anew(post: Post) -> Post:
    """Return the post with HTML, excerpt and reading time from the current renderer (3 to 4).

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


# The first step leads from schema 1 to 2, the next from 2 to 3, and so on. A new kind of list needs
# a step that does nothing, because all entries are written again. Only the last step that renders
# needs to do it.
STEPS: tuple[Callable[[Post], Post], ...] = (unchanged, unchanged, rendered_anew)
_RENDERED = ("body_html", "derived_excerpt", "reading_minutes")


# The attribute that a post has only in the other form.
_OTHER = {"plain": stored_text.ATTRIBUTE, "compressed": "body"}


def outdated(table: Table, form: TextForm | None = None) -> Iterator[Key]:
    """Yield the keys of posts of an older schema, or with a text of another form, each once.

    Reads the whole table.
    """
    condition, values = "sk = :sk AND schema_number < :schema", {"sk": POST, "schema": SCHEMA}
    if form is not None:
        has_other = f"(sk = :sk OR begins_with(sk, :text)) AND attribute_exists({_OTHER[form]})"
        condition, values = f"({condition}) OR ({has_other})", values | {"text": "REVISION-TEXT#"}
    found = {item["pk"] for item in table.scan(condition, values)}
    yield from (Key(pk, POST) for pk in found)


def migrate(table: Table, key: Key, form: TextForm | None = None) -> bool:
    """Bring a post to the current schema, and its texts to a form. Return whether this call did it.

    This is not an edit: the version and the times stay. Without a form, each text keeps its own.
    Raises WriteContended and Unavailable.
    """

    def attempt(items: Items) -> bool:
        item = items.get(key)
        post = None if item is None else Post.of(item)
        if post is None:
            return False
        wanted = form or post.text_form
        if post.schema_number >= SCHEMA and post.text_form == wanted:
            # It may have been edited since the form changed, and its older revisions may not.
            return form is not None and _migrate_revisions(table, post, form)
        after = _migrated(post, wanted)
        if post.schema_number >= SCHEMA and after.text_form == post.text_form:  # it has no room
            return False
        if form == after.text_form:  # before the post, which tells that there is something to do
            _migrate_revisions(table, post, form)
        table.write(_migration(post, after))
        return True

    return retrying(attempt, {key: table.get(key)})


def _migrate_revisions(table: Table, post: Post, form: TextForm) -> bool:
    """Bring the texts of a post's revisions to a form. Each is written once and then only removed.

    Those that have the form already cost a read. Return whether there were others.
    """
    changed = False
    keys = [revision_text_key(post.id, version) for version in post.revisions]
    for key, item in table.get_all(keys).items():
        text, found = stored_text.read(item, "body")
        if found != form:
            row = {name: item[name] for name in ("version", "title", "created_at")}
            stored = row | stored_text.stored(text, form)
            changed |= table.try_write([Action(key, item=stored, condition=IS_THERE)])
    return changed


def _migrated(before: Post, form: TextForm) -> Post:
    """Return the post of the current schema, with its texts in a form.

    Without room for that, the texts keep their form; without room for new HTML, also their HTML.
    """
    after = before
    for step in STEPS[before.schema_number - 1 :]:
        after = step(after)
    number = {"schema_number": SCHEMA, "lock_version": before.lock_version + 1}
    for text_form in (form, before.text_form):
        migrated = after.model_copy(update={**number, "text_form": text_form})
        if migrated.stored_bytes <= MAX_STORED_BYTES:
            return migrated
    return migrated.model_copy(update={name: getattr(before, name) for name in _RENDERED})


def _migration(before: Post, after: Post) -> list[Action]:
    actions = {action.key: action for action in change(before, after, before.owner)}
    # All current entries and reservations: an older version may have written other ones.
    current = entries(after) | reservations(after)
    put = {key: Action(key, item=item) for key, item in current.items()}
    return [*({**actions, **put}).values()]


def migrate_all(table: Table, form: TextForm | None = None) -> int:
    """Bring all posts to the current schema, and to a form. Return how many were not.

    Raises what `migrate` raises.
    """
    return sum(migrate(table, key, form) for key in outdated(table, form))
