"""Media items in requests and responses."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field

from blog.clock import Timestamp
from blog.identifiers import media_path
from blog.media.image_types import MAX_BYTES, ContentType
from blog.media.model import MediaItem, Status
from blog.schemas import RequestBody


def _registered(value: Any) -> Any:
    """Return the registered name of a media type: some programs call JPEG `image/jpg`."""
    return "image/jpeg" if value == "image/jpg" else value


class NewMedia(RequestBody):
    """An image to upload."""

    content_type: Annotated[ContentType, BeforeValidator(_registered)]
    size: Annotated[int, Field(ge=1, le=MAX_BYTES, description="The exact size in bytes")]


class MediaReference(BaseModel):
    """A media item. `url` is its path in this API and a valid `cover_image` of a post."""

    id: str
    url: str


class UploadForm(BaseModel):
    """The upload of an image: a multipart form with these fields, then the file as `file`."""

    url: str
    fields: dict[str, str]


class MediaUpload(BaseModel):
    """An announced media item, and the form that uploads its image."""

    media: MediaReference
    upload: UploadForm


class ImageUse(BaseModel):
    """A post that uses an image, in its text or as its cover."""

    id: str
    title: str


_PIXELS = "In pixels, of the largest file; null until the image is ready"


class OwnMedia(MediaReference):
    """A media item as its owner sees it.

    It is `pending` until the upload has been inspected, then `ready`, or `refused` for a `reason`.
    """

    status: Status
    reason: Annotated[str | None, Field(description="Why the upload is refused")]
    content_type: Annotated[str, Field(description="Of the files; until ready, of the upload")]
    width: Annotated[int | None, Field(description=_PIXELS)]
    height: Annotated[int | None, Field(description=_PIXELS)]
    color: Annotated[str | None, Field(description="The average color, to show until it loads")]
    widths: Annotated[list[int], Field(description="Of the stored files, the smallest first")]
    bytes: Annotated[int, Field(description="Of all files together")]
    created_at: Timestamp
    post_count: Annotated[
        int, Field(description="How many of your posts use it; at most 1,000 are counted")
    ]
    posts: Annotated[
        list[ImageUse], Field(description="Some of them: 100, or five in the list of images")
    ]

    @classmethod
    def of(cls, media_item: MediaItem, post_count: int, posts: list[ImageUse]) -> Self:
        """Build the response from a media item, and the posts that use it or some of them."""
        return cls(
            id=media_item.id,
            url=media_path(media_item.id),
            status=media_item.status,
            reason=media_item.reason,
            content_type=media_item.stored_type,
            width=media_item.width,
            height=media_item.height,
            color=media_item.color,
            widths=media_item.widths,
            bytes=media_item.bytes,
            created_at=media_item.created_at,
            post_count=post_count,
            posts=posts,
        )


class OwnMediaPage(BaseModel):
    """A page of the caller's images, and the space that all of them take."""

    items: list[OwnMedia]
    next_cursor: str | None
    used_bytes: int
    quota_bytes: int
