"""Media: pictures that people upload to the bucket themselves, with a form that the API signs.

An upload counts as a picture once it was looked at (inspection.py). Until then it lies apart, and
what never comes to be one expires, the record by its time to live and the object by the bucket's
lifecycle.
"""

from datetime import datetime

from blog.clock import now
from blog.dynamodb.actions import IS_NEW, Action, ConditionRefused
from blog.dynamodb.keys import media_key, own_media_key
from blog.dynamodb.rate_limits import RateLimit
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import media_path, new_id, parse_id
from blog.media.model import MediaItem
from blog.media.schemas import MediaReference, MediaUpload, NewMedia, UploadForm
from blog.people.person import Person
from blog.people.write_access import raise_if_blocked, require_can_write
from blog.s3 import Bucket, media_object_key, upload_object_key

UPLOADS_PER_HOUR = 60
SECONDS_KEPT = 24 * 3600  # without an upload that is a picture


class Media:
    """The media of one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket, media_url: str = "") -> None:
        """`media_url` is the address of a CDN in front of the bucket, if there is one."""
        self._table = table
        self._bucket = bucket
        self._media_url = media_url

    def create(
        self, new: NewMedia, *, owner: Person, moment: datetime | None = None
    ) -> MediaUpload:
        """Announce a picture, and give the form that uploads it.

        Raises Forbidden for who is banned, TooManyRequests and WriteContended.
        """
        moment = moment or now()
        medium = MediaItem(
            id=new_id(moment),
            owner=owner.sub,
            author_id=owner.author_id,
            content_type=new.content_type,
            size=new.size,
            created_at=moment,
            expires_at=int(moment.timestamp()) + SECONDS_KEPT,
        )
        key = upload_object_key(owner.author_id, medium.id)
        form = self._bucket.presigned_upload(key, new.content_type, new.size)
        rate = RateLimit.of(owner.sub, "MEDIA", UPLOADS_PER_HOUR, moment)
        row = {"of": medium.id, "expires_at": medium.expires_at}
        try:
            self._table.write(
                [
                    require_can_write(owner.author_id),
                    Action(
                        media_key(medium.id),
                        item=medium.item(),
                        condition=IS_NEW,
                    ),
                    Action(own_media_key(owner.sub, medium.id), item=row),
                    rate.increment(),
                ]
            )
        except ConditionRefused as e:
            if e.key == rate.key:
                raise rate.error(moment) from e
            raise_if_blocked(e.item)
            raise
        reference = MediaReference(id=medium.id, url=media_path(medium.id))
        return MediaUpload(media=reference, upload=UploadForm.model_validate(form))

    def address(self, media_id: str, method: str = "GET") -> str:
        """Where a picture is fetched from by this method now; NotFound for what is none (yet)."""
        item = self._table.get(media_key(parse_id(media_id)))
        if item is None or item["status"] != "ready":
            raise NotFound("There is no such picture.")
        key = media_object_key(item["author_id"], media_id)
        if self._media_url:
            return f"{self._media_url}/{key}"
        return self._bucket.presigned_download(key, method)
