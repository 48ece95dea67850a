"""Media items as stored: announced uploads, and inspected images."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp
from blog.dynamodb.actions import Action, Item
from blog.dynamodb.keys import media_key
from blog.errors import FieldError, Unprocessable


class MediaItem(BaseModel):
    """A media item as stored. `owner` is the `sub`.

    It is `pending` until its upload has been inspected, and then `ready`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    owner: str
    author_id: str
    content_type: str
    size: int
    status: Literal["pending", "ready"] = "pending"
    created_at: Timestamp
    expires_at: int | None = None

    @classmethod
    def of(cls, item: dict[str, Any]) -> Self:
        """Build the media item from a stored item."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """Return the item to store."""
        return self.model_dump(exclude_none=True)


def require_owned_image(owner: str, media_id: str) -> Action:
    """Build the check that an image is ready and was uploaded by this user.

    Refused with Unprocessable for the field `cover_image`.
    """
    return Action(
        media_key(media_id),
        condition="#owner = :owner AND #status = :ready",
        values={"owner": owner, "ready": "ready"},
        is_check=True,
        refused=_not_owned,
    )


def _not_owned(_: Item | None) -> Unprocessable:
    text = "Names no image of yours that is uploaded and ready"
    return Unprocessable([FieldError("cover_image", text)])
