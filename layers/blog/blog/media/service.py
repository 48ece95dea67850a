"""Media: images that users upload to the bucket themselves, with a form that the API signs.

An upload becomes an image once it has been inspected (inspection.py). Until then it has a key of
its own. An upload that never becomes an image expires: the item by its time to live, and the
object by the bucket's lifecycle.
"""

from datetime import datetime

from blog.clock import now
from blog.dynamodb.actions import IS_NEW, Action
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.table import Table
from blog.identifiers import media_path, new_id
from blog.media.model import MediaItem
from blog.media.schemas import MediaReference, MediaUpload, NewMedia, UploadForm
from blog.people.person import Person
from blog.people.rate_limits import RateLimits
from blog.s3 import Bucket, upload_object_key

SECONDS_PENDING = 24 * 3600  # after which an announced image expires


class Media:
    """The media items of one table and one bucket, for those who upload images."""

    def __init__(self, table: Table, bucket: Bucket, limits: RateLimits | None = None) -> None:
        self._table = table
        self._bucket = bucket
        self._limits = limits or RateLimits()

    def create(self, new: NewMedia, *, owner: Person, at: datetime | None = None) -> MediaUpload:
        """Announce an image, and return the form that uploads it.

        Raises Forbidden for a banned user, TooManyRequests and WriteContended.
        """
        at = at or now()
        media_item = MediaItem(
            id=new_id(at),
            owner=owner.sub,
            author_id=owner.author_id,
            content_type=new.content_type,
            size=new.size,
            created_at=at,
            expires_at=int(at.timestamp()) + SECONDS_PENDING,
        )
        media_id = media_item.id
        key = upload_object_key(owner.author_id, media_id)
        form = self._bucket.presigned_upload(key, new.content_type, new.size)
        row = {"of": media_id, "expires_at": media_item.expires_at}
        puts = [
            Action(media_key(media_id), item=media_item.item(), condition=IS_NEW),
            Action(own_media_key(owner.sub, media_id), item=row),
        ]
        self._limits.write(
            self._table, "uploads", owner.author_id, at, lambda count: [count, *puts]
        )
        reference = MediaReference(id=media_id, url=media_path(media_id))
        return MediaUpload(media=reference, upload=UploadForm.model_validate(form))
