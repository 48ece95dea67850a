"""S3, as far as the blog needs it: one private bucket of uploads, media and exports.

What botocore raises becomes Unavailable here where a part is away, and None where there is no such
object. Anything else is a bug and passes through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from blog.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS_TO_UPLOAD = 600
SECONDS_TO_DOWNLOAD = 900
MAX_KEYS = 1000  # that S3 lists, and deletes, at once
# What lies under an address never changes.
CACHE_CONTROL = "public, max-age=3600"
_ABSENT = frozenset({"NoSuchKey", "404", "PreconditionFailed"})
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
    signature_version="s3v4",
)


def upload_object_key(author_id: str, media_id: str) -> str:
    """Where an upload waits to be looked at; what is left there expires."""
    return f"uploads/{author_id}/{media_id}"


def media_object_key(author_id: str, media_id: str) -> str:
    """Where a picture lies that may be shown."""
    return f"media/{author_id}/{media_id}"


def export_object_key(author_id: str, export_id: str) -> str:
    """Where an export waits to be fetched, until it expires."""
    return f"exports/{author_id}/{export_id}.zip"


def folders_of(author_id: str) -> list[str]:
    """How the keys of all begin that is somebody's."""
    return [f"{folder}/{author_id}/" for folder in ("uploads", "media", "exports")]


class Beginning(NamedTuple):
    """How an object begins, and the entity tag that it had then."""

    data: bytes
    entity_tag: str


class Bucket:
    """The blog's one bucket. Its client is made at first use, because that takes a while."""

    def __init__(self, name: str, client: "S3Client | None" = None) -> None:
        self._name = name
        self._given = client

    @cached_property
    def _client(self) -> "S3Client":
        if self._given is not None:
            return self._given
        client = boto3.client("s3", config=_CONFIG)
        if ".amazonaws.com" in client.meta.endpoint_url:
            # Else presigned addresses would name the endpoint of all regions, which sends browsers
            # on to the bucket's own, where their signature does not hold.
            virtual = Config(
                s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
            )
            client = boto3.client("s3", config=_CONFIG.merge(virtual))
        return client

    def presigned_upload(self, key: str, content_type: str, size: int) -> dict[str, Any]:
        """A form, with its `url` and `fields`, that uploads one object of this type and of this
        size in bytes, within ten minutes."""
        return self._client.generate_presigned_post(
            self._name,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=SECONDS_TO_UPLOAD,
        )

    def presigned_download(self, key: str, method: str = "GET") -> str:
        """An address that an object is fetched from by this method, for a quarter of an hour."""
        operation = "head_object" if method == "HEAD" else "get_object"
        where = {"Bucket": self._name, "Key": key}
        return self._client.generate_presigned_url(operation, where, ExpiresIn=SECONDS_TO_DOWNLOAD)

    def beginning(self, key: str, count: int) -> Beginning | None:
        """The first bytes of an object, at most so many; None where there is none."""
        answer = self._call("get_object", Key=key, Range=f"bytes=0-{count - 1}")
        return None if answer is None else Beginning(answer["Body"].read(), answer["ETag"])

    def copy(
        self, source: str, target: str, *, content_type: str, entity_tag: str | None = None
    ) -> bool:
        """Copy an object, if it is there, and is still that one; whether it was."""
        condition = {} if entity_tag is None else {"CopySourceIfMatch": entity_tag}
        answer = self._call(
            "copy_object",
            Key=target,
            CopySource={"Bucket": self._name, "Key": source},
            MetadataDirective="REPLACE",
            ContentType=content_type,
            CacheControl=CACHE_CONTROL,
            **condition,
        )
        return answer is not None

    def delete(self, keys: Sequence[str]) -> None:
        """Delete at most a thousand objects; those that are not there are none the less deleted."""
        if keys:
            objects = [{"Key": key} for key in keys]
            answer = self._call("delete_objects", Delete={"Objects": objects, "Quiet": True})
            if answer is None or answer.get("Errors"):
                raise Unavailable

    def delete_all_under(self, prefix: str) -> None:
        """Delete every object whose key begins so."""
        while keys := self.keys_under(prefix):
            self.delete(keys)

    def keys_under(self, prefix: str) -> list[str]:
        """The first thousand keys that begin so."""
        answer = self._call("list_objects_v2", Prefix=prefix, MaxKeys=MAX_KEYS)
        return [one["Key"] for one in (answer or {}).get("Contents", [])]

    def chunks(self, key: str, size: int) -> Iterator[bytes] | None:
        """An object's content, so many bytes at a time; None where there is none."""
        answer = self._call("get_object", Key=key)
        return None if answer is None else answer["Body"].iter_chunks(size)

    def upload(self, file: BinaryIO, key: str, content_type: str) -> None:
        """Store a file, however large: in parts, side by side."""
        extra = {"ContentType": content_type}
        with _explained():
            self._client.upload_fileobj(file, self._name, key, ExtraArgs=extra)

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """The answer; None where there is no such object, or not that one any more."""
        try:
            with _explained():
                answer: dict[str, Any] = getattr(self._client, operation)(
                    Bucket=self._name, **parameters
                )
        except ClientError as e:
            if e.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return answer


@contextmanager
def _explained() -> Iterator[None]:
    """Raise Unavailable for what botocore raises where S3 is away."""
    try:
        yield
    except ClientError as e:
        status = e.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        if status >= 500 or e.response["Error"]["Code"] == "SlowDown":
            raise Unavailable from e
        raise
    except (NotConnected, HTTPClientError) as e:
        raise Unavailable from e
