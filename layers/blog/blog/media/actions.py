"""The parts of other transactions that concern images.

These are the check of a cover, and the jobs that changes of posts and images leave. Little is
imported here, because most functions write posts.
"""

import uuid

from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import changed_image_job_key, changed_job_key, media_key
from blog.errors import FieldError, Unprocessable
from blog.people.person import Person


def changed_post(owner: Person, post_id: str, entry: str, images: list[str]) -> Action:
    """Build the write of the job that follows a change of a post, which uses these images now.

    `entry` is the sort key of the post's entry in the owner's list. A post has one job, however
    often it changes.
    """
    row = {**job_attributes(owner, post_id, entry), "images": images}
    return Action(changed_job_key(owner.author_id, post_id), item=row)


def job_attributes(owner: Person, post_id: str, entry: str) -> Item:
    """Return the attributes of a job. It ends only if its stamp is the one that was read."""
    stamp = str(uuid.uuid4())
    return {**owner._asdict(), "post_id": post_id, "entry": entry, "stamp": stamp}


def changed_image(owner: Person, media_id: str) -> Action:
    """Build the write of the job that follows a change of an image, or its removal."""
    row = {**owner._asdict(), "media_id": media_id, "stamp": str(uuid.uuid4())}
    return Action(changed_image_job_key(owner.author_id, media_id), item=row)


def require_owned_image(owner: str, media_id: str) -> Action:
    """Build the check that an image is ready and was uploaded by this user.

    Refused with Unprocessable for the field `cover_image`.
    """
    return Action(
        media_key(media_id),
        condition="#owner = :owner AND #status = :ready",
        values={"owner": owner, "ready": "ready"},
        is_check=True,
        refused=_not_owned,
    )


def _not_owned(_: Item | None) -> Unprocessable:
    text = "Names no image of yours that is uploaded and ready"
    return Unprocessable([FieldError("cover_image", text)])
