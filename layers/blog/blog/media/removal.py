"""The removal of images: by their owner, by a moderator, or with the owner's account."""

from blog.dynamodb.actions import Action
from blog.dynamodb.keys import media_key, own_media_key, used_bytes_key
from blog.dynamodb.retries import WRITE_TRIES
from blog.dynamodb.table import Table
from blog.errors import WriteContended
from blog.media.actions import changed_image
from blog.media.model import MediaItem
from blog.s3 import Bucket, upload_object_key


def remove(table: Table, bucket: Bucket, media_item: MediaItem, *checks: Action) -> None:
    """Remove a media item with its files or its upload, if these checks hold.

    A job renders the posts anew that use it. The files go first: a removal that ends early leaves
    the item, so it can be repeated. Raises WriteContended and Unavailable.
    """
    key, job = media_key(media_item.id), changed_image(media_item.person, media_item.id)
    for _ in range(WRITE_TRIES):
        upload = upload_object_key(media_item.author_id, media_item.id)
        bucket.delete([*media_item.object_keys(), upload])
        if table.try_write([*removal(media_item), job, *checks]):
            return
        item = table.get_all([key]).get(key)
        if item is None or item["owner"] != media_item.owner:
            return
        media_item = MediaItem.of(item)  # the inspector has given it other files
    raise WriteContended


def removal(media_item: MediaItem) -> list[Action]:
    """Build the transaction that removes a media item as it was read, and gives its space back."""
    key, files = media_key(media_item.id), media_item.files
    condition, values = "#owner = :owner", {"owner": media_item.owner}
    if files is None:
        condition += " AND attribute_not_exists(#files)"
    else:
        condition += " AND #files = :files"
        values["files"] = files
    actions = [
        Action(key, condition=condition, values=values),
        Action(own_media_key(media_item.owner, media_item.id)),
    ]
    return actions if files is None else [*actions, used(media_item.owner, -media_item.bytes)]


def used(owner: str, more: int) -> Action:
    """Build the write that counts the bytes of a user's images."""
    return Action(used_bytes_key(owner), values={"bytes": more}, update="ADD #bytes :bytes")
