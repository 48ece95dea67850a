"""The functions' settings, validated once at the cold start."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

MediaBucket = Annotated[str, Field(alias="MEDIA_BUCKET", min_length=3)]
AuthorIdKey = Annotated[str, Field(alias="AUTHOR_ID_KEY", min_length=32)]


class TableSettings(BaseModel):
    """What every function needs that uses the table. Variables of the environment in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    table_name: str = Field(alias="TABLE_NAME", min_length=3)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read and validate; a ValueError names each variable that is missing or odd."""
        try:
            names = (field.alias or name for name, field in cls.model_fields.items())
            return cls.model_validate(
                {name: environment[name] for name in names if name in environment}
            )
        except ValidationError as e:
            faults = (f"{fault['loc'][0]}: {fault['msg']}" for fault in e.errors())
            raise ValueError("the environment is not usable: " + "; ".join(faults)) from None


class BlogSettings(TableSettings):
    """Also what reading the feed and answering browsers needs."""

    feed_shards: int = Field(default=1, alias="FEED_SHARDS", ge=1, le=100)
    allowed_origin: str = Field(alias="ALLOWED_ORIGIN", min_length=1)


class SiteSettings(BlogSettings):
    """Also the site's address, for what names it: feeds and sitemaps. Without a final slash."""

    site_url: str = Field(alias="SITE_URL", pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$")


class PublicSettings(SiteSettings):
    """Also where media lie; with `media_url`, a CDN is in front of them. No final slash there."""

    media_bucket: MediaBucket
    media_url: str = Field(default="", alias="MEDIA_URL", pattern=r"^(https?://\S*[^\s/])?$")


class AuthorSettings(BlogSettings):
    """Also the key under which author ids are made: for functions that write for a person."""

    author_id_key: AuthorIdKey


class CommentSettings(AuthorSettings):
    """Also how many comments a person may write in an hour."""

    comments_per_hour: int = Field(default=60, alias="COMMENTS_PER_HOUR", ge=1)


class MediaSettings(AuthorSettings):
    """Also the bucket, for functions that sign addresses in it for a person."""

    media_bucket: MediaBucket


class BucketSettings(TableSettings):
    """Also the bucket, for functions that answer nobody."""

    media_bucket: MediaBucket


class AdminSettings(BucketSettings):
    """Also the key of author ids, for an operator, who names people by their sub."""

    author_id_key: AuthorIdKey
