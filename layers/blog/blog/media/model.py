"""Media items as stored: announced uploads, images, and refused uploads."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp
from blog.people.person import Person
from blog.s3 import media_object_key

Status = Literal["pending", "ready", "refused"]
STORED_TYPE = "image/webp"  # of all files of an image


class MediaItem(BaseModel):
    """A media item as stored. `owner` is the `sub`.

    It is `pending` until its upload has been inspected. Then it is `ready`, or `refused` for a
    `reason`. `content_type` and `size` are those of the upload.

    A ready item has an image, of `width` times `height` pixels. `files` is the part of their names
    that its files share, and `sizes` has the bytes of each file by its width. Items of older
    versions have one file and none of these, until a migration rewrites their images.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    author_id: str
    content_type: str
    size: int
    status: Status = "pending"
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    color: str | None = None
    files: str | None = None
    sizes: dict[str, int] = {}
    bytes: int = 0
    created_at: Timestamp
    expires_at: int | None = None

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """Build the media item from a stored item."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """Return the item to store."""
        return self.model_dump(exclude_none=True)

    @property
    def person(self) -> Person:
        """Return the owner."""
        return Person(self.owner, self.author_id)

    @property
    def is_rewritten(self) -> bool:
        """Return whether the image is ready, and its files are those of the inspector."""
        return self.status == "ready" and self.files is not None

    @property
    def stored_type(self) -> str:
        """Return the content type of the files."""
        return self.content_type if self.files is None else STORED_TYPE

    @property
    def widths(self) -> list[int]:
        """Return the widths of the files in pixels, the smallest first."""
        return sorted(map(int, self.sizes))

    def object_key(self, at_least: int | None = None) -> str:
        """Return the key of the smallest file that is at least so wide, or else of the largest."""
        if self.files is None:
            return media_object_key(self.author_id, self.id)
        wide = [width for width in self.widths if at_least is not None and width >= at_least]
        return file_key(self.author_id, self.id, self.files, (wide or self.widths[-1:])[0])

    def object_keys(self) -> list[str]:
        """Return the keys of all files of the image."""
        if self.files is None:
            return [media_object_key(self.author_id, self.id)]
        return [file_key(self.author_id, self.id, self.files, width) for width in self.widths]


def file_key(author_id: str, media_id: str, files: str, width: int) -> str:
    """Return the key of the file of an image that has this width."""
    return media_object_key(author_id, media_id, f"{files}-{width}.webp")
