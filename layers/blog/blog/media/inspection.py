"""What was uploaded, looked at before it counts as a picture.

S3 tells of each upload at least once, so everything here may happen twice, or twice at once.
"""

from blog.dynamodb.actions import IS_THERE, Action, ConditionRefused
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.table import Table
from blog.media.image_types import HEAD_BYTES, is_image
from blog.media.model import MediaItem
from blog.people.write_access import require_can_write
from blog.s3 import Bucket, media_object_key


def inspect(table: Table, bucket: Bucket, upload: str) -> bool:
    """Make a picture of an upload, given by its key, or remove it; whether it is one.

    Only what was looked at is copied: whoever holds the form may upload again until it expires,
    and of that there is another event. Raises Unavailable and WriteContended, upon which this event
    comes again.
    """
    _, author_id, media_id = upload.split("/")
    item = table.get(media_key(media_id))
    if item is None or item["author_id"] != author_id or item["status"] != "pending":
        bucket.delete([upload])
        return False
    medium = MediaItem.of(item)
    head = bucket.beginning(upload, HEAD_BYTES)
    if head is None:
        return False  # it was looked at already
    picture, content_type = media_object_key(author_id, media_id), medium.content_type
    if not is_image(head.data, content_type):
        bucket.delete([upload])
        return False
    if not bucket.copy(upload, picture, content_type=content_type, entity_tag=head.entity_tag):
        return False
    try:
        table.write(_ready(medium))
    except ConditionRefused as e:
        is_ready = e.key == media_key(media_id) and (e.item or {}).get("status") == "ready"
        bucket.delete([upload] if is_ready else [upload, picture])
        return is_ready
    bucket.delete([upload])
    return True


def _ready(medium: MediaItem) -> list[Action]:
    """That it may be shown, and expires no more."""
    return [
        Action(
            media_key(medium.id),
            condition="#status = :pending AND #owner = :owner",
            values={"pending": "pending", "ready": "ready", "owner": medium.owner},
            update="SET #status = :ready REMOVE #expires_at",
        ),
        Action(
            own_media_key(medium.owner, medium.id),
            condition=IS_THERE,
            update="REMOVE #expires_at",
        ),
        require_can_write(medium.author_id),
    ]
