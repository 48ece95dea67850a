"""Which posts use an image: a row for each post of the image's owner that shows it.

A change of a post leaves a job, which says what images the post uses now. The job writes these
rows. So until it has run, the jobs of changed posts count, and not their rows.
"""

from collections.abc import Callable, Sequence

from blog.dynamodb.actions import Action, Item
from blog.dynamodb.concurrency import side_by_side
from blog.dynamodb.keys import (
    CHANGED_JOB,
    JOBS,
    USE,
    changed_job_key,
    recorded_images_key,
    use_key,
    user_partition,
)
from blog.dynamodb.resumable import iter_rows
from blog.dynamodb.table import HIGHEST, Range, Table
from blog.errors import WriteContended
from blog.media.actions import job_attributes
from blog.people.person import Person

MAX_ROWS = 1000  # uses that a request reads
MAX_CHANGED = 200  # changed posts of an author, which a request reads
MAX_ACTIONS = 85  # for images, of the 90 that a transaction has at most

Uses = dict[str, dict[str, str]]  # of each image: by post id, the sort key of the post's entry


def announce(table: Table, job: Item, is_out_of_time: Callable[[], bool]) -> None:
    """Leave a job for each post that uses a changed image. Raises OutOfTime, and may be repeated.

    The job of a post that has changed itself keeps its list of images.
    """
    owner, kind = Person(job["sub"], job["author_id"]), f"{USE}{job['media_id']}#"
    for row in iter_rows(table, user_partition(owner.sub), kind, is_out_of_time):
        values = job_attributes(owner, row["post_id"], row["entry"])
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
        key = changed_job_key(owner.author_id, row["post_id"])
        table.write([Action(key, values=values, update=update)])


def record_uses(table: Table, job: Item, is_same_job: Action) -> None:
    """Write the rows of the images that a post uses, and remove those of others.

    Every transaction checks that the job is still the same one. Raises ConditionRefused if not.
    """
    owner, post_id, images = job["sub"], job["post_id"], job["images"]
    record = recorded_images_key(owner, post_id)
    before = (table.get(record) or {}).get("images", [])
    row = {"post_id": post_id, "entry": job["entry"]}
    gone = [one for one in before if one not in images]
    actions = [
        *(Action(use_key(owner, one, post_id), item=row) for one in images if one not in before),
        *(Action(use_key(owner, one, post_id)) for one in gone),
    ]
    if not actions:
        return
    if len(actions) > MAX_ACTIONS:  # several transactions, which may end after any of them
        table.write([is_same_job, Action(record, item={"images": [*images, *gone]})])
    while len(actions) > MAX_ACTIONS:
        table.write([is_same_job, *actions[:MAX_ACTIONS]])
        actions = actions[MAX_ACTIONS:]
    recorded = Action(record, item={"images": images} if images else None)
    table.write([is_same_job, *actions, recorded])


def posts_using(
    table: Table, owner: Person, media_ids: Sequence[str], *, is_complete: bool = False
) -> Uses:
    """Return the owner's posts that use each of these images, in one round trip.

    `media_ids` are neighbours in the owner's list of images, the newest first. With more than
    MAX_ROWS uses, the last images are left out. The first one is always in the result, with its
    first MAX_ROWS uses.

    It reads the first MAX_CHANGED changed posts. If there may be more, and the result must be
    complete, it raises WriteContended.
    """
    if not media_ids:
        return {}
    jobs, partition = f"{CHANGED_JOB}#{owner.author_id}#", user_partition(owner.sub)
    newest, oldest = f"{USE}{media_ids[0]}#{HIGHEST}", f"{USE}{media_ids[-1]}#"
    changed, rows = side_by_side(
        lambda: table.query(Range(JOBS, jobs, f"{jobs}{HIGHEST}"), MAX_CHANGED),
        lambda: table.query(Range(partition, oldest, newest, is_ascending=False), MAX_ROWS),
    )
    if is_complete and len(changed) == MAX_CHANGED:
        raise WriteContended
    complete = media_ids
    if len(rows) == MAX_ROWS:
        last = _media_id(rows[-1])
        complete = [one for one in media_ids if one > last] or media_ids[:1]
    uses: Uses = {media_id: {} for media_id in complete}
    new = {job["post_id"]: job for job in changed if "images" in job}
    for row in rows:
        media_id = _media_id(row)
        if media_id in uses and row["post_id"] not in new:
            uses[media_id][row["post_id"]] = row["entry"]
    for post_id, job in new.items():
        for media_id in uses.keys() & set(job["images"]):
            uses[media_id][post_id] = job["entry"]
    return uses


def _media_id(row: Item) -> str:
    """Return the id of the image in the key of a use."""
    return str(row["sk"]).split("#")[1]
