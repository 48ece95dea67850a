"""Small images for tests, and an inspection that rewrites each of them once."""

import shutil
import struct
import zlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from blog.dynamodb.table import Table
from blog.media.inspection import inspect
from blog.media.model import MediaItem
from blog.media.rewriter import Refused, Rewritten, rewrite
from blog.media.service import QUOTA_BYTES
from blog.s3 import Bucket
from tests.support.handlers import Call, json_body
from tests.support.samples import ALICE


def png(width: int, height: int, color: bytes = b"\x33\x66\x99") -> bytes:
    """Return a PNG image of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + color * width) * height, 0 if width * height < 10 else 9)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


PNG = png(2, 1)  # 75 bytes, as the sample event announces


@cache
def _once(content: bytes, content_type: str) -> tuple[Rewritten | Refused, Path]:
    folder = Path(mkdtemp())
    source, target = folder / "upload", folder / "files"
    source.write_bytes(content)
    target.mkdir()
    return rewrite(source, target, content_type), target


def rewrite_once(upload: Path, folder: Path, content_type: str) -> Rewritten | Refused:
    """Rewrite an upload, or copy what an equal one has become: a new process takes long."""
    result, files = _once(upload.read_bytes(), content_type)
    shutil.copytree(files, folder, dirs_exist_ok=True)
    return result


def announced(call: Call, sub: str = ALICE, content_type: str = "image/png") -> tuple[str, str]:
    """Announce an image; return its id and the key of its upload."""
    body = {"content_type": content_type, "size": 75}
    created = json_body(call("media-create", sub=sub, body=body))
    return created["media"]["id"], created["upload"]["fields"]["key"]


def make_ready(table: Table, bucket: Bucket, key: str, content: bytes) -> MediaItem:
    """Upload an announced image and inspect it."""
    bucket._client.put_object(Bucket=bucket._name, Key=key, Body=content)
    media_item = inspect(table, bucket, key, QUOTA_BYTES)
    assert media_item is not None
    assert media_item.status == "ready", media_item.reason
    return media_item


def new_image(
    call: Call, table: Table, bucket: Bucket, sub: str = ALICE, content: bytes | None = None
) -> str:
    """Return the id of a new image, 1,200 by 600 pixels large."""
    media_id, key = announced(call, sub)
    make_ready(table, bucket, key, content or png(1200, 600))
    return media_id
