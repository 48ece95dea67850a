"""The removal of images by moderators."""

from blog.dynamodb.keys import ban_key, media_key
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.media.model import MediaItem
from blog.media.removal import remove
from blog.people.person import Person
from blog.people.write_access import raise_if_blocked, require_can_write
from blog.s3 import Bucket


def remove_image(table: Table, bucket: Bucket, media_id: str, *, moderator: Person) -> None:
    """Remove an image of any user, with all its files. Posts show its alternative text.

    Raises NotFound, Forbidden for a banned moderator, WriteContended and Unavailable.
    """
    key, ban = media_key(media_id), ban_key(moderator.author_id)
    items = table.get_all([key, ban])
    if key not in items:
        raise NotFound("There is no such image.")
    raise_if_blocked(items.get(ban))  # before the files are removed
    can_write = require_can_write(moderator.author_id)
    remove(table, bucket, MediaItem.of(items[key]), can_write)
