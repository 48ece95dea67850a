"""Media items in requests and responses."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from blog.media.image_types import MAX_BYTES, ContentType
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
