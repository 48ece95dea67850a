"""The functions' settings, read from the environment and validated once at the cold start."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

MediaBucket = Annotated[str, Field(alias="MEDIA_BUCKET", min_length=3)]
SiteUrl = Annotated[
    str, Field(alias="SITE_URL", pattern=r"^https?://[^\s/?#]+(/[^\s?#]*[^\s/?#])?$")
]
# As the template's parameters have them. An empty variable counts as not set.
DEFAULT_SITE_NAME, DEFAULT_SITE_LANGUAGE, DEFAULT_SITE_LOGO = "Serverless blog", "en", "/icon.svg"
DEFAULT_SITE_ACCENT = "#0b6b62"
SiteName = Annotated[
    str,
    BeforeValidator(lambda text: text or DEFAULT_SITE_NAME),
    Field(default=DEFAULT_SITE_NAME, alias="SITE_NAME"),
]
SiteLanguage = Annotated[
    str,
    BeforeValidator(lambda text: text or DEFAULT_SITE_LANGUAGE),
    Field(
        default=DEFAULT_SITE_LANGUAGE,
        alias="SITE_LANGUAGE",
        pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$",
    ),
]
SiteLogo = Annotated[
    str,
    BeforeValidator(lambda text: text or DEFAULT_SITE_LOGO),
    Field(default=DEFAULT_SITE_LOGO, alias="SITE_LOGO", pattern=r"^(/|https://)\S+$"),
]
SiteAccent = Annotated[
    str,
    BeforeValidator(lambda text: text or DEFAULT_SITE_ACCENT),
    Field(default=DEFAULT_SITE_ACCENT, alias="SITE_ACCENT", pattern=r"^#[0-9A-Fa-f]{6}$"),
]
# How long pages use the names of the app's files before they look for new ones.
IndexSeconds = Annotated[
    float,
    BeforeValidator(lambda text: text or 60),
    Field(default=60, alias="SITE_INDEX_SECONDS", ge=0, le=3600),
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


class Site(NamedTuple):
    """The site as pages and feeds describe it. `url` has no final slash, `language` is of BCP 47.

    `logo` is a path of the site or a full address. Pages alone have the other two: `accent` is a
    color such as #0b6b62, and `contact` an address for security researchers (RFC 9116), or empty.
    """

    url: str
    name: str
    description: str
    language: str
    logo: str
    accent: str = DEFAULT_SITE_ACCENT
    contact: str = ""

    def absolute(self, address: str) -> str:
        """Return the full address of a path of this site, or a full address as it is."""
        return self.url + address if address.startswith("/") else address


class SiteSettings(BlogSettings):
    """Adds the site's address, without a final slash, and what feeds say about it."""

    site_url: SiteUrl
    site_name: SiteName
    site_description: str = Field(default="", alias="SITE_DESCRIPTION")
    site_language: SiteLanguage
    site_logo: SiteLogo

    @property
    def site(self) -> Site:
        """Return the site as feeds describe it."""
        return Site(
            url=self.site_url,
            name=self.site_name,
            description=self.site_description,
            language=self.site_language,
            logo=self.site_logo,
        )


class PagesSettings(SiteSettings):
    """Adds what pages say of the site, and the bucket of the app's index, if there is one."""

    site_accent: SiteAccent
    site_contact: str = Field(default="", alias="SITE_CONTACT")
    site_bucket: str = Field(default="", alias="SITE_BUCKET")
    index_seconds: IndexSeconds

    @property
    def site(self) -> Site:
        """Return the site as pages describe it."""
        return super().site._replace(accent=self.site_accent, contact=self.site_contact)


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
    """Adds the site's address and name, because no user may take them as a name."""

    site_url: SiteUrl
    site_name: SiteName


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
