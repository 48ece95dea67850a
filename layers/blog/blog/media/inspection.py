"""The inspection of uploads, which makes images of them.

S3 sends each event at least once, so everything here may happen twice, or twice at once.
"""

from blog.dynamodb.actions import IS_THERE, Action, ConditionRefused
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.table import Table
from blog.media.image_types import HEAD_BYTES, is_image
from blog.media.model import MediaItem
from blog.people.write_access import require_can_write
from blog.s3 import Bucket, media_object_key


def inspect(table: Table, bucket: Bucket, upload: str) -> bool:
    """Make an image of an upload, or remove it. Return whether it is an image.

    `upload` is the upload's key in the bucket. The copy is of exactly what was inspected, because
    the owner of the form may upload again until it expires. Each upload has an event of its own.

    Raises Unavailable and WriteContended, after which the same event comes again.
    """
    _, author_id, media_id = upload.split("/")
    item = table.get(media_key(media_id))
    if item is None or item["author_id"] != author_id or item["status"] != "pending":
        bucket.delete([upload])
        return False
    media_item = MediaItem.of(item)
    head = bucket.beginning(upload, HEAD_BYTES)
    if head is None:
        return False  # it has been inspected before
    image, content_type = media_object_key(author_id, media_id), media_item.content_type
    if not is_image(head.data, content_type):
        bucket.delete([upload])
        return False
    if not bucket.copy(upload, image, content_type=content_type, entity_tag=head.entity_tag):
        return False
    try:
        table.write(_make_ready(media_item))
    except ConditionRefused as e:
        is_ready = e.key == media_key(media_id) and (e.item or {}).get("status") == "ready"
        bucket.delete([upload] if is_ready else [upload, image])
        return is_ready
    bucket.delete([upload])
    return True


def _make_ready(media_item: MediaItem) -> list[Action]:
    """Build the transaction that makes a media item ready, so that it expires no more."""
    return [
        Action(
            media_key(media_item.id),
            condition="#status = :pending AND #owner = :owner",
            values={"pending": "pending", "ready": "ready", "owner": media_item.owner},
            update="SET #status = :ready REMOVE #expires_at",
        ),
        Action(
            own_media_key(media_item.owner, media_item.id),
            condition=IS_THERE,
            update="REMOVE #expires_at",
        ),
        require_can_write(media_item.author_id, refused=None),  # no client waits for the reason
    ]
