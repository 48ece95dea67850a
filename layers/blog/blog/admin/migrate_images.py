"""The migration of images that older versions have stored as they were uploaded.

Each is copied to where uploads are, so the inspector rewrites it. Until then, the old file is
served. A run that ends early is continued by the next.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from blog.dynamodb.keys import Key, media_key
from blog.dynamodb.table import Table
from blog.media.model import MediaItem
from blog.s3 import Bucket, upload_object_key

AT_ONCE = 10  # so that the inspector does not take the concurrency that requests need
SECONDS_TO_WAIT = 90.0  # for the inspector, which may take a minute


class ImageMigration(NamedTuple):
    """How many images were rewritten and refused, are not done yet, and have no file in S3."""

    rewritten: int = 0
    refused: int = 0
    waiting: int = 0
    missing: int = 0


def original_images(table: Table) -> Iterator[Key]:
    """Yield the keys of the images that are stored as they were uploaded. Reads the whole table."""
    condition = (
        "sk = :sk AND attribute_not_exists(height) AND attribute_not_exists(expires_at)"
        " AND attribute_not_exists(reason)"
    )
    yield from (Key.of(item) for item in table.scan(condition, {"sk": "MEDIA"}))


def migrate_images(
    table: Table, bucket: Bucket, sleep: Callable[[float], None] = time.sleep
) -> ImageMigration:
    """Let the inspector rewrite all of them, some at once. Raises Unavailable."""
    total = ImageMigration()
    keys = original_images(table)
    while some := list(islice(keys, AT_ONCE)):
        originals = [image for image in _images(table, some) if image.files is None]
        sent = [media_key(image.id) for image in originals if _send(bucket, image)]
        done = _wait(table, sent, sleep)._replace(missing=len(originals) - len(sent))
        total = ImageMigration(*map(sum, zip(total, done, strict=True)))
    return total


def _images(table: Table, keys: Sequence[Key]) -> list[MediaItem]:
    return [MediaItem.of(item) for item in table.get_all(keys).values()]


def _send(bucket: Bucket, image: MediaItem) -> bool:
    """Copy the file to where uploads are. Return False if it does not exist."""
    upload = upload_object_key(image.author_id, image.id)
    return bucket.copy(image.object_key(), upload, content_type=image.content_type)


def _wait(table: Table, keys: Sequence[Key], sleep: Callable[[float], None]) -> ImageMigration:
    ends_at = time.monotonic() + SECONDS_TO_WAIT
    while True:
        images = _images(table, keys)
        refused = sum(image.status == "refused" for image in images)
        rewritten = sum(image.is_rewritten for image in images)
        waiting = len(images) - refused - rewritten
        if not waiting or time.monotonic() > ends_at:
            return ImageMigration(rewritten, refused, waiting)
        sleep(1)
