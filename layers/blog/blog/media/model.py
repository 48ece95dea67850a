"""A picture as it is stored: announced, or looked at and ready to be shown."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from blog.clock import Timestamp
from blog.dynamodb.actions import Action
from blog.dynamodb.keys import media_key


class MediaItem(BaseModel):
    """A picture as it is stored, or one that is still to be uploaded. `owner` is the raw sub."""

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
        """From an item of the table."""
        return cls.model_validate(item)

    def item(self) -> dict[str, Any]:
        """For the table."""
        return self.model_dump(exclude_none=True)


def require_owned_image(owner: str, media_id: str) -> Action:
    """That a picture is there to be shown and was uploaded by this person."""
    return Action(
        media_key(media_id),
        condition="#owner = :owner AND #status = :ready",
        values={"owner": owner, "ready": "ready"},
        is_check=True,
    )
