"""The blog's private S3 bucket of uploads, media and exports.

Errors of botocore become Unavailable if S3 is not available, and None if the object does not exist.
Other errors are bugs and pass through.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from blog.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS_TO_UPLOAD = 600
SECONDS_TO_DOWNLOAD = 900
MAX_KEYS = 1000  # that one call lists or deletes
# A stored image never changes. A shared cache asks again after an hour, so that an image that was
# removed does not stay in it for a year.
CACHE_CONTROL = "public, max-age=31536000, s-maxage=3600, immutable"
_ABSENT = frozenset({"NoSuchKey", "404"})
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
    signature_version="s3v4",
)


def upload_object_key(author_id: str, media_id: str) -> str:
    """Return the key of an upload before its inspection. Uploads left there expire."""
    return f"uploads/{author_id}/{media_id}"


def media_object_key(author_id: str, media_id: str, file: str = "") -> str:
    """Return the key of a file of an image, which may be served.

    Before images were rewritten, each was one file without a name.
    """
    return f"media/{author_id}/{media_id}" + (f"/{file}" if file else "")


def export_object_key(author_id: str, export_id: str) -> str:
    """Return the key of an export, which expires."""
    return f"exports/{author_id}/{export_id}.zip"


def folders_of(author_id: str) -> list[str]:
    """Return the key prefixes of a user's objects."""
    return [f"{folder}/{author_id}/" for folder in ("uploads", "media", "exports")]


class Bucket:
    """The blog's bucket. Its client is created at first use, because that is slow."""

    def __init__(self, name: str, client: "S3Client | None" = None) -> None:
        self._name = name
        self._provided_client = client

    @cached_property
    def _client(self) -> "S3Client":
        if self._provided_client is not None:
            return self._provided_client
        client = boto3.client("s3", config=_CONFIG)
        if ".amazonaws.com" in client.meta.endpoint_url:
            # By default, presigned addresses name the global endpoint. It redirects browsers to the
            # bucket's regional endpoint, where the signature is not valid.
            virtual = Config(
                s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
            )
            client = boto3.client("s3", config=_CONFIG.merge(virtual))
        return client

    def presigned_upload(self, key: str, content_type: str, size: int) -> dict[str, Any]:
        """Return the `url` and `fields` of a form that uploads one object.

        The form accepts this content type and this exact size in bytes, for ten minutes.
        """
        return self._client.generate_presigned_post(
            self._name,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=SECONDS_TO_UPLOAD,
        )

    def presigned_download(self, key: str, method: str = "GET") -> str:
        """Return an address that serves an object to this method for 15 minutes."""
        operation = "head_object" if method == "HEAD" else "get_object"
        target = {"Bucket": self._name, "Key": key}
        return self._client.generate_presigned_url(operation, target, ExpiresIn=SECONDS_TO_DOWNLOAD)

    def download(self, key: str, most: int) -> bytes | None:
        """Return at most `most` first bytes of an object; None if it does not exist."""
        response = self._call("get_object", Key=key, Range=f"bytes=0-{most - 1}")
        if response is None:
            return None
        with _raise_unavailable():
            content: bytes = response["Body"].read()
        return content

    def put_image(self, key: str, content: bytes, content_type: str) -> None:
        """Store a file of an image, which browsers may keep for a year."""
        self._call(
            "put_object",
            Key=key,
            Body=content,
            ContentType=content_type,
            CacheControl=CACHE_CONTROL,
        )

    def copy(self, source: str, target: str, *, content_type: str) -> bool:
        """Copy an object if it exists; return whether it did."""
        response = self._call(
            "copy_object",
            Key=target,
            CopySource={"Bucket": self._name, "Key": source},
            MetadataDirective="REPLACE",
            ContentType=content_type,
            CacheControl=CACHE_CONTROL,
        )
        return response is not None

    def delete(self, keys: Sequence[str]) -> None:
        """Delete at most 1,000 objects. Missing objects count as deleted."""
        if keys:
            objects = [{"Key": key} for key in keys]
            response = self._call("delete_objects", Delete={"Objects": objects, "Quiet": True})
            if response is None or response.get("Errors"):
                raise Unavailable

    def delete_all_under(self, prefix: str) -> None:
        """Delete every object whose key begins with the prefix."""
        while keys := self.keys_under(prefix):
            self.delete(keys)

    def keys_under(self, prefix: str) -> list[str]:
        """Return the first 1,000 keys that begin with the prefix."""
        response = self._call("list_objects_v2", Prefix=prefix, MaxKeys=MAX_KEYS)
        return [entry["Key"] for entry in (response or {}).get("Contents", [])]

    def chunks(self, key: str, size: int) -> Iterator[bytes] | None:
        """Return an object's content in chunks of `size` bytes; None if it does not exist."""
        response = self._call("get_object", Key=key)
        return None if response is None else response["Body"].iter_chunks(size)

    def upload(self, file: BinaryIO, key: str, content_type: str) -> None:
        """Store a file of any size, in parallel parts if it is large."""
        extra = {"ContentType": content_type}
        with _raise_unavailable():
            self._client.upload_fileobj(file, self._name, key, ExtraArgs=extra)

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """Return the response; None if the object does not exist."""
        try:
            with _raise_unavailable():
                response: dict[str, Any] = getattr(self._client, operation)(
                    Bucket=self._name, **parameters
                )
        except ClientError as e:
            if e.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        return response


@contextmanager
def _raise_unavailable() -> Iterator[None]:
    """Turn the errors that botocore raises when S3 is not available into Unavailable."""
    try:
        yield
    except ClientError as e:
        status = e.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        if status >= 500 or e.response["Error"]["Code"] == "SlowDown":
            raise Unavailable from e
        raise
    except (NotConnected, HTTPClientError) as e:
        raise Unavailable from e
