"""Media items in requests and responses."""

from typing import Annotated

from pydantic import BaseModel, Field

from blog.media.image_types import MAX_BYTES, ContentType
from blog.schemas import RequestBody


class NewMedia(RequestBody):
    """A picture that is to be uploaded."""

    content_type: ContentType
    size: Annotated[int, Field(ge=1, le=MAX_BYTES, description="In bytes, exactly")]


class MediaReference(BaseModel):
    """A picture; `url` is its path in this API, and what a post's `cover_image` takes."""

    id: str
    url: str


class UploadForm(BaseModel):
    """Where to send a picture: a multipart form with these fields and then the file, `file`."""

    url: str
    fields: dict[str, str]


class MediaUpload(BaseModel):
    """An announced picture, and how to upload it."""

    media: MediaReference
    upload: UploadForm
