"""The addresses of images, for those who look at them."""

from blog.dynamodb.keys import media_key
from blog.dynamodb.table import Table
from blog.errors import NotFound
from blog.identifiers import parse_id
from blog.media.model import MediaItem
from blog.s3 import Bucket


class ImageAddresses:
    """The addresses of the images of one table and one bucket."""

    def __init__(self, table: Table, bucket: Bucket, media_url: str = "") -> None:
        """Use this table and bucket. `media_url` is the address of a CDN in front of the bucket."""
        self._table = table
        self._bucket = bucket
        self._media_url = media_url

    @property
    def signs_addresses(self) -> bool:
        """Return whether `address` is valid for one method and for a limited time only."""
        return not self._media_url

    def address(self, media_id: str, width: int | None, method: str = "GET") -> str:
        """Return the URL of an image for this HTTP method.

        It is that of the smallest file with this width in pixels or more; without a width, or if
        none is so wide, of the largest. Raises NotFound if there is no such image, or if its upload
        is not inspected yet.
        """
        item = self._table.get(media_key(parse_id(media_id)))
        if item is None or item["status"] != "ready":
            raise NotFound("There is no such image.")
        key = MediaItem.of(item).object_key(width)
        if self._media_url:
            return f"{self._media_url}/{key}"
        return self._bucket.presigned_download(key, method)
