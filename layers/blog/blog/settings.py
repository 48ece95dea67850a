"""The functions' settings, read from the environment and validated once at the cold start."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

MediaBucket = Annotated[str, Field(alias="MEDIA_BUCKET", min_length=3)]
SiteUrl = Annotated[
    str, Field(alias="SITE_URL", pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$")
]
AuthorIdKey = Annotated[str, Field(alias="AUTHOR_ID_KEY", min_length=32)]
TextForm = Literal["plain", "compressed"]  # as in posts/stored_text.py, which few functions import


def _megabytes(number: int) -> int:
    return number * 1_000_000


# How many bytes the images of a user may take. The variable has megabytes.
ImageQuota = Annotated[
    int,
    Field(default=_megabytes(1000), alias="IMAGE_QUOTA_MB", ge=1, le=1_000_000),
    AfterValidator(_megabytes),
]


class TableSettings(BaseModel):
    """The settings of every function that uses the table. Aliases name environment variables."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=3)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read and validate the environment.

        Raises ValueError, which names each variable that is missing or invalid.
        """
        try:
            names = (field.alias or name for name, field in cls.model_fields.items())
            return cls.model_validate(
                {name: environment[name] for name in names if name in environment}
            )
        except ValidationError as e:
            problems = (f"{error['loc'][0]}: {error['msg']}" for error in e.errors())
            raise ValueError("invalid environment: " + "; ".join(problems)) from None


class BlogSettings(TableSettings):
    """Adds the feed's shards and the origin that browsers may call from."""

    feed_shards: int = Field(default=1, alias="FEED_SHARDS", ge=1, le=100)
    allowed_origin: str = Field(alias="ALLOWED_ORIGIN", min_length=1)


class SiteSettings(BlogSettings):
    """Adds the site's address, without a final slash, for feeds and sitemaps."""

    site_url: SiteUrl


class PublicSettings(SiteSettings):
    """Adds the media bucket, and the address of a CDN in front of it, without a final slash."""

    media_bucket: MediaBucket
    media_url: str = Field(default="", alias="MEDIA_URL", pattern=r"^(https?://\S*[^\s/])?$")


class AuthorSettings(BlogSettings):
    """Adds the key of author ids, for functions that write for a user."""

    author_id_key: AuthorIdKey


class PostSettings(AuthorSettings):
    """Adds the form in which posts and revisions store their texts."""

    text_form: TextForm = Field(default="compressed", alias="STORED_TEXT")


class BucketAuthorSettings(AuthorSettings):
    """Adds the media bucket, for functions that use it for a user."""

    media_bucket: MediaBucket


class MediaSettings(BucketAuthorSettings):
    """Adds the space for a user's images."""

    image_quota_bytes: ImageQuota


class AccountSettings(BucketAuthorSettings):
    """Adds the site's address, because no name may be the site's."""

    site_url: SiteUrl


class BucketSettings(TableSettings):
    """Adds the media bucket, for functions that serve no requests."""

    media_bucket: MediaBucket


class InspectorSettings(BucketSettings):
    """Adds the space for a user's images."""

    image_quota_bytes: ImageQuota


class AdminSettings(BucketSettings):
    """Adds the key of author ids, for operators, who name users by their sub, and the text's form.

    Without the form, a migration keeps the one that each post has.
    """

    author_id_key: AuthorIdKey
    text_form: TextForm | None = Field(default=None, alias="STORED_TEXT")
