"""Media: images that users upload to the bucket themselves, with a form that the API signs.

An upload becomes an image once it has been inspected (inspection.py). Until then it has a key of
its own. An upload that never becomes an image expires: the item by its time to live, and the
object by the bucket's lifecycle.
"""

from datetime import datetime

from blog.clock import now
from blog.dynamodb.actions import IS_NEW, Action
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.rate_limits import RateLimit
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import media_path, new_id, parse_id
from blog.media.model import MediaItem
from blog.media.schemas import MediaReference, MediaUpload, NewMedia, UploadForm
from blog.people.person import Person
from blog.people.write_access import require_can_write
from blog.s3 import Bucket, media_object_key, upload_object_key

UPLOADS_PER_HOUR = 60
SECONDS_PENDING = 24 * 3600  # after which an announced image expires


class Media:
    """The media items of one table, and the images of one bucket."""

    def __init__(self, table: Table, bucket: Bucket, media_url: str = "") -> None:
        """Use this table and bucket. `media_url` is the address of a CDN in front of the bucket."""
        self._table = table
        self._bucket = bucket
        self._media_url = media_url

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
        self._table.write(
            [
                require_can_write(owner.author_id),
                Action(media_key(media_id), item=media_item.item(), condition=IS_NEW),
                Action(own_media_key(owner.sub, media_id), item=row),
                RateLimit.of(owner.sub, "MEDIA", UPLOADS_PER_HOUR, at).increment(),
            ]
        )
        reference = MediaReference(id=media_id, url=media_path(media_id))
        return MediaUpload(media=reference, upload=UploadForm.model_validate(form))

    @property
    def signs_addresses(self) -> bool:
        """Return whether `address` is valid for one method and for a limited time only."""
        return not self._media_url

    def address(self, media_id: str, method: str = "GET") -> str:
        """Return the URL of an image for this HTTP method.

        Raises NotFound if there is no such image, or if its upload is not inspected yet.
        """
        item = self._table.get(media_key(parse_id(media_id)))
        if item is None or item["status"] != "ready":
            raise NotFound("There is no such image.")
        key = media_object_key(item["author_id"], media_id)
        if self._media_url:
            return f"{self._media_url}/{key}"
        return self._bucket.presigned_download(key, method)
